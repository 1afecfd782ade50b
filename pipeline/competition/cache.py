"""A cache of what was read from a competition's files, so that the next command starts quickly.

An entry is valid while the files, and its own, have the same sizes, times and inodes, as in git's
index: changes are noticed if they are made through the file system, not those of a failing disk. A
file written just before it was read could change with the same timestamp, so its entry is not
reused.
"""

import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np

from pipeline.arrays import Pixels, Rows
from pipeline.checksums import signature
from pipeline.errors import PipelineError, printable
from pipeline.files import (
    LOCKS,
    WriteError,
    lock,
    new_folder,
    remove_folder,
    sync,
    touch,
    write_array,
    write_json,
)
from pipeline.machine import hash_of_sources
from pipeline.reading.unpack import file_on_disk

RECORD, ARRAY = "files.json", "array.npy"
# The modules that decide what is cached, inside the package.
CODE = (
    "arrays.py",
    "documents.py",
    "files.py",
    "large_arrays.py",
    "reading/*.py",
    "competition/columns.py",
    "competition/competition.py",
    "competition/folds.py",
    "competition/labels.py",
    "competition/overrides.py",
    "competition/sample.py",
    "competition/schema.py",
    "competition/values.py",
)
# Seconds that a file system may round times to: FAT, the coarsest in use, rounds to two.
TIME_RESOLUTION = 2.0
EXPIRES_AFTER = 30 * 24 * 3600.0  # seconds


def cached_array(
    name: str, fingerprint: str, make: Callable[[Pixels], Rows], pixels: Pixels
) -> Rows:
    """An array that is computed from the pixels once, and then kept in the cache.

    Args:
        name, fingerprint: those of the competition.
        make: computes the array, if it is not in the cache.
        pixels: (n, pixels) of the competition's training rows.
    """

    def write(folder: Path) -> None:
        write_array(folder / ARRAY, make(pixels))

    with cached(name, {}, {make.__name__: fingerprint}, write) as entry:
        array: Rows = np.load(entry / ARRAY)
        return array


@contextmanager
def cached(
    name: str, files: Mapping[str, Path], overrides: Any, read: Callable[[Path], None]
) -> Iterator[Path]:
    """The cache entry: a folder with what was read from the files.

    Without a usable cache the folder is a temporary one, and a note says so.

    Args:
        name: the competition's name, the prefix of the entry.
        files: what is read, by role.
        overrides: what else the result depends on, as JSON values.
        read: reads the files into an empty folder.

    Raises:
        PipelineError: a file changes while it is read, or no folder can be written.
    """
    overrides = json.loads(json.dumps(overrides))
    # Path.resolve raises an error for a link to itself.
    paths = {role: os.path.realpath(path) for role, path in files.items()}
    key = hashlib.sha256(json.dumps([paths, overrides]).encode()).hexdigest()[:16]
    folder = cache_folder() / f"{name}-{key}"
    with ExitStack() as stack:
        try:
            stack.enter_context(lock(folder, wait=True))
            state = {
                "files": _signatures(files),
                "overrides": overrides,
                "code": hash_of_sources(*CODE),
            }
            if not _is_valid(folder, state):
                _remove_expired()
                _fill(folder, files, state, read)
            with suppress(OSError):  # a cache that can be read alone is good enough
                touch(folder)
        except (OSError, WriteError) as error:
            cause = error if isinstance(error, WriteError) else WriteError(folder, error)
            folder = stack.enter_context(_temporary(folder, cause, files, read))
        yield folder


def cache_folder() -> Path:
    """The folder of all entries, by the XDG base directory specification."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pixel-pipeline"


@contextmanager
def _temporary(
    folder: Path, cause: WriteError, files: Mapping[str, Path], read: Callable[[Path], None]
) -> Iterator[Path]:
    """A folder with what was read, for this command alone.

    Its files are removed in the end, and stay mapped where they are in use.

    Args:
        folder, cause: the entry that is unusable, and why.

    Raises:
        PipelineError: there is no usable temporary folder either.
    """
    with ExitStack() as stack:
        try:
            left = TemporaryDirectory(prefix="pixel-pipeline-", ignore_cleanup_errors=True)
            temporary = Path(stack.enter_context(left))
            _read_unchanged(files, _signatures(files), read, temporary)
        except (OSError, WriteError):
            raise PipelineError(
                f"the cache folder is unusable: {cause.reason}",
                where=folder,
                expected=cause.expected,
                remedy=cause.remedy
                if cause.is_limit
                else "Free some space, or set XDG_CACHE_HOME to another folder. TMPDIR was tried "
                "too.",
            ) from None
        if multiprocessing.parent_process() is None:  # workers would say it again
            note = f"the cache folder is unusable: {cause.reason}. Going on without it."
            click.echo(printable(f"Note: {folder}: {note}"), err=True)
        yield temporary


def _fill(
    folder: Path, files: Mapping[str, Path], state: dict[str, Any], read: Callable[[Path], None]
) -> None:
    start = time.time()
    with new_folder(folder) as unfinished:
        _read_unchanged(files, state["files"], read, unfinished)
        stats = [file_on_disk(path).stat() for path in files.values()]
        safe = all(start - max(stat.st_mtime, stat.st_ctime) > TIME_RESOLUTION for stat in stats)
        for path in unfinished.iterdir():
            sync(path)
        content = {"state": state if safe else None, "parts": _parts(unfinished)}
        write_json(unfinished / RECORD, content)


def _read_unchanged(
    files: Mapping[str, Path], signatures: Any, read: Callable[[Path], None], folder: Path
) -> None:
    """Reads the files into the folder. Raises if they have other signatures afterwards."""
    read(folder)
    if _signatures(files) != signatures:
        raise PipelineError(
            "a file changed while it was read",
            where=", ".join(map(str, files.values())),
            remedy="Run the command again when the files are complete.",
        )


def _is_valid(folder: Path, state: dict[str, Any]) -> bool:
    try:
        record = json.loads((folder / RECORD).read_text())
    except (FileNotFoundError, ValueError):
        return False
    return bool(record == {"state": state, "parts": _parts(folder)})


def _parts(folder: Path) -> dict[str, list[int]]:
    """Size, times and inode of each file of an entry: what changed it since then is damage."""
    paths = sorted(folder.iterdir())
    return {path.name: [*signature(path)] for path in paths if path.name != RECORD}


def _signatures(files: Mapping[str, Path]) -> dict[str, list[int] | None]:
    """Size, times and inode of each file, or of its archive; None for a file that is missing."""
    on_disk = {role: file_on_disk(path) for role, path in files.items()}
    return {
        role: [*signature(path)] if os.path.exists(path) else None for role, path in on_disk.items()
    }


def _remove_expired() -> None:
    """Removes expired entries and leftovers of killed processes."""
    for path in cache_folder().iterdir():
        with suppress(FileNotFoundError, WriteError):  # another process uses or removes it
            if path.name == LOCKS or not path.is_dir():
                continue
            if time.time() - path.stat().st_mtime > EXPIRES_AFTER:
                remove_folder(path)
