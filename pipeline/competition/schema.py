"""What the columns are: label, id, pixels; image shape and value range; inferred, or told."""

import math
from dataclasses import dataclass
from pathlib import Path

from pipeline.arrays import Pixels
from pipeline.competition.columns import (
    ENDS,
    id_columns,
    index_column,
    is_image,
    is_label,
    label_column,
    square_side,
    told_column,
)
from pipeline.competition.overrides import Overrides
from pipeline.competition.values import check_odd, common_range, is_whole, numbers, stored_by_plane
from pipeline.errors import PipelineError
from pipeline.reading.reader import Table
from pipeline.reading.source import Source


@dataclass(frozen=True)
class Schema:
    """What each column is.

    Attributes:
        label: the label's column in the training file, counted from 0.
        train_id, test_id: the ids' columns, or None.
        pixels, test_pixels: the pixels' columns, in file order.
        shape: (height, width, channels).
        planes: True where colour images are stored plane by plane (all reds, all greens, ...).
        low, high: the values that stand for the two ends of the grey scale.
    """

    label: int
    train_id: int | None
    test_id: int | None
    pixels: tuple[int, ...]
    test_pixels: tuple[int, ...]
    shape: tuple[int, int, int]
    planes: bool
    low: float
    high: float


def infer(
    train: Table, test: Table, settings: Overrides, sample_id: str | None, folder: Path
) -> tuple[Schema, Pixels, Pixels]:
    """Tells what each column is, from names, values and what the two files share.

    Args:
        settings: what the user has told; it stands above every guess.
        sample_id: the name of the id column in the sample submission.
        folder: for the files that the pixels are kept in.

    Returns:
        The schema; the two files' pixels, (n, pixels) each, in one dtype.

    Raises:
        PipelineError: the files cannot be understood, or contradict each other.
    """
    if settings.id and not any(settings.id in (t.source.header or ENDS) for t in (train, test)):
        told_column(test.source, settings.id, "id")
    train_ids, test_ids = (id_columns(table, settings, sample_id) for table in (train, test))
    inner = _others(train, {*train_ids, index_column(train)})
    test_inner = _others(test, {*test_ids, index_column(test)})
    label = label_column(train, test, settings, inner, test_inner)
    inner = [column for column in inner if column != label]
    _refuse_label_in_test(train, test, label, inner, test_inner, settings)
    _refuse_other_pixels(train, test, inner, test_inner)
    whole = is_whole(train, inner) and is_whole(test, test_inner)
    train_pixels = numbers(train, inner, whole, folder / "train_pixels.npy")
    test_pixels = numbers(test, test_inner, whole, folder / "test_pixels.npy")
    shape = _shape(train.source, len(inner), settings)
    low, high = settings.range or common_range(train.source, test.source, train_pixels, test_pixels)
    check_odd(train.source, train_pixels, inner, low, high)
    check_odd(test.source, test_pixels, test_inner, low, high)
    planes = shape[2] == 3 and (
        stored_by_plane(train_pixels, shape) if settings.planes is None else settings.planes
    )
    train_id = next((c for c in reversed(train_ids) if c != label), None)
    test_id = test_ids[-1] if test_ids else None
    schema = Schema(
        label, train_id, test_id, tuple(inner), tuple(test_inner), shape, planes, low, high
    )
    return schema, train_pixels, test_pixels


def _others(table: Table, taken: set[int | None]) -> list[int]:
    return [c for c in range(table.source.columns) if c not in taken]


def _refuse_label_in_test(
    train: Table,
    test: Table,
    label: int,
    pixels: list[int],
    test_pixels: list[int],
    settings: Overrides,
) -> None:
    source, header = test.source, test.source.header
    advice = "Remove that column: test rows have no labels here."
    if train.source.header and header:
        name = train.source.header[label]
        if name in header and header.index(name) in test_pixels:
            raise PipelineError(f"{source.path} has the label's column {name!r} too. {advice}")
    elif len(test_pixels) == len(pixels) + 1 and is_image(len(pixels), settings):
        end = test_pixels[0 if label < pixels[0] else -1]
        if is_label(test.texts[end]):
            raise PipelineError(
                f"{source.path} has one column more than the {len(pixels)} pixels of "
                f"{train.source.path}, and its column {source.column(end)} looks like a label. "
                f"{advice}"
            )


def _refuse_other_pixels(
    train: Table, test: Table, pixels: list[int], test_pixels: list[int]
) -> None:
    one, two = train.source, test.source
    if not pixels:
        raise PipelineError(
            f"{one.path} has no pixels: its {one.columns} columns are labels and ids. "
            "Expected a column for each pixel."
        )
    if len(pixels) != len(test_pixels):
        raise PipelineError(
            f"{one.path} has {len(pixels)} pixel columns and {two.path} has {len(test_pixels)}. "
            "Expected the same: compare the two files' columns, or name the label and the id "
            "with --label and --id."
        )
    if not (one.header and two.header):
        return
    for mine, theirs in zip(pixels, test_pixels, strict=True):
        if one.header[mine] != two.header[theirs]:
            same = sorted(one.header[c] for c in pixels) == sorted(
                two.header[c] for c in test_pixels
            )
            raise PipelineError(
                f"{two.path} has {'its pixel columns in another order' if same else 'other pixels'}"
                f": its column {theirs + 1} is {two.header[theirs]!r} where {one.path} has "
                f"{one.header[mine]!r}. Expected the same columns in the same order."
            )


def _shape(source: Source, pixels: int, settings: Overrides) -> tuple[int, int, int]:
    if settings.shape:
        if math.prod(settings.shape) != pixels:
            raise PipelineError(
                f"{source.path} has {pixels} pixel columns; the shape "
                f"{'x'.join(map(str, settings.shape))} needs {math.prod(settings.shape)}."
            )
        height, width, channels = settings.shape
        return height, width, channels
    for channels in (1, 3):
        if side := square_side(pixels, channels):
            return side, side, channels
    raise PipelineError(
        f"{source.path} has {pixels} pixel columns: not a square (28 x 28 = 784), nor three. "
        "If another column is the label or the id, name it with --label or --id; if the images "
        "are not square, say --shape HEIGHTxWIDTHxCHANNELS."
    )
