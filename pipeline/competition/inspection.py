"""What a competition holds: schema, class balance, duplicates, sample images."""

import base64
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from pipeline.arrays import GreyLevels
from pipeline.competition.competition import Competition
from pipeline.competition.folds import groups_of_equal_rows, row_digests
from pipeline.images.mosaic import mosaic
from pipeline.images.resize import to_grey_levels, to_images
from pipeline.reading.source import DELIMITERS, Source

if TYPE_CHECKING:
    import pandas

BAR = 30  # characters of the largest class
MAX_CLASSES_SHOWN = 20


@dataclass(frozen=True)
class Inspection:
    """What a competition holds.

    Attributes:
        facts: (name, value) in the order of a page.
        classes: a row for each class, with the columns `class` (its name) and `rows`.
    """

    facts: tuple[tuple[str, str], ...]
    classes: "pandas.DataFrame"

    def to_dict(self) -> dict[str, Any]:
        """The facts by name, and under `classes` the rows of each class; in JSON's types."""
        counts = zip(self.classes["class"], self.classes["rows"].tolist(), strict=True)
        return {**dict(self.facts), "classes": dict(counts)}

    def to_text(self) -> str:
        """A page of text: a line for each fact, and the class balance as bars."""
        lines = [f"{name:<12} {value}" for name, value in self.facts]
        names, rows = self.classes["class"].tolist(), self.classes["rows"].tolist()
        width = max(len("class"), *map(len, names))
        bars = [
            f"{name:<{width}}  {count:>6,}  {'#' * round(BAR * count / max(rows))}"
            for name, count in zip(names, rows, strict=True)
        ]
        return "\n".join([*lines, "", f"{'class':<{width}}    rows", *bars])


def describe(competition: Competition) -> str:
    """The competition as a page of text."""
    return inspect_competition(competition).to_text()


def inspect_competition(competition: Competition) -> Inspection:
    """The schema of a competition, its class balance and its duplicates."""
    import pandas

    schema, train, test = competition.schema, competition.train_source, competition.test_source
    height, width, channels = schema.shape
    colours = {1: "grey", 3: "RGB, plane by plane" if schema.planes else "RGB"}.get(channels, "")
    whole = "whole numbers" if competition.train_pixels.dtype == np.uint8 else "fractions"
    facts = {
        "competition": competition.name,
        "training": _file(train, len(competition.labels)),
        "test": _file(test, len(competition.test_pixels)),
        "label": _column(train, schema.label),
        "ids": _ids(competition),
        "images": f"{height} x {width} x {channels} ({colours}), {len(schema.pixels)} pixels",
        "values": f"{schema.low:g}..{schema.high:g}, {whole}",
        "sample": _sample(competition),
        "duplicates": _duplicates(competition),
    }
    counts = np.bincount(competition.labels, minlength=len(competition.classes))
    classes = pandas.DataFrame({"class": list(competition.classes), "rows": counts})
    return Inspection(tuple(facts.items()), classes)


def choose_samples(
    competition: Competition, columns: int = 10, each: int = 4
) -> tuple[GreyLevels, list[str], int]:
    """The first training images of each class, to be shown as a grid.

    Args:
        columns: the most images in a row of the grid.
        each: the most images of a class.

    Returns:
        (n, height, width, channels) uint8 in 0..255; their n labels; the images in a row.
    """
    classes = range(min(len(competition.classes), MAX_CLASSES_SHOWN))
    of_class = [np.flatnonzero(competition.labels == label)[:each] for label in classes]
    rows = np.array([some[n] for n in range(each) for some in of_class if n < len(some)])
    schema = competition.schema
    images = to_images(competition.train_pixels[rows], schema.shape, schema.planes)
    titles = [competition.classes[label] for label in competition.labels[rows]]
    return to_grey_levels(images, schema.low, schema.high), titles, min(len(classes), columns)


def _file(source: Source, rows: int) -> str:
    delimiter = next(name for name, sign in DELIMITERS.items() if sign == source.delimiter)
    header = "header" if source.header else "no header"
    return (
        f"{source.path.name}: {rows:,} rows, {source.columns} columns, {delimiter}-separated, "
        f"{header}"
    )


def _column(source: Source, column: int) -> str:
    position = f"column {column + 1} of {source.columns}"
    return f"{source.header[column]} ({position})" if source.header else position


def _ids(competition: Competition) -> str:
    schema = competition.schema
    pairs = (
        (competition.train_source, schema.train_id),
        (competition.test_source, schema.test_id),
    )
    found = [f"{source.path.name}: {_column(source, c)}" for source, c in pairs if c is not None]
    return "; ".join(found) or "none: rows are numbered"


def _sample(competition: Competition) -> str:
    sample = competition.sample
    if sample:
        return f"{sample.path.name}: {','.join(sample.header)}, {len(sample.ids):,} rows"
    ids = "the test file's ids" if competition.test_ids else "ids from 0"
    return f"none: the submission will be Id,Category with {ids}"


def _duplicates(competition: Competition) -> str:
    train, test = competition.train_pixels, competition.test_pixels
    groups, copies = groups_of_equal_rows(train)
    labels = np.unique(np.stack([groups, competition.labels]), axis=1)  # (group, label) pairs
    conflicts = np.count_nonzero(np.bincount(labels[0]) > 1)
    known = set(row_digests(train))
    shared = sum(digest in known for digest in row_digests(test))
    text = f"{copies:,} training rows repeat another, {shared:,} test rows repeat a training row"
    return text + (f"; {conflicts:,} images have more than one label" if conflicts else "")


def html(competition: Competition) -> str:
    """The description and samples of a competition, as a notebook shows them."""
    images, _, columns = choose_samples(competition)
    _, png = cv2.imencode(".png", mosaic(images, columns)[..., ::-1])  # OpenCV has BGR
    address = base64.b64encode(png.tobytes()).decode()
    return (
        f"<pre>{escape(describe(competition))}</pre>"
        f'<img style="width:{32 * columns}px;image-rendering:pixelated" '
        f'src="data:image/png;base64,{address}">'
    )
