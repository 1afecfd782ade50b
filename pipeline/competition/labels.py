"""The label column, or a column for each class, as classes: spelled as in the file, in their
natural order."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Labels, Texts
from pipeline.competition.columns import LABEL_NAMES, is_image
from pipeline.competition.columns import MAX_CLASSES as MAX_COLUMNS
from pipeline.competition.overrides import Overrides
from pipeline.errors import PipelineError
from pipeline.reading.cells import to_numbers
from pipeline.reading.faults import REMEDY, SHOWN, Fault, Faults, check_cells, locate
from pipeline.reading.reader import Table

MISSING = ("", "nan", "na", "n/a", "null")
MAX_CLASSES = 1000  # as many as ImageNet has
EXACT = 2**53  # from here on, different integers may be the same float
OTHER_COLUMN = "If the label is another column, name it with --label."

# A class that is unlike the others is a typo if it has at most two rows, or a hundredth of what
# most rows' classes have; and at most a third of it, as a small file has few rows of each class.
FEW_ROWS, FEW_OF_USUAL, MAX_OF_USUAL = 2, 0.01, 1 / 3
MAX_TYPOS = 0.1  # of all rows; more are classes
MIN_ONE_HOT = 0.9  # of the rows; the others have faults
FAR = 2  # times the largest step between the usual integers
MEANT = "Correct the file. If it is a class, name all classes in competition.toml: classes = [...]"


def classes_of(
    table: Table, column: int, named: Sequence[str | int] | None = None
) -> tuple[tuple[str, ...], Labels]:
    """The classes, and each row's label as an index into them.

    Integers are ordered as numbers and spelled without a fraction (`5.0` is `5`), words
    alphabetically.

    Args:
        named: all classes, if the user names them: then no class is taken for a typo.

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
    labels = labels.reshape(-1)
    values = to_numbers(spellings)
    fractions = values % 1 > 0
    if np.mean(fractions) > 0.5:
        raise PipelineError(
            f"the labels are fractions, such as {spellings[fractions][0]}",
            where=where,
            expected="classes: integers or words",
            remedy=OTHER_COLUMN,
        )
    padded = np.array([len(name) > 1 and name[0] == "0" and name.isdigit() for name in spellings])
    if named is None:
        typos, expected = _find_typos(values, padded, np.bincount(labels))
        _check(table, column, typos[labels], expected, MEANT)
    whole = (values % 1 == 0) & (abs(values) < EXACT)
    if whole.all() and not padded.any():
        values, inverse = np.unique(values, return_inverse=True)
        spellings, labels = np.array([str(int(value)) for value in values]), inverse[labels]
    elif whole.all() and named is None:
        _check_padding(where, spellings, values)
    classes = tuple(spellings.tolist())
    if named is not None:
        unknown = ~np.isin(spellings, [str(name) for name in named])
        _check(table, column, unknown[labels], f"one of {', '.join(map(str, named))}")
    _check_count(where, classes, len(text))
    return classes, labels.reshape(-1).astype(np.int64)


def _check_padding(where: str, spellings: Texts, values: npt.NDArray[np.float64]) -> None:
    """Raises if two classes are the same number with and without leading zeros."""
    _, first, number = np.unique(values, return_index=True, return_inverse=True)
    same = first[number] != np.arange(len(values))
    if same.any():
        other = int(np.flatnonzero(same)[0])
        raise PipelineError(
            f"{spellings[first[number[other]]]} and {spellings[other]} are the same number",
            where=where,
            expected="one spelling of each class",
            remedy=MEANT,
        )


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
    for pattern in (r"(.*[\W_])(.+)", r"(\D+)(\d+)"):  # class_7, class7
        parts = [re.fullmatch(pattern, name) for name in names]
        if len({part and part[1] for part in parts}) == 1 and all(parts):
            return [part[2] for part in parts if part]
    return names


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


def _check(
    table: Table,
    column: int,
    invalid: npt.NDArray[np.bool_],
    expected: str,
    remedy: str = REMEDY,
) -> None:
    rows = np.flatnonzero(invalid)
    first = [(row, column, expected) for row in rows[:SHOWN].tolist()]
    check_cells(table.source, first, len(rows), remedy)


def _find_typos(
    values: npt.NDArray[np.float64], padded: npt.NDArray[np.bool_], rows: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.bool_], str]:
    """Which spellings are typos, and what is expected instead.

    Those are fractions among integers; and if they have few rows, words among integers or the
    reverse, and integers that are far from all others, or negative or padded where others are not.

    Args:
        values: (k,) the spellings as numbers, NaN for words.
        padded: (k,) whether they have leading zeros.
        rows: (k,) how many rows have each.
    """
    total = rows.sum()
    words, whole = np.isnan(values), values % 1 == 0
    size = np.median(np.repeat(rows, rows))  # of the class of most rows
    few = rows <= min(max(FEW_ROWS, FEW_OF_USUAL * size), MAX_OF_USUAL * size)
    if of_words := rows[words].sum() > total / 2:
        unlike = ~words
    else:
        unlike = words | _are_far(values, values[whole & ~few])
        for rare in (padded, values < 0):
            unlike |= rare & (rows[rare].sum() < total / 2)
    typos = few & unlike
    typos &= rows[typos].sum() <= MAX_TYPOS * total
    if of_words:
        return typos, "a word, as the other labels are"
    others = values[whole & ~typos]
    near = f" in {others.min():g}..{others.max():g}" if len(others) else ""
    return typos | ~(words | whole), f"an integer{near}, as the other labels are"


def _are_far(
    values: npt.NDArray[np.float64], usual: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """(k,) whether a number is much further from any other than the usual ones are."""
    numbers = np.unique(values[np.isfinite(values)])
    steps = np.concatenate([[np.inf], np.diff(numbers), [np.inf]])
    nearest = np.minimum(steps[:-1], steps[1:])
    step = np.diff(np.sort(usual)).max(initial=1)
    return np.isin(values, numbers[nearest > FAR * step])


def _check_count(where: str, classes: tuple[str, ...], rows: int) -> None:
    count = len(classes)
    if count == 1:
        raise PipelineError(
            f"every row is of class {classes[0]!r}",
            where=where,
            expected="at least two classes",
            remedy=OTHER_COLUMN,
        )
    if count > MAX_CLASSES:
        raise PipelineError(
            f"{count} different values in {rows} rows, which are too many for classes",
            where=where,
            expected=f"at most {MAX_CLASSES} classes",
            remedy=OTHER_COLUMN,
        )
    if rows < 2 * count:
        raise PipelineError(
            f"{rows} rows for {count} classes",
            where=where,
            expected="at least two rows per class",
            remedy=OTHER_COLUMN,
        )


def _possible(
    train: Table, test: Table | None, overrides: Overrides, inner: list[int], test_inner: list[int]
) -> Iterator[list[int]]:
    header = train.source.header
    if header and test and test.source.header:
        known = set(test.source.header)
        yield [column for column in inner if header[column] not in known]
        return
    for count in range(2, min(MAX_COLUMNS, len(inner) - 1) + 1):
        rest = len(inner) - count
        if rest == len(test_inner) if test else is_image(rest, overrides):
            yield inner[-count:]
            yield inner[:count]


def _is_one_hot(table: Table, columns: Sequence[int]) -> npt.NDArray[np.bool_]:
    """(n,) whether a row has a single one, and zeros besides."""
    if not 2 <= len(columns) <= MAX_COLUMNS:
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
