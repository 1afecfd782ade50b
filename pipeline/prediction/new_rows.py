"""New files for a run: the rows of a CSV, or images, in the run's range of values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Pixels, Texts
from pipeline.competition.labels import to_class
from pipeline.competition.layout import FileColumns, find_columns
from pipeline.competition.values import RANGES, is_whole
from pipeline.errors import PipelineError
from pipeline.images.decode import decode, is_image
from pipeline.reading.cells import column_index, to_numbers
from pipeline.reading.faults import SHOWN, check_cells
from pipeline.reading.reader import Table, read
from pipeline.reading.source import open_source
from pipeline.runs.record import Data

CHUNK = 4096  # rows; whole batches, so that chunks give the same bytes as all rows together
# Names of images; those that cannot be read are an error, not skipped.
IMAGE_ENDINGS = (
    ".png", ".jpg", ".jpeg", ".avif", ".bmp", ".gif", ".heic", ".tif", ".tiff", ".webp",
)  # fmt: skip


@dataclass(frozen=True)
class NewRows:
    """The rows of a CSV.

    Attributes:
        ids: as written; row numbers from 0 if the file has no ids.
        labels: as the run's classes are spelled where they are known, else as written; None if
            the file has no labels.
    """

    table: Table
    columns: FileColumns
    ids: list[str]
    labels: list[str] | None

    def __len__(self) -> int:
        return len(self.table)

    def chunks(self) -> Iterator[tuple[int, Pixels]]:
        """(first row, (n, pixels)) for consecutive parts of the file."""
        table, columns = self.table, self.columns.pixels
        dtype = np.uint8 if is_whole(table, columns) else np.float32
        for start in range(0, len(self), CHUNK):
            rows = slice(start, start + CHUNK)
            pixels: Pixels = table.values[rows][:, column_index(columns)].astype(dtype)
            with np.errstate(over="ignore"):  # infinite as float32, and out of range
                for pixel, column in enumerate(columns):
                    if column in table.texts:
                        pixels[:, pixel] = to_numbers(table.texts[column][rows])
            yield start, pixels + pixels.dtype.type(0)  # -0 becomes 0, as in the training data


def read_rows(
    path: Path,
    data: Data,
    folder: Path,
    delimiter: str | None = None,
    header: bool | None = None,
) -> NewRows:
    """Reads a CSV for a run, with or without header, labels and ids.

    Args:
        data: what the run was trained on.
        folder: for a temporary file with the values.
        delimiter, header: inferred if not given.

    Raises:
        PipelineError: the file has faults, other columns than the run's files, or values out of
            range or scaled to 1.
    """
    source = open_source(path, delimiter, header)
    possible = find_columns(source, data.files, data.pixels)
    texts = {c for columns in possible for c in {*range(source.columns)} - {*columns.pixels}}
    table = read(source, texts or {0}, folder / "values.raw")  # no text at all cannot be read
    named = source.header and len(possible) == 1
    columns = possible[0] if named else _choose(table, possible, data.classes)
    labels = _texts(table.texts, columns.label)
    spelled = {label: to_class(label, data.classes) for label in set(labels or ())}
    rows = NewRows(
        table=table,
        columns=columns,
        ids=_texts(table.written, columns.id) or [str(row) for row in range(len(table))],
        labels=labels and [spelled[label] for label in labels],
    )
    _check_range(rows, data.low, data.high)
    return rows


def find_images(path: Path) -> tuple[list[Path], list[str]]:
    """The image itself, or the images of a folder by name; none if the file is not an image.

    Returns:
        The images, and the names of everything else in the folder: hidden files, subfolders, and
        files that are not images by name or content.

    Raises:
        PipelineError: a folder has no images.
    """
    if not path.is_dir():
        return [path] if path.is_file() and _looks_like_image(path) else [], []
    present = sorted(path.iterdir())
    files = [file for file in present if file.is_file() and file.name[0] != "."]
    images = [file for file in files if _looks_like_image(file)]
    others = sorted({*present} - {*images})
    skipped = [f"{other.name}{'/' * other.is_dir()}" for other in others]
    if not images:
        raise PipelineError(
            "no images",
            where=path,
            expected="PNG or JPEG images in the folder itself",
            details=[no_images(skipped)] if skipped else (),
        )
    return images, skipped


def no_images(names: Sequence[str]) -> str:
    """ "7 are no images: a, b, c, d, e, ..." """
    verb = "is no image" if len(names) == 1 else "are no images"
    return f"{len(names):,} {verb}: {', '.join(names[:SHOWN])}{', ...' * (len(names) > SHOWN)}"


def read_image(
    path: Path, low: float, high: float, invert: bool = False
) -> npt.NDArray[np.float32]:
    """(height, width, 1 or 3) in low..high, see `decode`.

    Raises:
        PipelineError: it is not a PNG or JPEG, or damaged.
    """
    try:
        values = decode(path.read_bytes(), invert)
    except ValueError as error:
        raise PipelineError(
            str(error), where=path, expected="a complete PNG or JPEG image"
        ) from None
    except OSError as error:
        raise PipelineError(f"it cannot be read: {error.strerror}", where=path) from None
    return (low + (high - low) * values).astype(np.float32)


def _choose(table: Table, possible: Sequence[FileColumns], classes: tuple[str, ...]) -> FileColumns:
    """The columns of a file without a header, whose values have to fit.

    Raises:
        PipelineError: the columns are ambiguous, or no labels and ids are where they should be.
    """
    fitting = [columns for columns in possible if _fits(table, columns, classes)]
    if len(fitting) != 1:
        raise PipelineError(
            f"{table.source.columns} columns without a header: it is unclear which one is the "
            "label or the id",
            where=table.source.path,
            remedy="Add a header: label or id, and the names of the pixels.",
        )
    return fitting[0]


def _fits(table: Table, columns: FileColumns, classes: tuple[str, ...]) -> bool:
    """Whether ids all differ, and labels are several of the classes."""
    ids, labels = _texts(table.written, columns.id) or [], _texts(table.texts, columns.label)
    if len(set(ids)) < len(ids):
        return False
    known = {to_class(label, classes) for label in set(labels or ())}
    return labels is None or (known <= {*classes} and (len(known) > 1 or len(table) == 1))


def _texts(texts: Mapping[int, Texts], column: int | None) -> list[str] | None:
    return None if column is None else [str(text) for text in texts[column]]


def _check_range(rows: NewRows, low: float, high: float) -> None:
    """Checks that all cells are numbers in the range, and not scaled to 1."""
    columns, total = rows.columns.pixels, 0
    lowest, highest = high, low
    found: list[tuple[int, int, str]] = []
    for start, pixels in rows.chunks():
        invalid = np.argwhere(~((low <= pixels) & (pixels <= high)))  # NaN is neither
        total += len(invalid)
        lowest, highest = min(lowest, pixels.min()), max(highest, pixels.max())
        found += [
            (start + row, columns[pixel], f"a number in {low:g}..{high:g}")
            for row, pixel in invalid[: SHOWN - len(found)].tolist()
        ]
    check_cells(rows.table.source, found, total)
    scaled = lowest < highest <= 1 and (low, high) in RANGES
    if scaled and (high > 1 or low < 0 <= lowest):  # faint images have larger values
        raise PipelineError(
            f"all values are in {lowest:g}..{highest:g}",
            where=rows.table.source.path,
            expected=f"values in {low:g}..{high:g}, as the training data has them",
            remedy="Rescale them.",
        )


def _looks_like_image(path: Path) -> bool:
    """By its content, or by its name, so that a damaged image is not read as a CSV."""
    try:
        with open(path, "rb") as file:
            return is_image(file.read(8)) or path.suffix.lower() in IMAGE_ENDINGS
    except OSError as error:
        raise PipelineError(f"it cannot be read: {error.strerror}", where=path) from None
