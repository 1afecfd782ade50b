"""Labels as columns of zeros and ones, one for each class -> a label in one column."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Texts
from pipeline.competition.columns import LABEL_NAMES, MAX_CLASSES, is_image
from pipeline.competition.overrides import Overrides
from pipeline.reading.cells import to_numbers
from pipeline.reading.faults import SHOWN, Fault, Faults, locate
from pipeline.reading.reader import Table

MIN_ONE_HOT = 0.9  # of the rows; the others have faults


def find_one_hot(
    train: Table, test: Table | None, overrides: Overrides, inner: list[int], test_inner: list[int]
) -> tuple[int, ...]:
    """The columns of the classes, if the training file has its labels in this form; else none.

    They are the columns that the test file does not have. Without a test file, or without headers,
    they are at one end of the file, and the others make an image.

    Args:
        inner, test_inner: all columns of the two files but ids and row numbers.
    """
    names = [name.lower() for name in train.source.header or ()]
    if overrides.label is not None or set(LABEL_NAMES) & set(names):
        return ()
    if test is None and is_image(len(inner) - 1, overrides):
        return ()  # one column is the label
    for columns in _possible(train, test, overrides, inner, test_inner):
        if np.mean(_is_one_hot(train, columns)) >= MIN_ONE_HOT:
            return tuple(columns)
    return ()


def with_label(table: Table, columns: Sequence[int]) -> Table:
    """The table with the name of each row's class as the text of the first of these columns.

    Raises:
        PipelineError: a row does not have a single one among zeros.
    """
    invalid = np.flatnonzero(~_is_one_hot(table, columns))
    lines = locate(table.source, invalid[:SHOWN].tolist())
    faults = Faults(table.source)
    for line, cells in lines.values():
        found = ", ".join(cells[column] for column in columns[:SHOWN])
        more = ", ..." * (len(columns) > SHOWN)
        faults.add(Fault(line, None, f"the columns of the classes are {found}{more}", "a single 1"))
    faults.total = len(invalid)
    faults.check()
    names = np.array(class_names(table, columns), np.str_)
    labels: Texts = names[_values(table, columns).argmax(axis=1)]
    return replace(table, texts=table.texts | {columns[0]: labels})


def class_names(table: Table, columns: Sequence[int]) -> list[str]:
    """The names of the columns, without what is before all of them: "7" for "class_7"."""
    if not table.source.header:
        return [str(number) for number in range(len(columns))]
    names = [table.source.header[column] for column in columns]
    prefix = os.path.commonprefix(names).rstrip("0123456789")
    rest = [name[len(prefix) :] for name in names]
    separate = not prefix[-1:].isalnum() or all(name.isdigit() for name in rest)
    return rest if separate and all(rest) else names


def _possible(
    train: Table, test: Table | None, overrides: Overrides, inner: list[int], test_inner: list[int]
) -> Iterator[list[int]]:
    header = train.source.header
    if header and test and test.source.header:
        known = set(test.source.header)
        yield [column for column in inner if header[column] not in known]
        return
    for count in range(2, min(MAX_CLASSES, len(inner) - 1) + 1):
        rest = len(inner) - count
        if rest == len(test_inner) if test else is_image(rest, overrides):
            yield inner[-count:]
            yield inner[:count]


def _is_one_hot(table: Table, columns: Sequence[int]) -> npt.NDArray[np.bool_]:
    """(n,) whether a row has a single one, and zeros besides."""
    if not 2 <= len(columns) <= MAX_CLASSES:
        return np.zeros(len(table), np.bool_)
    values = _values(table, columns)
    binary = ((values == 0) | (values == 1)).all(axis=1)
    found: npt.NDArray[np.bool_] = binary & (values.sum(axis=1) == 1)
    return found


def _values(table: Table, columns: Sequence[int]) -> npt.NDArray[np.float64]:
    """(n, columns) their numbers; NaN where a cell holds none."""
    values = table.values[:, list(columns)].astype(np.float64)
    for at, column in enumerate(columns):
        if column in table.texts:
            values[:, at] = to_numbers(table.texts[column])
    return values
