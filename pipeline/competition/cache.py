"""What was read of a competition's files, kept so that the next command has it at once.

It is kept in a folder that serves while the files are the same by size, times and place on the
disk, as git's index tells changed files. A file that was written only a moment before it was read
could change without a trace; then nothing is reused.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError
from pipeline.files import lock, new_folder, remove_folder, sync, touch, write_json

RECORD = "files.json"
# The modules that decide what is cached, inside the package.
CODE = (
    "arrays.py",
    "files.py",
    "reading/*.py",
    "competition/columns.py",
    "competition/competition.py",
    "competition/labels.py",
    "competition/overrides.py",
    "competition/sample.py",
    "competition/schema.py",
    "competition/values.py",
)
# How coarse the times of a file may be: the coarsest in use (FAT) are of two seconds.
MOMENT = 2.0
FORGET_AFTER = 30 * 24 * 3600.0


@contextmanager
def kept(
    name: str, files: Mapping[str, Path], told: Any, read: Callable[[Path], None]
) -> Iterator[Path]:
    """A folder with what was read of the files: before, or else now.

    Args:
        name: the competition's, for people who look into the cache.
        files: by role; what is read depends on these
        told: and on this, which is of JSON's types.
        read: fills an empty folder with what it reads.

    Raises:
        PipelineError: a file changes while it is read, or the cache cannot be written.
    """
    told = json.loads(json.dumps(told))
    places = {role: str(path.resolve()) for role, path in files.items()}
    key = hashlib.sha256(json.dumps([places, told]).encode()).hexdigest()[:16]
    folder = cache_folder() / f"{name}-{key}"
    try:
        with lock(folder, wait=True):
            state = {"files": _signatures(files), "told": told, "code": _code()}
            if not _serves(folder, state):
                _forget_old()
                _fill(folder, files, state, read)
            touch(folder)
            yield folder
    except OSError as error:
        raise PipelineError(
            f"{folder}, where is kept what was read, cannot be used: {error.strerror or error}. "
            "Free some space, or name another place in XDG_CACHE_HOME."
        ) from None


def cache_folder() -> Path:
    """Where it is kept, by the XDG base directory specification."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pixel-pipeline"


def _fill(
    folder: Path, files: Mapping[str, Path], state: dict[str, Any], read: Callable[[Path], None]
) -> None:
    start = time.time()
    with new_folder(folder) as unfinished:
        read(unfinished)
        if _signatures(files) != state["files"]:
            raise PipelineError(
                f"A file of {', '.join(map(str, files.values()))} has changed while it was read. "
                "Run the command again when it is whole."
            )
        stats = [path.stat() for path in files.values()]
        settled = all(start - max(stat.st_mtime, stat.st_ctime) > MOMENT for stat in stats)
        for path in unfinished.iterdir():
            sync(path)
        sizes = _sizes(unfinished)
        write_json(unfinished / RECORD, {"state": state if settled else None, "sizes": sizes})


def _serves(folder: Path, state: dict[str, Any]) -> bool:
    try:
        record = json.loads((folder / RECORD).read_text())
    except (FileNotFoundError, ValueError):
        return False
    return bool(record == {"state": state, "sizes": _sizes(folder)})


def _sizes(folder: Path) -> dict[str, int]:
    paths = sorted(folder.iterdir())
    return {path.name: path.stat().st_size for path in paths if path.name != RECORD}


def _signatures(files: Mapping[str, Path]) -> dict[str, list[int] | None]:
    """What changes when a file does; None where there is none."""
    return {role: _signature(path) if path.exists() else None for role, path in files.items()}


def _signature(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev]


@cache
def _code() -> str:
    """SHA-256 of the modules in `CODE`: what other code has read is read again."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for pattern in CODE:
        for path in sorted(package.glob(pattern)):
            digest.update(f"{path.relative_to(package)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _forget_old() -> None:
    """Removes what nobody has used for a month, and what killed readings have left."""
    for path in cache_folder().iterdir():
        with suppress(FileNotFoundError):  # another process forgets it too
            if path.is_dir() and time.time() - path.stat().st_mtime > FORGET_AFTER:
                remove_folder(path)
