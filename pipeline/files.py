"""The only module that writes files: each is there whole, or not at all."""

import csv
import fcntl
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import PipelineError


def write_bytes(path: Path, content: bytes) -> None:
    """Replaces the file by the content: a reader sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync(path.parent)


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_array(path: Path, array: np.ndarray) -> None:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    write_bytes(path, buffer.getvalue())


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Arrays by name in one compressed .npz file."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_bytes(path, buffer.getvalue())


def new_array(path: Path, shape: tuple[int, ...], dtype: npt.DTypeLike) -> np.ndarray:
    """A .npy file mapped into memory, to be filled: for arrays larger than memory."""
    return np.lib.format.open_memmap(path, "w+", np.dtype(dtype), shape)


class GrowingRows:
    """Rows that come block by block and are kept in a file, not in memory.

    Args:
        path: a file to be made; it is raw bytes, of use to this object alone.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.count = path, 0
        self.dtype: np.dtype[np.uint8 | np.float32] = np.dtype(np.uint8)
        path.write_bytes(b"")

    def add(self, rows: np.ndarray) -> None:
        """(n, columns) uint8, or float32, after which all of them are float32."""
        if rows.dtype != self.dtype and self.dtype == np.uint8 and len(rows):
            self._become_floats(rows.shape[1])
        with open(self.path, "ab") as file:
            file.write(np.ascontiguousarray(rows, self.dtype).data)
        self.count += len(rows)

    def array(self, columns: int) -> np.ndarray:
        """All rows, (n, columns), mapped into memory."""
        if not self.count * columns:
            return np.zeros((self.count, columns), self.dtype)
        return np.memmap(self.path, self.dtype, "r", shape=(self.count, columns))

    def _become_floats(self, columns: int) -> None:
        before, count = self.array(columns), self.count
        self.path.unlink()  # the rows stay mapped while they are copied
        self.dtype, self.count = np.dtype(np.float32), 0
        for start in range(0, count, 1024):
            self.add(before[start : start + 1024])


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A CSV as graders like it: comma, LF, quotes only where a cell needs them."""
    write_text(path, csv_text(header, rows))


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which takes its name when the block ends well and is gone otherwise.

    Until then its name starts with a dot, so that nobody takes a half-filled folder for a whole
    one. A folder of that name is replaced. What a killed process has left is put right by the next
    one that makes the same folder: call it under the folder's lock.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished, old = (path.parent / f".{path.name}.{end}" for end in ("tmp", "old"))
    _settle(path, old)
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir()
    try:
        yield unfinished
        if path.exists():
            os.rename(path, old)
        os.rename(unfinished, path)
        sync(path.parent)
    finally:
        _settle(path, old)
        shutil.rmtree(unfinished, ignore_errors=True)


def _settle(path: Path, old: Path) -> None:
    """Ends a replacement: the old folder goes, or comes back where no new one took its place."""
    if old.exists():
        if path.exists():
            shutil.rmtree(old)
        else:
            os.rename(old, path)


@contextmanager
def lock(path: Path, wait: bool = False) -> Iterator[None]:
    """Holds the folder for this process, so that two never make the same one at once.

    Args:
        wait: until another process that holds it has done.

    Raises:
        PipelineError: another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.parent / f".{path.name}.lock"
    with open(file, "a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise PipelineError(
                f"Another process is making {path}. Wait until it ends, or stop it."
            ) from None
        yield


def remove_folder(path: Path) -> None:
    shutil.rmtree(path)


def touch(path: Path) -> None:
    """Sets a file's or folder's time to now."""
    os.utime(path)


def sync(path: Path) -> None:
    """Brings what was written of a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    """The file's SHA-256 as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
