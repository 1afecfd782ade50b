"""Arrays that may be larger than memory, in files that are mapped into it."""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.files import reserve, write_errors


def new_array(path: Path, shape: tuple[int, ...], dtype: npt.DTypeLike) -> np.ndarray:
    """A new .npy file as a writable memory map, for arrays larger than memory.

    Its space is reserved first: where the disk is full, writing to a map would end the process.

    Raises:
        WriteError: there is not enough space.
    """
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    with write_errors(path, size), open(path, "wb") as file:
        header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        file.flush()
        reserve(file, size)
    return np.lib.format.open_memmap(path, "r+")


class GrowingRows:
    """Appends blocks of rows to a file, which may become larger than memory.

    Args:
        path: a new file. Its content is raw bytes without a header.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.count = path, 0
        self.dtype: np.dtype[np.uint8 | np.float32] = np.dtype(np.uint8)
        with write_errors(path):
            path.write_bytes(b"")

    def add(self, rows: np.ndarray) -> None:
        """Appends rows, (n, columns) uint8 or float32. After float32 rows all are float32."""
        if rows.dtype != self.dtype and self.dtype == np.uint8 and len(rows):
            self._convert_to_float32(rows.shape[1])
        with write_errors(self.path, rows.nbytes), open(self.path, "ab") as file:
            file.write(np.ascontiguousarray(rows, self.dtype).data)
        self.count += len(rows)

    def array(self, columns: int) -> np.ndarray:
        """All rows, (n, columns), as a memory map."""
        if not self.count * columns:
            return np.zeros((self.count, columns), self.dtype)
        return np.memmap(self.path, self.dtype, "r", shape=(self.count, columns))

    def _convert_to_float32(self, columns: int) -> None:
        before, count = self.array(columns), self.count
        self.path.unlink()  # the rows stay mapped until they are copied
        self.dtype, self.count = np.dtype(np.float32), 0
        for start in range(0, count, 1024):
            self.add(before[start : start + 1024])
