"""The schema: which columns are the label, the ids and the pixels; image shape and value range.

Three steps: `infer_columns` looks at names and values, `check_columns` checks that the two files
fit, `store_pixels` writes the pixels as arrays and infers what only they show.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.arrays import Pixels
from pipeline.competition.columns import (
    ENDS,
    RowColumns,
    find_column,
    find_label_column,
    find_row_columns,
    find_test_label_column,
    infer_test_label_column,
    is_image,
    is_label,
    square_side,
)
from pipeline.competition.labels import find_one_hot
from pipeline.competition.overrides import Overrides
from pipeline.competition.values import (
    check_polarity,
    check_values,
    check_variety,
    common_range,
    copy_pixels,
    is_whole,
    join_pixels,
    stored_by_plane,
)
from pipeline.errors import PipelineError
from pipeline.files import write_array
from pipeline.reading.faults import SHOWN
from pipeline.reading.reader import Table
from pipeline.reading.source import Source


@dataclass(frozen=True)
class Columns:
    """Which column is what, counted from 0, in file order.

    Attributes:
        label: the label's column in the training file.
        train_id, test_id: the ids' columns, or None.
        pixels, test_pixels: the pixels' columns; there are none without a test file.
        test_label: the label's column in the test file, or None.
        one_hot: where each class has a column of zeros and ones instead of a label, these columns,
            of which `label` is the first; else none.
    """

    label: int
    train_id: int | None
    test_id: int | None
    pixels: tuple[int, ...]
    test_pixels: tuple[int, ...]
    test_label: int | None
    one_hot: tuple[int, ...]


@dataclass(frozen=True)
class Schema(Columns):
    """What each column is, and what the pixels are.

    Attributes:
        shape: (height, width, channels).
        planes: True where colour images are stored plane by plane (all reds, all greens, ...).
        low, high: pixel values of black and white.
        transpose: whether images are stored column by column.
    """

    shape: tuple[int, int, int]
    planes: bool
    low: float
    high: float
    transpose: bool = False


def infer_schema(
    train: Table,
    test: Table | None,
    overrides: Overrides,
    sample_id: str | None,
    folder: Path,
    validation: Table | None = None,
) -> tuple[Schema, Pixels, Pixels]:
    """The schema of two files and their pixels: infer, check, store.

    Args:
        test: None if there is no test file; then there are no test pixels.
        overrides: these are never inferred.
        sample_id: the name of the id column in the sample submission.
        folder: where `store_pixels` writes.
        validation: validation rows of a file of their own, with the training file's columns.

    Returns:
        The schema; the training and the test pixels, see `store_pixels`.

    Raises:
        PipelineError: the files cannot be understood, contradict each other or have faults.
    """
    columns = infer_columns(train, test, overrides, sample_id)
    check_columns(train, test, columns, overrides)
    return store_pixels(train, test, columns, overrides, folder, validation)


def infer_columns(
    train: Table, test: Table | None, overrides: Overrides, sample_id: str | None
) -> Columns:
    """Which columns are the label, the ids and the pixels.

    Raises:
        PipelineError: no label column was found, or an override names no column.
    """
    name = overrides.id
    if overrides.test_label and not test:
        raise PipelineError("there is no test file", where="test_label", expected="a test file")
    tables = [train, test] if test else [train]
    if name and not any(name in (table.source.header or ENDS) for table in tables):
        find_column(tables[-1].source, name, "id")
    train_rows = find_row_columns(train, overrides, sample_id)
    test_rows = find_row_columns(test, overrides, sample_id) if test else RowColumns()
    inner = _others(train, {train_rows.ids, train_rows.counter})
    test_pixels = _others(test, {test_rows.ids, test_rows.counter}) if test else []
    test_label = find_test_label_column(test, overrides, test_pixels) if test else None
    test_pixels = [column for column in test_pixels if column != test_label]
    one_hot = find_one_hot(train, test, overrides, inner, test_pixels)
    label = one_hot[0] if one_hot else find_label_column(train, test, overrides, inner, test_pixels)
    if test and test_label is None and not one_hot:
        test_label = infer_test_label_column(train, test, label, inner, test_pixels, overrides)
        test_pixels = [column for column in test_pixels if column != test_label]
    pixels = [column for column in inner if column != label and column not in one_hot]
    train_id = None if train_rows.ids == label else train_rows.ids
    return Columns(
        label, train_id, test_rows.ids, tuple(pixels), tuple(test_pixels), test_label, one_hot
    )


def check_columns(train: Table, test: Table | None, columns: Columns, overrides: Overrides) -> None:
    """Checks that there are pixels, and that both files have the same pixel columns.

    Raises:
        PipelineError: the test file has the label, or the pixels differ in number, name or order.
    """
    if test:
        _check_no_label_in_test(train, test, columns, overrides)
    one, count = train.source, len(columns.pixels)
    if not count:
        raise PipelineError(
            f"no pixels: the {one.columns} columns are labels and ids",
            where=one.path,
            expected="a column for each pixel",
            remedy="Check that it is the right file.",
        )
    if test is None:
        return
    two, test_count = test.source, len(columns.test_pixels)
    if count != test_count:
        raise PipelineError(
            f"{one.path} has {count} pixel columns and {two.path} has {test_count}"
            + _only_in_one(one, two, columns),
            expected="the same number in both",
            remedy="Compare the two files' columns, or name the label and the id with --label "
            "and --id.",
        )
    _check_names(one, two, columns)


def store_pixels(
    train: Table,
    test: Table | None,
    columns: Columns,
    overrides: Overrides,
    folder: Path,
    validation: Table | None = None,
) -> tuple[Schema, Pixels, Pixels]:
    """Writes the pixels as train_pixels.npy and test_pixels.npy, and completes the schema.

    Validation rows of a file of their own follow the training rows in train_pixels.npy.

    Returns:
        The schema; the two files' pixels, (n, pixels) in file order, both uint8 in 0..255 or both
        float32 in low..high, mapped into memory.

    Raises:
        PipelineError: a cell holds no number or one out of range, or the pixels fit no image
            shape.
    """
    files = {"train": (train, columns.pixels)}
    if validation:
        files["validation"] = (validation, columns.pixels)
    if test:
        files["test"] = (test, columns.test_pixels)
    dtype = "uint8" if all(is_whole(table, some) for table, some in files.values()) else "float32"
    pixels = {
        role: copy_pixels(table, some, dtype, folder / f"{role}_pixels.npy")
        for role, (table, some) in files.items()
    }
    shape = _shape(train.source, len(columns.pixels), overrides)
    arrays = [(table.source, pixels[role]) for role, (table, _) in files.items()]
    check_variety(arrays)
    low, high = overrides.range or common_range(arrays)
    for role, (table, some) in files.items():
        check_values(table.source, pixels[role], some, low, high)
    if overrides.range is None:
        check_polarity(arrays)
    planes = shape[2] == 3 and (
        stored_by_plane(pixels["train"], shape) if overrides.planes is None else overrides.planes
    )
    schema = Schema(
        **vars(columns),
        shape=shape,
        planes=planes,
        low=low,
        high=high,
        transpose=overrides.transpose,
    )
    if validation:
        pixels["train"] = join_pixels(pixels["train"], pixels["validation"], folder)
    if test is None:
        pixels["test"] = np.empty((0, len(columns.pixels)), dtype)
        write_array(folder / "test_pixels.npy", pixels["test"])
    return schema, pixels["train"], pixels["test"]


def _others(table: Table, excluded: Collection[int | None]) -> list[int]:
    return [column for column in range(table.source.columns) if column not in excluded]


def _check_no_label_in_test(
    train: Table, test: Table, columns: Columns, overrides: Overrides
) -> None:
    source, header, label = test.source, test.source.header, columns.label
    remedy = "If the test rows have labels, use --test-label {}, and `submit` scores them."
    if train.source.header and header:
        name = train.source.header[label]
        if name in header and header.index(name) in columns.test_pixels:
            raise PipelineError(
                f"the label's column {name!r} is in the test file too",
                where=source.path,
                remedy=remedy.format(name),
            )
        return
    count = len(columns.pixels)
    if len(columns.test_pixels) == count + 1 and is_image(count, overrides):
        first = label < columns.pixels[0]
        end = columns.test_pixels[0 if first else -1]
        if is_label(test.texts[end]):
            name = header[end] if header else "first" if first else "last"
            raise PipelineError(
                f"column {source.column(end)} looks like a label, and there is one column more "
                f"than the {count} pixels of {train.source.path}",
                where=source.path,
                remedy=remedy.format(name),
            )


def _pixel_names(train: Source, test: Source, columns: Columns) -> tuple[list[str], list[str]]:
    """The names of the pixel columns of both files; none if one has no header."""
    if not (train.header and test.header):
        return [], []
    test_names = [test.header[column] for column in columns.test_pixels]
    return [train.header[column] for column in columns.pixels], test_names


def _only_in_one(train: Source, test: Source, columns: Columns) -> str:
    """Names the pixel columns that only one of two files with headers has."""
    names, test_names = _pixel_names(train, test, columns)
    text = ""
    for source, own, others in ((train, names, test_names), (test, test_names, names)):
        if only := [repr(name) for name in own if name not in set(others)]:
            more = ", ..." * (len(only) > SHOWN)
            text += f"; only {source.path.name} has {', '.join(only[:SHOWN])}{more}"
    return text


def _check_names(train: Source, test: Source, columns: Columns) -> None:
    names, test_names = _pixel_names(train, test, columns)
    for name, test_name, column in zip(names, test_names, columns.test_pixels, strict=False):
        if name != test_name:
            same = sorted(names) == sorted(test_names)
            raise PipelineError(
                f"column {column + 1} is {test_name!r} where {train.path} has {name!r}: "
                + ("the pixels are in another order" if same else "different names"),
                where=test.path,
                expected="the same pixel columns in the same order",
                remedy="Reorder the columns of one file."
                if same
                else "Rename them, or remove the columns that are not pixels.",
            )


def _shape(source: Source, pixels: int, overrides: Overrides) -> tuple[int, int, int]:
    if overrides.shape:
        needed = math.prod(overrides.shape)
        if needed != pixels:
            shape = "x".join(map(str, overrides.shape))
            raise PipelineError(
                f"{pixels} pixel columns",
                where=source.path,
                expected=f"{needed}, for the shape {shape}",
                remedy="Correct the shape, or name other columns with --label and --id.",
            )
        height, width, channels = overrides.shape
        return height, width, channels
    for channels in (1, 3):
        if side := square_side(pixels, channels):
            return side, side, channels
    raise PipelineError(
        f"{pixels} pixel columns, which are not a square image",
        where=source.path,
        expected="a square number (28 x 28 = 784), or three times one for colours",
        remedy="If another column is the label or the id, name it with --label or --id. If the "
        "images are not square, use --shape HEIGHTxWIDTHxCHANNELS.",
    )
