"""The label column as classes: spelled as in the file, in their natural order."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Labels
from pipeline.errors import PipelineError
from pipeline.reading.cells import to_numbers
from pipeline.reading.faults import SHOWN, check_cells
from pipeline.reading.reader import Table

MISSING = ("", "nan", "na", "n/a", "null")
MAX_CLASSES = 1000  # as many as ImageNet has
MAX_TYPOS = 0.1  # of the spellings; more words among numbers are classes
OTHER_COLUMN = "If the label is another column, name it with --label."


def classes_of(table: Table, column: int) -> tuple[tuple[str, ...], Labels]:
    """The classes, and each row's label as an index into them.

    Integers are ordered as numbers and spelled without a fraction (`5.0` is `5`), words
    alphabetically.

    Returns:
        k class names; (n,) int64 in 0..k-1.

    Raises:
        PipelineError: a label is missing or invalid, or the values are not classes: a single
            one, fractions, or too many for the number of rows.
    """
    where = f"{table.source.path} column {table.source.column(column)}"
    text = table.texts[column]
    _check(table, column, np.isin(np.char.lower(text), MISSING), "a label")
    spellings, labels = np.unique(text, return_inverse=True)
    values = to_numbers(spellings)
    fractions, words = values % 1 > 0, np.isnan(values)
    if np.mean(fractions) > 0.5:
        raise PipelineError(
            f"the labels are fractions, such as {spellings[fractions][0]}",
            where=where,
            expected="classes: integers or words",
            remedy=OTHER_COLUMN,
        )
    typos = words & (np.bincount(labels) == 1) & (words.mean() < MAX_TYPOS)
    _check(table, column, (fractions | typos)[labels], "an integer, as the other labels are")
    if not words.any() and not any(map(_is_padded, spellings)):
        values, inverse = np.unique(values, return_inverse=True)
        spellings, labels = np.array([str(int(value)) for value in values]), inverse[labels]
    classes = tuple(spellings.tolist())
    _check_count(where, classes, len(text))
    return classes, labels.reshape(-1).astype(np.int64)


def labels_of(table: Table, column: int, classes: Sequence[str]) -> Labels:
    """Each row's label as an index into the classes of the training file, (n,) int64.

    Raises:
        PipelineError: a label is missing or none of the classes.
    """
    indices = {name: index for index, name in enumerate(classes)}
    spellings, inverse = np.unique(table.texts[column], return_inverse=True)
    known = [indices.get(to_class(name, classes), -1) for name in spellings.tolist()]
    labels = np.array(known, np.int64)[inverse.reshape(-1)]
    _check(table, column, labels < 0, "a class of the training file")
    return labels


def to_class(label: str, classes: Sequence[str]) -> str:
    """The class that a label means, such as "5" for "5.0"; else the label itself."""
    if label in classes:
        return label
    value = float(to_numbers(np.array([label], np.str_))[0])
    whole = str(int(value)) if value.is_integer() else ""
    return whole if whole in classes else label


def _check(table: Table, column: int, invalid: npt.NDArray[np.bool_], expected: str) -> None:
    rows = np.flatnonzero(invalid)
    first = [(row, column, expected) for row in rows[:SHOWN].tolist()]
    check_cells(table.source, first, len(rows))


def _is_padded(spelling: str) -> bool:
    """Whether it has leading zeros, as in 00, 01, ..., and is therefore a name."""
    return len(spelling) > 1 and spelling[0] == "0" and spelling.isdigit()


def _check_count(where: str, classes: tuple[str, ...], rows: int) -> None:
    count = len(classes)
    if count == 1:
        raise PipelineError(
            f"every row is of class {classes[0]!r}", where=where, expected="at least two classes"
        )
    if count > MAX_CLASSES:
        raise PipelineError(
            f"{count} different values in {rows} rows, which are too many distinct values to be "
            "classes",
            where=where,
            expected=f"at most {MAX_CLASSES} classes",
            remedy=OTHER_COLUMN,
        )
    if rows < 2 * count:
        raise PipelineError(
            f"{rows} rows for {count} classes",
            where=where,
            expected="at least two rows per class",
        )
