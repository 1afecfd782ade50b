"""The label column as classes: spelt as in the file, in their natural order."""

import numpy as np
import numpy.typing as npt

from pipeline.data.reader import Fault, Table, locate, refuse
from pipeline.data.source import NUMBER
from pipeline.errors import PipelineError

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
    name = source.column(column)
    missing = np.flatnonzero(np.isin(np.char.lower(text), MISSING))
    refuse(
        source,
        [
            Fault(line, name, f"the label is missing (found {cells[column]!r})")
            for _, line, cells in locate(source, missing[:5].tolist())
        ],
        total=len(missing),
    )
    spellings, labels = np.unique(text, return_inverse=True)
    if all(NUMBER.fullmatch(spelling) for spelling in spellings):
        spellings, labels = _numbered(table, column, spellings, labels)
    count = len(spellings)
    where = f"{source.path}, label column {name}:"
    if count == 1:
        raise PipelineError(
            f"{where} every row is of class {spellings[0]!r}. Expected at least two classes."
        )
    if count > MOST_CLASSES:
        raise PipelineError(
            f"{where} {count} different values in {len(text)} rows, which is no set of classes. "
            "If the label is another column, name it with --label."
        )
    if len(text) < 2 * count:
        raise PipelineError(
            f"{where} {len(text)} rows for {count} classes. Expected at least two rows a class: "
            "one to train and one to validate."
        )
    return tuple(str(spelling) for spelling in spellings), labels.reshape(-1).astype(np.int64)


def _numbered(
    table: Table, column: int, spellings: npt.NDArray[np.str_], labels: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.intp]]:
    """Classes that are numbers, ordered as such."""
    values = spellings.astype(np.float64)
    broken = np.flatnonzero(values != np.round(values))
    if len(broken):
        row = int(np.flatnonzero(labels == broken[0])[0])
        line = next(line for _, line, _ in locate(table.source, [row]))
        raise PipelineError(
            f"{table.source.path} line {line}, column {table.source.column(column)}: the label "
            f"{spellings[broken[0]]!r} is a fraction. Expected classes: whole numbers or words."
        )
    padded = any(len(s) > 1 and s[0] == "0" and s.isdigit() for s in spellings)
    if padded:  # 00, 01, ..., 10 are names that happen to be digits
        return spellings, labels
    unique, inverse = np.unique(values, return_inverse=True)
    return np.array([str(int(value)) for value in unique]), inverse[labels]
