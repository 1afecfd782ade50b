"""Summary of a competition: schema, class balance, duplicates, sample images."""

import base64
import math
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from pipeline.arrays import GreyLevels
from pipeline.competition.competition import Competition
from pipeline.competition.folder import explain_metric, ignored_files
from pipeline.competition.folds import count_duplicates
from pipeline.competition.layout import describe_layouts
from pipeline.competition.sample import explain_submission
from pipeline.competition.schema import Schema
from pipeline.images.mosaic import mosaic
from pipeline.images.resize import to_grey_levels, to_images
from pipeline.metrics.metric import METRICS
from pipeline.reading.source import DELIMITERS, Source
from pipeline.reading.unpack import ends_with_cell

if TYPE_CHECKING:
    import pandas

NO_TEST = "none: runs can be trained and compared, but not submitted"
BAR = 30  # characters of the largest class
MAX_CLASSES_SHOWN = 20


@dataclass(frozen=True)
class FileFacts:
    """A CSV file: its name, format and columns.

    Attributes:
        label, id: the column, counted from 0, or None.
        usage: the rows of the file that are meant, where a column `Usage` says what each is for.
    """

    name: str
    rows: int
    columns: int
    delimiter: str
    header: bool
    label: int | None
    id: int | None
    usage: str | None = None


@dataclass(frozen=True)
class Inspection:
    """Summary of a competition.

    Attributes:
        train, test: its files; test is None if there is none.
        validation, validation_rows: the name of the file with the validation rows, and their
            number, if there is one.
        locked: number of locked rows of the training file.
        label, test_label: the label columns as text; test_label is None if the test file has none.
        shape: (height, width, channels) of an image.
        planes: whether colours are stored plane by plane.
        transpose: whether images are stored column by column.
        low, high: pixel values of black and white.
        dtype: of the pixels, "uint8" or "float32".
        sample: header of the sample submission, if there is one.
        copies: training rows that are duplicates; locked rows are not among them, nor below.
        shared: test rows that repeat a training row.
        conflicts: images with more than one label.
        classes: number of training rows of each class.
        submission, submission_from: "classes" or "probabilities", and why; None without a test
            file.
        metric, metric_from: what the competition is scored by, and why.
        ignored: CSV files of the folder, and columns, that are not used.
        without_newline: files without a newline at the end, whose last number may be cut short.
    """

    competition: str
    train: FileFacts
    test: FileFacts | None
    label: str
    test_label: str | None
    ids: str
    shape: tuple[int, int, int]
    planes: bool
    low: float
    high: float
    dtype: str
    sample: tuple[str, ...] | None
    copies: int
    shared: int
    conflicts: int
    classes: dict[str, int]
    ignored: tuple[str, ...]
    validation: str | None = None
    validation_rows: int = 0
    locked: int = 0
    without_newline: tuple[str, ...] = ()
    transpose: bool = False
    submission: str | None = None
    submission_from: str = ""
    metric: str = "accuracy"
    metric_from: str = ""

    def to_dict(self) -> dict[str, Any]:
        """All fields, for JSON."""
        return asdict(self)

    def to_frame(self) -> "pandas.DataFrame":
        """A row for each class: its name and its number of training rows."""
        import pandas

        return pandas.DataFrame({"class": list(self.classes), "rows": list(self.classes.values())})

    def to_text(self) -> str:
        """A page of text: a line for each fact, and the class balance as bars."""
        height, width, channels = self.shape
        colours = {1: "grey", 3: "RGB, plane by plane" if self.planes else "RGB"}[channels]
        pixels = f"{math.prod(self.shape)} pixels" + ", column by column" * self.transpose
        whole = "integers" if self.dtype == "uint8" else "floats"
        facts = {
            "competition": self.competition,
            "training": _file_text(self.train),
            "validation": self.validation and f"{self.validation}: {self.validation_rows:,} rows",
            "locked": self.locked and f"{self.locked:,} training rows, for `pipeline reveal` only",
            "test": _file_text(self.test) if self.test else NO_TEST,
            "label": self.label,
            "test label": self.test_label,
            "ids": self.ids,
            "images": f"{height} x {width} x {channels} ({colours}), {pixels}",
            "values": f"{self.low:g}..{self.high:g}, {whole}",
            "sample": self._sample_text(),
            "submission": self.submission and f"{self.submission}, {self.submission_from}",
            "metric": f"{METRICS[self.metric].title}: {self.metric_from}",
            "duplicates": self._duplicates_text(),
            "ignored": ", ".join(self.ignored),
            "note": self.without_newline
            and f"{', '.join(self.without_newline)}: no newline at the end. "
            "Was the last number cut short?",
        }
        lines = [f"{name:<12} {value}" for name, value in facts.items() if value]
        largest, width = max(self.classes.values()), max(len("class"), *map(len, self.classes))
        bars = [
            f"{name:<{width}}  {count:>6,}  {'#' * round(BAR * count / largest)}"
            for name, count in self.classes.items()
        ]
        return "\n".join([*lines, "", f"{'class':<{width}}    rows", *bars])

    def _sample_text(self) -> str:
        if self.sample:
            return ",".join(self.sample)
        if self.test is None:
            return "none"
        ids = "ids from 0" if self.test.id is None else "the ids of the test file"
        return f"none: the submission will have {ids}"

    def _duplicates_text(self) -> str:
        text = f"{self.copies:,} training rows are duplicates"
        if self.test:
            text += f", {self.shared:,} test rows repeat a training row"
        conflicts = f"; {self.conflicts:,} images have more than one label"
        return text + (conflicts if self.conflicts else "")


def inspect_competition(competition: Competition) -> Inspection:
    """The files, the schema, the class balance and the duplicates of a competition."""
    schema, train, test = competition.schema, competition.train_source, competition.test_source
    pixels, labels = competition.train_pixels, competition.labels
    copies, shared, conflicts = count_duplicates(pixels, labels, competition.test_pixels)
    submission, learned_from = explain_submission(competition.sample)
    counts = np.bincount(competition.labels, minlength=len(competition.classes)).tolist()
    locked = len(competition.locked.rows) if competition.locked else 0
    train_rows = len(competition.labels) - competition.validation_rows + locked
    test_file = None
    if test:
        rows = len(competition.test_pixels)
        test_file = _file(competition, test, rows, schema.test_label, schema.test_id)
    return Inspection(
        competition=competition.name,
        train=_file(competition, train, train_rows, schema.label, schema.train_id),
        test=test_file,
        label=_label(train, schema),
        test_label=None
        if test is None or schema.test_label is None
        else _column(test, schema.test_label),
        ids=_ids(competition),
        shape=schema.shape,
        planes=schema.planes,
        low=schema.low,
        high=schema.high,
        dtype=competition.train_pixels.dtype.name,
        sample=competition.sample.header if competition.sample else None,
        copies=copies,
        shared=shared,
        conflicts=conflicts,
        classes=dict(zip(competition.classes, counts, strict=True)),
        ignored=tuple(_ignored(competition)),
        validation=competition.overrides.validation_file,
        validation_rows=competition.validation_rows,
        locked=locked,
        without_newline=tuple(
            source.path.name
            for source in (train, test)
            if source and not ends_with_cell(source.path)
        ),
        transpose=schema.transpose,
        submission=submission if test else None,
        submission_from=learned_from,
        metric=competition.metric.name,
        metric_from=explain_metric(competition.folder, competition.overrides, competition.sample),
    )


def choose_samples(
    competition: Competition, columns: int = 10, each: int = 4
) -> tuple[GreyLevels, list[str], int]:
    """The first training images of each class, to be shown as a grid.

    Args:
        columns: maximum number of images in a row of the grid.
        each: maximum number of images of a class.

    Returns:
        (n, height, width, channels) uint8 in 0..255; their n labels; the images in a row.
    """
    classes = range(min(len(competition.classes), MAX_CLASSES_SHOWN))
    of_class = [np.flatnonzero(competition.labels == label)[:each] for label in classes]
    rows = np.array([some[n] for n in range(each) for some in of_class if n < len(some)])
    schema = competition.schema
    pixels = competition.train_pixels[rows]
    images = to_images(pixels, schema.shape, schema.planes, schema.transpose)
    titles = [competition.classes[label] for label in competition.labels[rows]]
    return to_grey_levels(images, schema.low, schema.high), titles, min(len(classes), columns)


def _file(
    competition: Competition, source: Source, rows: int, label: int | None, id: int | None
) -> FileFacts:
    delimiter = next(name for name, sign in DELIMITERS.items() if sign == source.delimiter)
    header = source.header is not None
    inside = source.path.is_relative_to(competition.folder)
    name = str(source.path.relative_to(competition.folder)) if inside else source.path.name
    usage = source.strings.usage_of_part if source.strings else None
    return FileFacts(name, rows, source.columns, delimiter, header, label, id, usage)


def _file_text(file: FileFacts) -> str:
    header = "header" if file.header else "no header"
    usage = f", whose {file.usage}" if file.usage else ""
    return (
        f"{file.name}: {file.rows:,} rows{usage}, {file.columns} columns, "
        f"{file.delimiter}-separated, {header}"
    )


def _label(train: Source, schema: Schema) -> str:
    if not schema.one_hot:
        return _column(train, schema.label)
    first, last = (_column(train, column) for column in (schema.one_hot[0], schema.one_hot[-1]))
    return f"{len(schema.one_hot)} columns of zeros and ones, {first} to {last}"


def _column(source: Source, column: int) -> str:
    position = f"column {column + 1} of {source.columns}"
    return f"{source.header[column]} ({position})" if source.header else position


def _ids(competition: Competition) -> str:
    schema = competition.schema
    pairs = (
        (competition.train_source, schema.train_id),
        (competition.test_source, schema.test_id),
    )
    found = [f"{s.path.name}: {_column(s, c)}" for s, c in pairs if s and c is not None]
    return "; ".join(found) or "none: rows are numbered"


def _ignored(competition: Competition) -> list[str]:
    """CSV files that are not read, and columns that are neither label nor id nor pixel."""
    schema, sample = competition.schema, competition.sample
    sources = [s for s in (competition.train_source, competition.test_source) if s]
    used = [source.path for source in sources] + ([sample.path] if sample else [])
    if validation := competition.overrides.validation_file:
        used.append(competition.folder / validation)
    layouts = describe_layouts(schema, competition.train_source, competition.test_source)
    columns = [
        f"{layout.file} column {source.column(other.index)}"
        for source, layout in zip(sources, layouts, strict=True)
        for other in layout.others
        if other.role == "unused"
    ]
    return ignored_files(competition.folder, used) + columns


def html(competition: Competition) -> str:
    """The description and samples of a competition, as a notebook shows them."""
    images, _, columns = choose_samples(competition)
    _, png = cv2.imencode(".png", mosaic(images, columns)[..., ::-1])  # OpenCV has BGR
    address = base64.b64encode(png.tobytes()).decode()
    return (
        f"<pre>{escape(inspect_competition(competition).to_text())}</pre>"
        f'<img style="width:{32 * columns}px;image-rendering:pixelated" '
        f'src="data:image/png;base64,{address}">'
    )
