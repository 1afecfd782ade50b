"""The pixels' values: their range, their order in colour images, and cells that cannot be."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Pixels
from pipeline.errors import PipelineError
from pipeline.files import new_array
from pipeline.reading.cells import is_bytes, to_numbers
from pipeline.reading.faults import SHOWN, check_cells
from pipeline.reading.reader import Table
from pipeline.reading.source import Source

CHUNK = 4096  # rows
RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 16.0), (0.0, 255.0), (0.0, 65535.0))


def chunks(rows: int) -> Iterator[slice]:
    """So many rows, in pieces: what is mapped from a file may be larger than memory."""
    return (slice(start, start + CHUNK) for start in range(0, rows, CHUNK))


def is_whole(table: Table, columns: Sequence[int]) -> bool:
    """Whether all cells of these columns are whole numbers in 0..255."""
    texts = (to_numbers(table.texts[c]) for c in columns if c in table.texts)
    return table.values.dtype == np.uint8 and all(map(is_bytes, texts))


def numbers(table: Table, columns: Sequence[int], whole: bool, path: Path) -> Pixels:
    """The pixels' columns as an array (n, pixels), kept in that file.

    Args:
        whole: as uint8, else as float32.

    Raises:
        PipelineError: a cell of them is no number.
    """
    dtype = np.uint8 if whole else np.float32
    pixels = new_array(path, (len(table), len(columns)), dtype)
    side_by_side = list(columns) == list(range(columns[0], columns[-1] + 1))
    part = slice(columns[0], columns[-1] + 1) if side_by_side else list(columns)
    for rows in chunks(len(table)):
        pixels[rows] = table.values[rows, part]
    with np.errstate(over="ignore"):
        for place, column in enumerate(columns):
            if column in table.texts:
                pixels[:, place] = to_numbers(table.texts[column])
    if not whole:
        for rows in chunks(len(table)):
            pixels[rows] += 0  # -0 becomes 0, so that equal images have equal bytes
        _refuse(table.source, pixels, np.isnan, columns, lambda pixel: "a number")
    return np.asarray(pixels)


def stored_by_plane(pixels: Pixels, shape: tuple[int, int, int]) -> bool:
    """Whether the colours are stored plane by plane: in the right order alone, what lies side by
    side, one above the other, or behind another in colour is much alike."""
    height, width, channels = shape
    some = pixels[:500].astype(np.float32)
    mixed = some.reshape(-1, height, width, channels)
    plane = some.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
    return _roughness(plane) < _roughness(mixed)


def _roughness(images: npt.NDArray[np.float32]) -> float:
    return sum(float(np.abs(np.diff(images, axis=axis)).mean()) for axis in (1, 2, 3))


def common_range(
    train: Source, test: Source, train_pixels: Pixels, test_pixels: Pixels
) -> tuple[float, float]:
    """The range that both files' pixels have.

    Raises:
        PipelineError: they have none in common.
    """
    mine, theirs = _usual_range(train, train_pixels), _usual_range(test, test_pixels)
    if mine != theirs and (theirs < mine or _rows_outside(test_pixels, *mine) > 1):
        raise PipelineError(
            f"{train.path} and {test.path} are on different scales: "
            f"{mine[0]:g}..{mine[1]:g} and {theirs[0]:g}..{theirs[1]:g}. Bring both to one, or, "
            "if they are meant so, say it with --range LOW HIGH."
        )
    return mine


def _usual_range(source: Source, pixels: Pixels) -> tuple[float, float]:
    """The smallest usual range that holds the values, but for a few rows.

    Where only a handful of rows in the whole file lie outside, these are faults, which
    `check_odd` names, and no reason to take the images for something else.
    """
    for low, high in RANGES:
        if _rows_outside(pixels, low, high) <= _few(pixels):
            return low, high
    raise PipelineError(
        f"{source.path}: its pixels go from {pixels.min():g} to {pixels.max():g}, which is none "
        "of the usual ranges (0..1, 0..16, 0..255). Say which with --range LOW HIGH."
    )


def _rows_outside(pixels: Pixels, low: float, high: float) -> int:
    return int(np.count_nonzero((pixels.min(axis=1) < low) | (pixels.max(axis=1) > high)))


def _few(pixels: Pixels) -> int:
    """So many odd rows are faults; more are the way the file is."""
    rows = len(pixels)
    return min(max(3, rows // 100), rows // 4)


def check_odd(
    source: Source, pixels: Pixels, columns: Sequence[int], low: float, high: float
) -> None:
    """Refuses cells outside the range, and broken numbers in a few rows among whole ones.

    Args:
        columns: the pixels' columns in the file.

    Raises:
        PipelineError: there are such cells.
    """
    if pixels.dtype == np.uint8 and low <= pixels.min() and pixels.max() <= high:
        return
    broken = high > 1 and _broken_rows(pixels) <= _few(pixels)

    def odd(some: Pixels) -> npt.NDArray[np.bool_]:
        outside = (some < low) | (some > high)
        return outside | (some != np.round(some)) if broken else outside

    within, whole = f"a pixel in {low:g}..{high:g}", f"a whole number in {low:g}..{high:g}"
    _refuse(
        source,
        pixels,
        odd,
        columns,
        lambda pixel: f"{whole}, as everywhere else" if low <= pixel <= high else within,
    )


def _broken_rows(pixels: Pixels) -> int:
    """How many rows hold a fraction."""
    some = (pixels[rows] for rows in chunks(len(pixels)))
    return sum(int(np.count_nonzero((part != np.round(part)).any(axis=1))) for part in some)


def _refuse(
    source: Source,
    pixels: Pixels,
    odd: Callable[[Pixels], npt.NDArray[np.bool_]],
    columns: Sequence[int],
    expected: Callable[[float], str],
) -> None:
    """Refuses the odd pixels, saying what is expected in the place of each."""
    places: list[tuple[int, int, str]] = []
    total = 0
    for rows in chunks(len(pixels)):
        found = np.argwhere(odd(pixels[rows]))
        total += len(found)
        for row, pixel in found[: SHOWN - len(places)].tolist():
            row += rows.start
            places.append((row, columns[pixel], expected(float(pixels[row, pixel]))))
    check_cells(source, places, total)
