"""The pixels' values: their range, the order of colours, and invalid cells."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Pixels, Rows
from pipeline.errors import PipelineError
from pipeline.large_arrays import new_array
from pipeline.reading.cells import column_index, fits_uint8, to_numbers
from pipeline.reading.faults import SHOWN, check_cells
from pipeline.reading.reader import Table
from pipeline.reading.source import Source

CHUNK = 4096  # rows
COLOUR_SAMPLE = 500  # images that show how colours are stored
MIN_IMAGES, MIN_PIXELS = 10, 64  # that show whether two files are alike
INVERTED = -0.7  # correlation of two mean images; that of digits of one kind is about 0.9
ALIKE_SAMPLE = 2000  # images
RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 16.0), (0.0, 255.0), (0.0, 65535.0))


def chunks(rows: int) -> Iterator[slice]:
    """Slices of `CHUNK` rows: an array that is mapped from a file may be larger than memory."""
    return (slice(start, start + CHUNK) for start in range(0, rows, CHUNK))


def is_whole(table: Table, columns: Sequence[int]) -> bool:
    """Whether all cells of these columns are integers in 0..255."""
    texts = (to_numbers(table.texts[c]) for c in columns if c in table.texts)
    return table.values.dtype == np.uint8 and all(map(fits_uint8, texts))


def copy_pixels(table: Table, columns: Sequence[int], dtype: str, path: Path) -> Pixels:
    """The pixels' columns as a new .npy file.

    Args:
        dtype: "uint8" or "float32".

    Returns:
        (n, pixels) of this dtype, mapped into memory.

    Raises:
        PipelineError: a cell holds no number.
    """
    pixels = new_array(path, (len(table), len(columns)), dtype)
    index = column_index(columns)
    for rows in chunks(len(table)):
        pixels[rows] = table.values[rows, index]
    with np.errstate(over="ignore"):
        for pixel, column in enumerate(columns):
            if column in table.texts:
                pixels[:, pixel] = to_numbers(table.texts[column])
    if dtype == "float32":
        for rows in chunks(len(table)):
            pixels[rows] += 0  # -0 becomes 0, so that equal images have equal bytes
        _check(table.source, pixels, columns, np.isnan, lambda pixel: "a number")
    return np.asarray(pixels)


def join_pixels(train: Pixels, validation: Pixels, folder: Path) -> Pixels:
    """Replaces train_pixels.npy by both arrays, and removes validation_pixels.npy."""
    path = folder / "joined.npy"
    joined = new_array(path, (len(train) + len(validation), train.shape[1]), train.dtype)
    for target, some in ((joined[: len(train)], train), (joined[len(train) :], validation)):
        for rows in chunks(len(some)):
            target[rows] = some[rows]
    (folder / "validation_pixels.npy").unlink()
    path.replace(folder / "train_pixels.npy")
    return np.asarray(joined)


def take_out(pixels: Pixels, rows: Rows, folder: Path) -> Pixels:
    """Moves these rows from train_pixels.npy to locked_pixels.npy; returns the other rows."""
    written = {}
    others = np.delete(np.arange(len(pixels)), rows)
    for name, some in (("other_pixels", others), ("locked_pixels", rows)):
        shape = (len(some), pixels.shape[1])
        written[name] = new_array(folder / f"{name}.npy", shape, pixels.dtype)
        for part in chunks(len(some)):
            written[name][part] = pixels[some[part]]
    (folder / "other_pixels.npy").replace(folder / "train_pixels.npy")
    return np.asarray(written["other_pixels"])


def stored_by_plane(pixels: Pixels, shape: tuple[int, int, int]) -> bool:
    """Whether colours are stored plane by plane (all reds, all greens, ...), not pixel by pixel.

    Only in the correct order are adjacent values similar.

    Args:
        pixels: (n, height * width * channels).
        shape: (height, width, channels).
    """
    height, width, channels = shape
    some = pixels[:COLOUR_SAMPLE].astype(np.float32)
    by_pixel = some.reshape(-1, height, width, channels)
    by_plane = some.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
    return _roughness(by_plane) < _roughness(by_pixel)


def _roughness(images: npt.NDArray[np.float32]) -> float:
    return sum(float(np.abs(np.diff(images, axis=axis)).mean()) for axis in (1, 2, 3))


def common_range(files: Sequence[tuple[Source, Pixels]]) -> tuple[float, float]:
    """The usual range that the pixels of all files have.

    Args:
        files: each with its pixels, (n, pixels); the training file first.

    Raises:
        PipelineError: they have none, or not the same.
    """
    (train, train_pixels), *others = files
    low, high = _usual_range(train, train_pixels)
    for other, pixels in others:
        other_range = _usual_range(other, pixels)
        inside = low <= other_range[0] and other_range[1] <= high
        differ = other_range != (low, high)
        if differ and (inside or _rows_outside(pixels, low, high) > 1):
            raise PipelineError(
                f"{train.path} and {other.path} are on different scales: {low:g}..{high:g} and "
                f"{other_range[0]:g}..{other_range[1]:g}",
                expected="the same range in both",
                remedy="Rescale one of them. If both are correct, use --range LOW HIGH.",
            )
    return low, high


def _usual_range(source: Source, pixels: Pixels) -> tuple[float, float]:
    """The smallest usual range that holds the values of all but a few rows.

    A few rows outside it are errors, which `check_values` reports.
    """
    for low, high in RANGES:
        if _rows_outside(pixels, low, high) <= _few(pixels):
            return low, high
    raise PipelineError(
        f"pixels from {pixels.min():g} to {pixels.max():g}",
        where=source.path,
        expected="a usual range: " + ", ".join(f"{low:g}..{high:g}" for low, high in RANGES),
        remedy="Set the range with --range LOW HIGH.",
    )


def check_variety(files: Sequence[tuple[Source, Pixels]]) -> None:
    """Raises if all images of a file are equal. Files of a few rows may be examples."""
    for source, pixels in files:
        if len(pixels) >= MIN_IMAGES and all(
            (pixels[rows] == pixels[0]).all() for rows in chunks(len(pixels))
        ):
            raise PipelineError(
                f"all images are equal, in {len(pixels):,} rows",
                where=source.path,
                expected="different images",
                remedy="Check that it is the right file.",
            )


def check_polarity(files: Sequence[tuple[Source, Pixels]]) -> None:
    """Checks that no file has white for black.

    Args:
        files: each with its pixels, (n, pixels), all valid; the training file first.

    Raises:
        PipelineError: the mean images of the training file and of another are opposites.
    """
    (train, train_pixels), *others = files
    for other, pixels in others:
        if _correlation(train_pixels, pixels) < INVERTED:
            raise PipelineError(
                f"the images are inverted: they are bright where those of {train.path} are dark",
                where=other.path,
                expected=f"the same as in {train.path.name}",
                remedy="Subtract the pixels of one file from the largest value. If both are "
                "correct, use --range LOW HIGH.",
            )


def _correlation(one: Pixels, two: Pixels) -> float:
    """The correlation of two files' mean images, -1..1; 0 if there are too few images or pixels."""
    if min(len(one), len(two)) < MIN_IMAGES or one.shape[1] < MIN_PIXELS:
        return 0.0
    first, second = (
        some[:: -(-len(some) // ALIKE_SAMPLE)].mean(axis=0, dtype=np.float64) for some in (one, two)
    )
    if not np.ptp(first) or not np.ptp(second):
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _rows_outside(pixels: Pixels, low: float, high: float) -> int:
    return int(np.count_nonzero((pixels.min(axis=1) < low) | (pixels.max(axis=1) > high)))


def _few(pixels: Pixels) -> int:
    """Number of outlier rows that count as errors: 1 %, but at least 3 rows of a small file, and
    never more than a quarter."""
    rows = len(pixels)
    return min(max(3, rows // 100), rows // 4)


def check_values(
    source: Source, pixels: Pixels, columns: Sequence[int], low: float, high: float
) -> None:
    """Checks that all pixels are in the range, and that integers have no stray fractions.

    Args:
        pixels: (n, pixels).
        columns: (pixels,) the pixels' columns in the file.

    Raises:
        PipelineError: there are such pixels.
    """
    if pixels.dtype == np.uint8 and low <= pixels.min() and pixels.max() <= high:
        return
    whole = high > 1 and _rows_with_fractions(pixels) <= _few(pixels)

    def invalid(some: Pixels) -> npt.NDArray[np.bool_]:
        outside = (some < low) | (some > high)
        return outside | (some != np.round(some)) if whole else outside

    def expected(pixel: float) -> str:
        if low <= pixel <= high:
            return f"an integer in {low:g}..{high:g}, as in all other rows"
        return f"a pixel in {low:g}..{high:g}"

    _check(source, pixels, columns, invalid, expected)


def _rows_with_fractions(pixels: Pixels) -> int:
    some = (pixels[rows] for rows in chunks(len(pixels)))
    return sum(int(np.count_nonzero((part != np.round(part)).any(axis=1))) for part in some)


def _check(
    source: Source,
    pixels: Pixels,
    columns: Sequence[int],
    invalid: Callable[[Pixels], npt.NDArray[np.bool_]],
    expected: Callable[[float], str],
) -> None:
    """Raises if there are invalid pixels, with what is expected instead of each."""
    first: list[tuple[int, int, str]] = []
    total = 0
    for rows in chunks(len(pixels)):
        is_invalid = invalid(pixels[rows])
        if not is_invalid.any():  # much faster than to list none
            continue
        found = np.argwhere(is_invalid)
        total += len(found)
        for row, pixel in found[: SHOWN - len(first)].tolist():
            row += rows.start
            first.append((row, columns[pixel], expected(float(pixels[row, pixel]))))
    check_cells(source, first, total)
