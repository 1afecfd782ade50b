"""Cells that are written plainly -> numbers, a block of cells at a time.

A block is given as `codes`, its bytes as (length,) uint8; `ends`, the place behind each cell; and
`lengths`, how many bytes each cell has. What is not plain gives None, for another parser.
"""

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

ZERO, POINT = ord("0"), ord(".")
MOST_DECIMALS = 8
U = np.uint64


def small_whole_numbers(
    codes: Codes, ends: Places, lengths: Places
) -> npt.NDArray[np.uint8] | None:
    """Cells of one to three digits, up to 255."""
    if lengths.min() < 1 or lengths.max() > 3:
        return None
    values = codes[ends - 1] - ZERO  # what is below "0" becomes large
    if values.max() > 9:
        return None
    # Few cells are longer in most files: what follows looks at these alone.
    longer = np.flatnonzero(lengths > 1)
    at = ends[longer]
    second, third = codes[at - 2] - ZERO, (codes[at - 3] - ZERO) * (lengths[longer] > 2)
    numbers = values[longer] + 10 * second.astype(np.int16) + 100 * third.astype(np.int16)
    if len(at) and (max(second.max(), third.max()) > 9 or numbers.max() > 255):
        return None
    values[longer] = numbers
    return values


def short_fractions(codes: Codes, ends: Places, lengths: Places) -> npt.NDArray[np.float32] | None:
    """Cells of one digit, or of one digit, a point and up to eight decimals.

    A cell's decimals lie in one word of eight bytes, whose digits are added up two by two, then
    four by four, then eight by eight: Lemire, "Quickly parsing eight digits" (2018).
    """
    if lengths.min() < 1 or lengths.max() > 2 + MOST_DECIMALS or (lengths == 2).any():
        return None
    starts = ends - lengths
    units, long = codes[starts] - ZERO, lengths > 2
    if units.max() > 9 or (codes[starts[long] + 1] != POINT).any():
        return None
    padded = np.concatenate([np.zeros(8, np.uint8), codes])
    words = np.ndarray(len(padded) - 7, "<u8", padded.data, strides=(1,))[ends]
    words ^= U(0x3030303030303030)
    words &= _DECIMALS[lengths]
    if ((words + U(0x7676767676767676)) & U(0x8080808080808080)).any():  # a byte above 9
        return None
    for digits, mask in ((1, 0x00FF00FF00FF00FF), (2, 0x0000FFFF0000FFFF), (4, 0xFFFFFFFF)):
        right = words >> U(8 * digits)
        words *= U(10**digits)
        words += right
        words &= U(mask)
    scale = _POWERS[lengths]
    values: npt.NDArray[np.float64] = (words + units * scale) / scale
    return values.astype(np.float32)


# By a cell's length: the bytes that hold decimals in the word that ends with the cell, and the
# power of ten that makes them whole.
_COUNTS = [max(length - 2, 0) for length in range(3 + MOST_DECIMALS)]
_DECIMALS = np.array([(256**n - 1) << 8 * (8 - n) for n in _COUNTS], U)
_POWERS = np.array([10.0**n for n in _COUNTS])
