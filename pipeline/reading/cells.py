"""What a cell holds: a number, a word, nothing."""

import math
import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Texts

NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*", re.ASCII)


def with_points(cells: Iterable[str], delimiter: str) -> list[str]:
    """The cells with decimal points where a file that is not comma-separated has commas."""
    if delimiter == ",":
        return list(cells)
    return [cell.replace(",", ".") if DECIMAL_COMMA.fullmatch(cell) else cell for cell in cells]


def to_numbers(cells: Sequence[str] | Texts) -> npt.NDArray[np.float64]:
    """The cells as numbers, NaN where one is no finite number written in digits."""
    try:
        numbers = np.array(cells, dtype=np.float64)
    except ValueError:
        numbers = np.array(math.nan)
    # Python reads 1_000 as a number, and numpy reads `nan`.
    if np.isfinite(numbers).all() and "_" not in "".join(cells):
        return numbers
    values = [float(cell) if NUMBER.fullmatch(cell) else math.nan for cell in cells]
    return np.where(np.isfinite(values), values, np.nan)


def is_bytes(values: npt.NDArray[np.generic]) -> bool:
    """Whether every value is a whole number in 0..255."""
    if values.dtype == np.uint8 or not values.size:
        return True
    if not (values.min() >= 0 and values.max() <= 255):
        return False
    return bool(np.array_equal(values, values.astype(np.uint8)))
