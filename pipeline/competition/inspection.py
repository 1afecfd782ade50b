"""What a competition holds, for people: schema, classes, duplicates, samples."""

import base64
from html import escape

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.competition.competition import Competition
from pipeline.competition.folds import groups_of_equal_rows, row_digests
from pipeline.images.resize import to_grey_levels, to_images
from pipeline.reading.source import DELIMITERS, Source

BAR = 30


def describe(competition: Competition) -> str:
    """A page of text: what was inferred, the classes' balance, duplicates."""
    schema, train, test = competition.schema, competition.train_source, competition.test_source
    height, width, channels = schema.shape
    colours = {1: "grey", 3: "RGB, plane by plane" if schema.planes else "RGB"}.get(channels, "")
    whole = "whole numbers" if competition.train_pixels.dtype == np.uint8 else "fractions"
    sample = competition.sample
    facts = [
        ("competition", competition.name),
        ("training", f"{train.path.name}: {len(competition.labels):,} rows, {_form(train)}"),
        ("test", f"{test.path.name}: {len(competition.test_pixels):,} rows, {_form(test)}"),
        ("label", _column(train, schema.label)),
        ("ids", _ids(competition)),
        ("images", f"{height} x {width} x {channels} ({colours}), {len(schema.pixels)} pixels"),
        ("values", f"{schema.low:g}..{schema.high:g}, {whole}"),
        (
            "sample",
            f"{sample.path.name}: {','.join(sample.header)}, {len(sample.ids):,} rows"
            if sample
            else "none: the submission will be Id,Category with "
            + ("the test file's ids" if competition.test_ids else "ids from 0"),
        ),
        ("duplicates", _duplicates(competition)),
    ]
    lines = [f"{name:<12} {value}" for name, value in facts]
    return "\n".join([*lines, "", *_balance(competition)])


def choose_samples(
    competition: Competition, columns: int = 10, each: int = 4
) -> tuple[npt.NDArray[np.uint8], list[str], int]:
    """Images of each class side by side, their labels, and how many stand in a row."""
    classes = range(min(len(competition.classes), 20))
    rows = np.array(
        [
            np.flatnonzero(competition.labels == label)[place : place + 1].tolist() or [-1]
            for place in range(each)
            for label in classes
        ]
    ).ravel()
    rows = rows[rows >= 0]
    schema = competition.schema
    images = to_images(competition.train_pixels[rows], schema.shape, schema.planes)
    titles = [competition.classes[label] for label in competition.labels[rows]]
    return to_grey_levels(images, schema.low, schema.high), titles, min(len(classes), columns)


def _form(source: Source) -> str:
    name = next(name for name, sign in DELIMITERS.items() if sign == source.delimiter)
    header = "header" if source.header else "no header"
    return f"{source.columns} columns, {name}-separated, {header}"


def _column(source: Source, column: int) -> str:
    place = f"column {column + 1} of {source.columns}"
    return f"{source.header[column]} ({place})" if source.header else place


def _ids(competition: Competition) -> str:
    schema = competition.schema
    parts = [
        f"{source.path.name}: {_column(source, column)}"
        for source, column in (
            (competition.train_source, schema.train_id),
            (competition.test_source, schema.test_id),
        )
        if column is not None
    ]
    return "; ".join(parts) or "none: rows are counted"


def _duplicates(competition: Competition) -> str:
    train, test = competition.train_pixels, competition.test_pixels
    groups, copies = groups_of_equal_rows(train)
    labels_of: dict[int, set[int]] = {}
    for group, label in zip(groups.tolist(), competition.labels.tolist(), strict=True):
        labels_of.setdefault(group, set()).add(label)
    contrary = sum(len(labels) > 1 for labels in labels_of.values())
    known = set(row_digests(train))
    shared = sum(digest in known for digest in row_digests(test))
    text = f"{copies:,} training rows repeat another, {shared:,} test rows repeat a training row"
    return text + (f"; {contrary:,} images have more than one label" if contrary else "")


def _balance(competition: Competition) -> list[str]:
    counts = np.bincount(competition.labels, minlength=len(competition.classes))
    width = max(len("class"), *map(len, competition.classes))
    lines = [f"{'class':<{width}}    rows"]
    for name, count in zip(competition.classes, counts.tolist(), strict=True):
        bar = "#" * round(BAR * count / counts.max())
        lines.append(f"{name:<{width}}  {count:>6,}  {bar}")
    return lines


def html(competition: Competition) -> str:
    """The description and samples of a competition, as a notebook shows them."""
    images, _, columns = choose_samples(competition)
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    grid = np.zeros((rows * columns, height, width, channels), np.uint8)
    grid[:count] = images
    grid = grid.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    mosaic = grid.reshape(rows * height, columns * width, channels)[..., ::-1]  # OpenCV has BGR
    _, png = cv2.imencode(".png", mosaic)
    address = base64.b64encode(png.tobytes()).decode()
    return (
        f"<pre>{escape(describe(competition))}</pre>"
        f'<img style="width:{32 * columns}px;image-rendering:pixelated" '
        f'src="data:image/png;base64,{address}">'
    )
