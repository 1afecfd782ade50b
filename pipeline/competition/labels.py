"""The label column as classes: spelt as in the file, in their natural order."""

import numpy as np
import numpy.typing as npt

from pipeline.errors import PipelineError
from pipeline.reading.cells import to_numbers
from pipeline.reading.faults import SHOWN, check_cells
from pipeline.reading.reader import Table

MISSING = ("", "nan", "na", "n/a", "null")
MOST_CLASSES = 1000


def classes_of(table: Table, column: int) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """The classes, and each row's label as an index into them.

    Whole numbers are ordered as numbers and spelt without a fraction (`5.0` is `5`), words
    alphabetically.

    Returns:
        k class names; (n,) integers in 0..k-1.

    Raises:
        PipelineError: a label is missing, or they are no classes: one only, fractions, or too
            many for the rows there are.
    """
    source, text = table.source, table.texts[column]
    where = f"{source.path}, label column {source.column(column)}:"
    _refuse(table, column, np.isin(np.char.lower(text), MISSING), "a label")
    spellings, labels = np.unique(text, return_inverse=True)
    values = to_numbers(spellings)
    fractions = values % 1 > 0
    if np.mean(fractions) > 0.5:
        raise PipelineError(
            f"{where} fractions, such as {spellings[fractions][0]}. Expected classes: whole "
            "numbers or words. If the label is another column, name it with --label."
        )
    rare = np.bincount(labels) == 1
    strays = fractions | (np.isnan(values) & rare & (np.isnan(values).mean() < 0.1))
    _refuse(table, column, strays[labels], "a whole number, as the other labels are")
    if not np.isnan(values).any() and not any(map(_is_padded, spellings)):
        values, inverse = np.unique(values, return_inverse=True)
        spellings, labels = np.array([str(int(value)) for value in values]), inverse[labels]
    classes = tuple(spellings.tolist())
    _refuse_no_classes(where, classes, len(text))
    return classes, labels.reshape(-1).astype(np.int64)


def _refuse(table: Table, column: int, odd: npt.NDArray[np.bool_], expected: str) -> None:
    rows = np.flatnonzero(odd)
    places = [(row, column, expected) for row in rows[:SHOWN].tolist()]
    check_cells(table.source, places, len(rows))


def _is_padded(spelling: str) -> bool:
    """Whether it is a name that happens to be digits: 00, 01, ..."""
    return len(spelling) > 1 and spelling[0] == "0" and spelling.isdigit()


def _refuse_no_classes(where: str, classes: tuple[str, ...], rows: int) -> None:
    count = len(classes)
    if count == 1:
        raise PipelineError(
            f"{where} every row is of class {classes[0]!r}. Expected at least two classes."
        )
    if count > MOST_CLASSES:
        raise PipelineError(
            f"{where} {count} different values in {rows} rows, which is no set of classes. "
            "If the label is another column, name it with --label."
        )
    if rows < 2 * count:
        raise PipelineError(
            f"{where} {rows} rows for {count} classes. Expected at least two rows a class: "
            "one to train and one to validate."
        )
