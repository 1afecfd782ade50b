"""What the columns are: label, id, pixels; image shape and value range; inferred, or told."""

import math
from dataclasses import dataclass

from pipeline.data.columns import ENDS, id_column, is_label, label_column, square_side, told_column
from pipeline.data.reader import Table
from pipeline.data.settings import Settings
from pipeline.data.source import Source
from pipeline.data.values import common_range, stored_by_plane
from pipeline.errors import PipelineError


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


def infer(train: Table, test: Table, settings: Settings, sample_id: str | None) -> Schema:
    """Tells what each column is, from names, values and what the two files share.

    Args:
        settings: what the user has told; it stands above every guess.
        sample_id: the name of the id column in the sample submission.

    Raises:
        PipelineError: the files cannot be understood, or contradict each other.
    """
    if settings.id and not any(settings.id in (t.source.header or ENDS) for t in (train, test)):
        told_column(test.source, settings.id, "id")
    test_id = id_column(test, settings, sample_id)
    train_id = id_column(train, settings, sample_id)
    label = label_column(train, test, settings, {train_id} - {None})
    if train_id == label:
        train_id = None
    pixels = _others(train, {label, train_id})
    test_pixels = _others(test, {test_id})
    _refuse_label_in_test(train, test, settings, label, len(pixels))
    _refuse_other_pixels(train, test, pixels, test_pixels)
    shape = _shape(train.source, len(pixels), settings)
    low, high = settings.range or common_range(train, test)
    planes = shape[2] == 3 and stored_by_plane(train, pixels, shape, settings)
    return Schema(label, train_id, test_id, pixels, test_pixels, shape, planes, low, high)


def _others(table: Table, taken: set[int | None]) -> tuple[int, ...]:
    return tuple(c for c in range(table.source.columns) if c not in taken)


def _refuse_label_in_test(
    train: Table, test: Table, settings: Settings, label: int, pixels: int
) -> None:
    test_header, advice = test.source.header, "Remove that column: test rows have no labels here."
    if train.source.header and test_header:
        name = train.source.header[label]
        if name in test_header:
            column = test.source.column(test_header.index(name))
            raise PipelineError(
                f"{test.source.path} has the label's column {column!r} too. {advice}"
            )
    elif test.source.columns == pixels + 1:
        end = 0 if label == 0 else test.source.columns - 1
        if settings.id is None and is_label(test.texts[end]):
            raise PipelineError(
                f"{test.source.path} has as many columns as {train.source.path}, "
                f"and column {end + 1} looks like a label. {advice}"
            )


def _refuse_other_pixels(
    train: Table, test: Table, pixels: tuple[int, ...], test_pixels: tuple[int, ...]
) -> None:
    one, two = train.source, test.source
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


def _shape(source: Source, pixels: int, settings: Settings) -> tuple[int, int, int]:
    if settings.shape:
        if math.prod(settings.shape) != pixels:
            raise PipelineError(
                f"{source.path} has {pixels} pixel columns; the shape "
                f"{'x'.join(map(str, settings.shape))} needs {math.prod(settings.shape)}."
            )
        return settings.shape
    for channels in (1, 3):
        if side := square_side(pixels, channels):
            return side, side, channels
    raise PipelineError(
        f"{source.path} has {pixels} pixel columns: not a square (28 x 28 = 784), nor three. "
        "If another column is the label or the id, name it with --label or --id; if the images "
        "are not square, say --shape HEIGHTxWIDTHxCHANNELS."
    )
