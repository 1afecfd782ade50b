"""Simple numbers: many cells at a time -> arrays."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.reading.cells import column_index

ZERO, POINT, LF = b"0.\n"
MAX_DECIMALS = 8
PROBE = 4096  # bytes
U = np.uint64


class Cells(NamedTuple):
    """Where the cells of a block lie.

    Attributes:
        codes: (bytes,) uint8, the block.
        ends: (rows, columns) the offset behind each cell.
        lengths: (rows, columns) number of bytes of each cell.
    """

    codes: npt.NDArray[np.uint8]
    ends: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]


def select_cells(
    codes: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64], columns: Sequence[int]
) -> Cells:
    """The cells of some columns.

    Args:
        codes: (bytes,) uint8, the block.
        ends: (rows, all columns) the offset behind each cell.
        columns: ascending.
    """
    of_columns = np.ascontiguousarray(ends[:, column_index(columns)])
    rest = [column - 1 for column in columns if column]
    before = ends[:, column_index(rest)] if rest else ends[:, :0]
    if columns[0] == 0:
        rows_before = np.concatenate([[-1], ends[:-1, -1]])
        before = np.column_stack([rows_before, before])
    return Cells(codes, of_columns, of_columns - before - 1)


def parse_digit_block(
    codes: npt.NDArray[np.uint8], delimiter: int
) -> npt.NDArray[np.uint16] | None:
    """The numbers of a block whose cells are one to three digits each, or None for other blocks.

    All bytes are processed at once, which is faster than cell by cell.

    Args:
        codes: (bytes,) uint8.

    Returns:
        (bytes + 1,) uint16, the value of a cell at the offset behind it.
    """
    if POINT in codes[:PROBE]:  # most other blocks are recognized before all bytes are processed
        return None
    digits = codes - ZERO  # what is below "0" becomes large
    is_digit = digits <= 9
    between = (codes == delimiter) | (codes == LF)
    if not (is_digit ^ between).all():
        return None
    empty = between[1:] & between[:-1]
    four = is_digit[3:] & is_digit[2:-1] & is_digit[1:-2] & is_digit[:-3]
    if between[0] or empty.any() or four.any():
        return None
    values = np.empty(len(codes) + 1, np.uint16)
    values[1:] = digits
    tens = digits[:-1] * is_digit[:-1]
    values[2:] += tens * np.uint16(10)
    values[3:] += (tens[:-1] * is_digit[1:-1]) * np.uint16(100)
    return values


def small_integers(cells: Cells) -> npt.NDArray[np.uint8] | None:
    """(rows, columns) uint8 if all cells are one to three digits, up to 255, else None."""
    codes, ends, lengths = cells
    if lengths.min() < 1 or lengths.max() > 3:
        return None
    values = codes[ends - 1] - ZERO  # what is below "0" becomes large
    if values.max() > 9:
        return None
    # Few cells are longer in most files: what follows processes only these.
    longer = lengths > 1
    at = ends[longer]
    second, third = codes[at - 2] - ZERO, (codes[at - 3] - ZERO) * (lengths[longer] > 2)
    numbers = values[longer] + 10 * second.astype(np.int16) + 100 * third.astype(np.int16)
    if len(at) and (max(second.max(), third.max()) > 9 or numbers.max() > 255):
        return None
    values[longer] = numbers
    return values


def short_fractions(cells: Cells) -> npt.NDArray[np.float32] | None:
    """(rows, columns) float32 if all cells are like 0 or 0.5, up to eight decimals, else None.

    A cell's decimals lie in one word of eight bytes, whose digits are added up two by two, then
    four by four, then eight by eight: Lemire, "Quickly parsing eight digits" (2018).
    """
    codes, ends, lengths = cells
    if lengths.min() < 1 or lengths.max() > 2 + MAX_DECIMALS or (lengths == 2).any():
        return None
    starts = ends - lengths
    units = codes.take(starts) - ZERO
    if units.max() > 9 or not ((codes.take(starts + 1) == POINT) | (lengths == 1)).all():
        return None
    padded = np.concatenate([np.zeros(8, np.uint8), codes])
    words = np.ndarray(len(padded) - 7, "<u8", padded.data, strides=(1,)).take(ends)
    words ^= U(0x3030303030303030)
    words &= _DECIMALS.take(lengths)
    if ((words + U(0x7676767676767676)) & U(0x8080808080808080)).any():  # a byte above 9
        return None
    for digits, mask in ((1, 0x00FF00FF00FF00FF), (2, 0x0000FFFF0000FFFF), (4, 0xFFFFFFFF)):
        right = words >> U(8 * digits)
        words *= U(10**digits)
        words += right
        words &= U(mask)
    scale = _POWERS.take(lengths)
    values: npt.NDArray[np.float64] = units * scale
    values += words.view(np.int64)  # converted to float64 faster than uint64
    values /= scale
    return values.astype(np.float32)


# By a cell's length: the bytes that hold decimals in the word that ends with the cell, and the
# power of ten that makes them whole.
_COUNTS = [max(length - 2, 0) for length in range(3 + MAX_DECIMALS)]
_DECIMALS = np.array([(256**n - 1) << 8 * (8 - n) for n in _COUNTS], U)
_POWERS = np.array([10.0**n for n in _COUNTS])
