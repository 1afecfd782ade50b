"""Atomic writes: with `large_arrays`, the only module that writes the content of files."""

import ctypes
import errno
import io
import json
import math
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from filelock import FileLock, Timeout

from pipeline.errors import PipelineError

LOCKS = ".locks"  # folder of lock files
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
ZEROS = bytes(1 << 20)
CLEANING = 1.0  # seconds that another process may hold a lock to remove unfinished files


class WriteError(PipelineError):
    """A file or folder cannot be written.

    Attributes:
        reason: what the system says, such as "No space left on device".
        is_limit: whether the user's limit on the size of files is the reason.
    """

    def __init__(self, path: Path, error: OSError, size: int = 0) -> None:
        self.reason = error.strerror or str(error)
        if isinstance(error, FileExistsError):
            self.reason = "a folder of its path is a file or a broken link"
        self.is_limit = error.errno == errno.EFBIG
        full = error.errno in FULL
        remedy = (
            "Free some space, or use another folder." if full else "Use another file or folder."
        )
        if self.is_limit:
            remedy = "Raise the limit on the size of files (ulimit -f)."
        super().__init__(
            f"it cannot be written: {self.reason}",
            where=path,
            expected=f"{math.ceil(max(size, 1) / 1e5) / 10:,} MB of free space" if full else None,
            remedy=remedy,
        )


class LockedError(PipelineError):
    """Another process holds a lock."""


def write_bytes(path: Path, content: bytes) -> None:
    """Replaces the file. A reader sees the old content or the new one, never a part of it.

    A link is kept, and the file that it points to is replaced. Its permissions stay. A device or a
    pipe, such as /dev/stdout, is written to.

    Raises:
        WriteError: it cannot be written. The old content stays.
    """
    write_parts(path, (content,), len(content))


def write_parts(path: Path, parts: Iterable[bytes], size: int = 0) -> None:
    """Replaces the file as `write_bytes` does, with content that need not fit into memory.

    Args:
        size: bytes of all parts, for the message if there is no space.
    """
    with write_errors(path, size):
        if path.exists() and not path.is_file():
            path.write_bytes(b"".join(parts))
            return
        path = _target(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_unfinished(path)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
        try:
            with open(temporary, "xb") as file:
                with suppress(FileNotFoundError):
                    os.chmod(temporary, path.stat().st_mode & 0o777)
                for part in parts:
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync(path.parent)


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_array(path: Path, array: np.ndarray) -> None:
    write_bytes(path, array_bytes(array))


def array_bytes(array: np.ndarray) -> bytes:
    """The content of a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def arrays_bytes(arrays: Mapping[str, np.ndarray], compress: bool = True) -> bytes:
    """The content of a .npz file: arrays by name."""
    buffer = io.BytesIO()
    save = np.savez_compressed if compress else np.savez
    save(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def append_lines(path: Path, lines: bytes) -> None:
    """Appends to a file of lines, and flushes them to the disk: all of them or none.

    An incomplete last line, left by a killed process, is removed first. Hold a lock.

    Raises:
        WriteError: they cannot be written.
    """
    with write_errors(path, len(lines)), open(path, "rb+", buffering=0) as file:
        end, left = _end_of_lines(file), memoryview(lines)
        try:
            file.truncate(end)
            file.seek(end)
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise


def _end_of_lines(file: BinaryIO) -> int:
    """Where the last whole line ends."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 1, 0))
    if file.read(1) in (b"", b"\n"):
        return size
    file.seek(0)
    return file.read().rfind(b"\n") + 1


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Fills a temporary folder, and renames it on success or removes it on failure.

    The temporary name starts with a dot. An existing folder is replaced, in one step on Linux. A
    link is kept, and the folder that it points to is replaced. The next call removes unfinished
    folders of killed processes that have a lock. Hold the lock of the path.
    """
    path = _target(path)
    unfinished, old = (path.parent / f".{path.name}.{end}" for end in ("tmp", "old"))
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _finish_replacement(path, old)
        if unfinished.exists():
            shutil.rmtree(unfinished)
        _remove_unlocked(path.parent)
        unfinished.mkdir()
    try:
        yield unfinished
        with write_errors(path):
            if not path.exists() or not _exchange(unfinished, path):
                if path.exists():
                    os.rename(path, old)
                os.rename(unfinished, path)
            sync(path.parent)
    finally:
        with write_errors(path):
            _finish_replacement(path, old)
        shutil.rmtree(unfinished, ignore_errors=True)


def _remove_unlocked(parent: Path) -> None:
    """Removes unfinished folders that no process is filling."""
    for left in parent.glob(".*.tmp"):
        held = FileLock(parent / LOCKS / f"{left.name[1:-4]}.lock", blocking=False)
        if left.is_dir() and Path(held.lock_file).exists():
            with suppress(OSError), held:  # a timeout is one too
                shutil.rmtree(left, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchanges two folders in one step; False where the system cannot.

    In two steps there would be a moment without the old folder and the new one.
    """
    try:
        rename = ctypes.CDLL(None).renameat2  # Linux
    except (AttributeError, OSError):
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return bool(rename(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0)


def _finish_replacement(path: Path, old: Path) -> None:
    """Removes the old folder, or restores it if no new one exists."""
    if old.exists():
        if path.exists():
            shutil.rmtree(old)
        else:
            os.rename(old, path)


@contextmanager
def lock(
    path: Path, wait: bool = False, found: str = "another process is writing it"
) -> Iterator[None]:
    """Holds a lock on the path, so that two processes never write it at the same time.

    Args:
        wait: whether to wait until another process releases it.
        found: the message if another process holds it.

    Raises:
        LockedError: another process holds it.
        WriteError: it cannot be made.
    """
    folder = path.parent / LOCKS
    held = FileLock(folder / f"{path.name}.lock", timeout=-1 if wait else CLEANING)
    with write_errors(path):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            held.acquire()
        except Timeout:
            raise LockedError(found, where=path, remedy="Wait until it ends, or stop it.") from None
    try:
        yield
    finally:
        held.release()


def supports_locks(folder: Path) -> bool:
    """Whether a lock in the folder keeps others out, which some network drives do not do."""
    path = folder / "probe"
    try:
        with lock(path), lock(path):
            return False
    except (NotImplementedError, WriteError):  # by this file system
        return False
    except LockedError:
        return True


def remove_folder(path: Path) -> None:
    """Removes a folder with all that is in it.

    Raises:
        WriteError: something in it cannot be removed.
    """
    with write_errors(path):
        shutil.rmtree(path)


def check_writable(folder: Path) -> None:
    """Makes a folder if there is none, and checks that files can be written in it.

    Raises:
        WriteError: they cannot.
    """
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()


def check_replaceable(path: Path) -> None:
    """Checks that `write_bytes` could write this file, as far as that is known before.

    Raises:
        WriteError: it could not.
    """
    if path.is_dir():
        raise WriteError(path, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))
    if path.is_file() or not path.exists():  # no device or pipe
        check_writable(_target(path).parent)


@contextmanager
def reserved_space(path: Path, size: int) -> Iterator[None]:
    """In the block, a file keeps this many bytes, so that others do not fill the disk.

    Raises:
        WriteError: there is not enough space.
    """
    try:
        with write_errors(path.parent, size), open(path, "wb") as file:
            reserve(file, size)
        yield
    finally:
        with write_errors(path):
            path.unlink(missing_ok=True)


def touch(path: Path) -> None:
    """Sets the modification time of a file or folder to now."""
    os.utime(path)


def sync(path: Path) -> None:
    """Flushes a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def write_errors(path: Path, size: int = 0) -> Iterator[None]:
    """Turns errors of the system into a WriteError.

    Args:
        size: bytes that are written.
    """
    try:
        yield
    except OSError as error:
        raise WriteError(path, error, size) from None


def reserve(file: BinaryIO, size: int) -> None:
    """Appends zeros, without writing them where the file system can."""
    try:
        os.posix_fallocate(file.fileno(), file.tell(), size)
    except (AttributeError, OSError) as error:  # macOS; file systems that cannot
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        for start in range(0, size, len(ZEROS)):
            file.write(ZEROS[: size - start])


def _remove_unfinished(path: Path) -> None:
    """Removes what killed processes left of this file."""
    unfinished = re.compile(rf"\.{re.escape(path.name)}\.(\d+)\.\w+\.tmp")
    for left in path.parent.iterdir():
        if found := unfinished.fullmatch(left.name):
            import psutil  # rarely needed

            if not psutil.pid_exists(int(found[1])):
                left.unlink(missing_ok=True)


def _target(path: Path) -> Path:
    """What a link points to; else the path itself."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path
