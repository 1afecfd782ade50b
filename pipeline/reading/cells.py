"""Cells -> numbers."""

import math
import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Texts

NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # they may rewrite what a terminal shows
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*", re.ASCII)


def with_points(cells: Iterable[str], delimiter: str) -> list[str]:
    """The cells with decimal points where a file that is not comma-separated has commas."""
    if delimiter == ",":
        return list(cells)
    return [cell.replace(",", ".") if DECIMAL_COMMA.fullmatch(cell) else cell for cell in cells]


def to_numbers(cells: Sequence[str] | Texts) -> npt.NDArray[np.float64]:
    """(n,) float64, NaN for a cell that is not a finite number written in digits."""
    try:
        numbers = np.array(cells, dtype=np.float64)
    except ValueError:
        numbers = np.array(math.nan)
    # Python reads 1_000 and digits of other scripts as numbers, and NumPy reads `nan`.
    if np.isfinite(numbers).all() and "_" not in (text := "".join(cells)) and text.isascii():
        return numbers
    values = [float(cell) if NUMBER.fullmatch(cell) else math.nan for cell in cells]
    return np.where(np.isfinite(values), values, np.nan)


def column_index(columns: Sequence[int]) -> slice | list[int]:
    """Ascending columns as an index: a slice where they are adjacent, as NumPy then copies nothing.

    >>> column_index([3, 4, 5]), column_index([3, 5])
    (slice(3, 6, None), [3, 5])
    """
    adjacent = bool(columns) and columns[-1] - columns[0] + 1 == len(columns)
    return slice(columns[0], columns[-1] + 1) if adjacent else list(columns)


def fits_uint8(values: npt.NDArray[np.generic]) -> bool:
    """Whether every value is an integer in 0..255."""
    if values.dtype == np.uint8 or not values.size:
        return True
    if not (values.min() >= 0 and values.max() <= 255):
        return False
    return bool(np.array_equal(values, values.astype(np.uint8)))
