"""Finds the label column and the id columns, from names, values and what two files share."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Texts
from pipeline.competition.overrides import Overrides
from pipeline.errors import PipelineError, suggest
from pipeline.reading.cells import to_numbers
from pipeline.reading.reader import Table
from pipeline.reading.source import Source

LABEL_NAMES = ("label", "labels", "class", "digit", "target", "category", "emotion", "y")
ID_NAMES = ("id", "imageid", "image_id")
INDEX_NAMES = ("", "unnamed: 0", "index")  # a DataFrame's index, saved by `to_csv`
ENDS = ("first", "last")

# Thresholds. All leave room for a few invalid cells, which are reported later.
MAX_CLASSES = 100  # of an unnamed label; handwritten letters and digits have 62 (EMNIST)
MAX_EXTRA_COLUMNS = 16  # that the other file does not have; more are extra pixels
MIN_WORDS = 0.5  # of a column of words, the majority of its cells
MIN_WHOLE = 0.9  # of a numeric label, the fraction of integers; other numbers mean pixels
MIN_DISTINCT = 0.8  # of a column of ids, the fraction of different values
MIN_COUNTING = 0.5  # of a column of row numbers, the fraction of steps by one


@dataclass(frozen=True)
class RowColumns:
    """The columns that name or number the rows of a file: they are not pixels.

    Attributes:
        ids: the column with the ids, or None.
        counter: another column that numbers the rows, such as a saved index, or None.
    """

    ids: int | None = None
    counter: int | None = None


@dataclass(frozen=True, order=True)
class LabelEvidence:
    """How much a column looks like the label. Compared field by field, so words decide first.

    Attributes:
        words: whether the cells are words, which pixels never are.
        score: contrast plus alignment. Of 1,440 small folders without a header (10, 20 or 40 of
            the shipped digits, with and without noise), 219 have two columns that may be the
            label: the contrast alone is right in 98.6 % of these, the alignment in 97.7 %, their
            sum in all.
    """

    words: bool
    score: float = 0.0


def text_columns(
    source: Source, other: Source | None, overrides: Overrides, sample_id: str | None
) -> set[int]:
    """The columns that may be labels or ids, and are therefore read as text.

    Those are the columns near both ends, those with known names, and those that the other file
    does not have.

    Args:
        other: the test file for the training file, and the reverse; None if there is none.
        sample_id: the name of the id column in the sample submission.
    """
    last = source.columns - 1
    columns = {c for c in (0, 1, 2, last - 1, last) if 0 <= c <= last}
    names = source.header or []
    known = {*LABEL_NAMES, *ID_NAMES, (sample_id or "").lower()} - {""}
    named = (overrides.label, overrides.id, overrides.test_label)
    columns |= {c for c, name in enumerate(names) if name.lower() in known or name in named}
    other_names = set((other and other.header) or names)
    extra = {c for c, name in enumerate(names) if name not in other_names}
    return columns | extra if len(extra) <= MAX_EXTRA_COLUMNS else columns


def find_row_columns(table: Table, overrides: Overrides, sample_id: str | None) -> RowColumns:
    """The columns that name or number the rows.

    Raises:
        PipelineError: the override names no column, and the file has no header.
    """
    source = table.source
    index = _index_column(table)
    if overrides.id is not None:
        return RowColumns(find_column(source, overrides.id, "id", missing_ok=True), index)
    if not source.header:
        first, second, last = (_names_rows(table.texts.get(c)) for c in (0, 1, source.columns - 1))
        if first and second:
            return RowColumns(1, counter=0)
        return RowColumns(0 if first else source.columns - 1 if last else None)
    names = [name.lower() for name in source.header]
    wanted = ([sample_id.lower()] if sample_id else []) + list(ID_NAMES)
    found = next((names.index(name) for name in wanted if name in names), None)
    return RowColumns(found, index)


def find_label_column(
    train: Table,
    test: Table | None,
    overrides: Overrides,
    inner: list[int],
    test_inner: list[int],
) -> int:
    """The label's column in the training file: the override, a known name, or the best evidence.

    Args:
        test: None if there is no test file.
        inner, test_inner: the two files' candidate columns: all but ids, row numbers and the
            test file's label.

    Raises:
        PipelineError: no label column was found.
    """
    source = train.source
    if overrides.label is not None:
        column = find_column(source, overrides.label, "label")
        assert column is not None
        return column
    names = [name.lower() for name in source.header or ()]
    for name in LABEL_NAMES:
        if name in names:
            return names.index(name)
    candidates = {*inner[:1], *inner[-1:]}
    if source.header and test and test.source.header:
        test_names = {test.source.header[c] for c in test_inner}
        extra = {c for c in inner if source.header[c] not in test_names}
        if len(extra) == 1:
            return extra.pop()
        candidates &= extra
    elif is_image(len(inner), overrides) and (test is None or len(inner) == len(test_inner)):
        candidates = set()  # the files hold only complete images
    labels = [c for c in sorted(candidates) if c in train.texts and is_label(train.texts[c])]
    if not labels:
        raise PipelineError(
            "no label column found",
            where=source.path,
            expected=f"a column named {', '.join(LABEL_NAMES[:-1])} or {LABEL_NAMES[-1]}, or a "
            "first or last column with a few classes",
            remedy='Name the column with --label, or in competition.toml: label = "..." '
            '(or "first", "last").',
        )
    return max(labels, key=lambda column: _evidence(train, test, column, inner, test_inner))


def find_test_label_column(test: Table, overrides: Overrides, inner: list[int]) -> int | None:
    """The label's column in a test file that has labels, if an override names it.

    Args:
        inner: all columns but ids and row numbers; "first" and "last" are those of them.

    Raises:
        PipelineError: there is no such column.
    """
    name, header = overrides.test_label, test.source.header
    if name is None:
        return None
    if name in ENDS and name not in (header or ()):
        return inner[0 if name == "first" else -1]
    return find_column(test.source, name, "test label")


def infer_test_label_column(
    train: Table,
    test: Table,
    label: int,
    inner: list[int],
    test_inner: list[int],
    overrides: Overrides,
) -> int | None:
    """The label's column in a test file that has all columns of the training file; else None.

    It has the label's name, or without names its place, and two or more of the training file's
    labels, no others.
    """
    if len(inner) != len(test_inner):
        return None
    if train.source.header and test.source.header:
        name = train.source.header[label]
        found = test.source.header.index(name) if name in test.source.header else None
    elif is_image(len(inner) - 1, overrides):
        found = test_inner[inner.index(label)]
    else:
        return None
    if found not in test_inner or found not in test.texts:
        return None
    labels, known = np.unique(test.texts[found]), np.unique(train.texts[label])
    return found if len(labels) > 1 and set(labels.tolist()) <= set(known.tolist()) else None


def find_column(source: Source, name: str, role: str, missing_ok: bool = False) -> int | None:
    """The index of the column that an override names: by its header, or as 'first' or 'last'.

    Args:
        role: "label", "test label" or "id", for the message.
        missing_ok: whether to return None where there is no such column.

    Raises:
        PipelineError: there is no such column.
    """
    if source.header and name in source.header:
        return source.header.index(name)
    if name in ENDS:
        return 0 if name == "first" else source.columns - 1
    if missing_ok:
        return None
    raise PipelineError(
        f"no column {name!r} for the {role}" + ("" if source.header else ": there is no header"),
        where=source.path,
        expected="the name of a column, or 'first' or 'last'"
        if source.header
        else "'first' or 'last'",
        remedy=suggest(name, source.header or ()) or None,
    )


def square_side(pixels: int, channels: int = 1) -> int:
    """The side of a square image with this number of values, or 0."""
    side = math.isqrt(pixels // channels)
    return side if side >= 2 and side * side * channels == pixels else 0


def is_image(pixels: int, overrides: Overrides) -> bool:
    """Whether this number of values makes an image."""
    if overrides.shape:
        return math.prod(overrides.shape) == pixels
    return bool(square_side(pixels) or square_side(pixels, 3))


def is_label(text: Texts) -> bool:
    """Whether the cells are a few classes with two rows each: words, or integers."""
    max_classes = max(2, len(text) // 2)
    if _are_words(text):
        return 2 <= len(np.unique(text)) <= max_classes
    values = to_numbers(text)
    values = values[np.isfinite(values)]
    whole = values == np.round(values)
    classes = len(np.unique(values[whole]))
    return 2 <= classes <= min(MAX_CLASSES, max_classes) and bool(np.mean(whole) > MIN_WHOLE)


def _index_column(table: Table) -> int | None:
    """The index of a DataFrame, where it was saved as the first column."""
    name = table.source.header[0].lower() if table.source.header else None
    return 0 if name in INDEX_NAMES and not is_label(table.texts[0]) else None


def _evidence(
    train: Table, test: Table | None, column: int, inner: list[int], test_inner: list[int]
) -> LabelEvidence:
    if _are_words(train.texts[column]):
        return LabelEvidence(words=True)
    pixels = [c for c in inner if c != column]
    if not pixels:
        return LabelEvidence(words=False)
    neighbour = pixels[0] if column < pixels[0] else pixels[-1]
    contrast = _contrast(_column(train, column), _column(train, neighbour))
    alignment = 0.0
    if test and len(inner) == len(test_inner):  # it may have labels too
        test_inner = [c for at, c in enumerate(test_inner) if inner[at] != column]
    if test and len(pixels) == len(test_inner):
        alignment = _alignment(_means(train)[pixels], _means(test)[test_inner])
    return LabelEvidence(words=False, score=contrast + alignment)


def _contrast(one: npt.NDArray[np.float64], two: npt.NDArray[np.float64]) -> float:
    """How different two columns' distributions are, 0..1: a label is
    distributed unlike the adjacent pixel.

    The two-sample Kolmogorov-Smirnov statistic. `scipy.stats` has it and takes 0.7 s to import.
    """
    one, two = (np.sort(values[np.isfinite(values)]) for values in (one, two))
    if not len(one) or not len(two):
        return 0.0
    grid = np.union1d(one, two)
    shares = (np.searchsorted(values, grid, side="right") / len(values) for values in (one, two))
    return float(np.abs(np.subtract(*shares)).max())


def _alignment(train: npt.NDArray[np.float64], test: npt.NDArray[np.float64]) -> float:
    """How well two files' mean images agree, -1..1: they do where the label was removed.

    Their correlation, without the three pixels at each end, which were read as text.
    """
    train, test = train[3:-3], test[3:-3]
    if len(train) < 2 or not np.ptp(train) or not np.ptp(test):
        return 0.0
    return float(np.corrcoef(train, test)[0, 1])


def _means(table: Table) -> npt.NDArray[np.float64]:
    """(columns,) mean values, zero where a cell is invalid."""
    means = table.values.mean(axis=0, dtype=np.float64)
    return np.where(np.isfinite(means), means, 0.0)


def _column(table: Table, column: int) -> npt.NDArray[np.float64]:
    """(n,) the column's numbers, NaN where a cell holds none."""
    if column in table.texts:
        return to_numbers(table.texts[column])
    return table.values[:, column].astype(np.float64)


def _are_words(text: Texts) -> bool:
    return bool(np.mean(np.isnan(to_numbers(text))) > MIN_WORDS)


def _names_rows(text: Texts | None) -> bool:
    """Whether the cells number the rows one by one, or are a different word in each row."""
    if text is None or len(text) < 3 or len(np.unique(text)) < MIN_DISTINCT * len(text):
        return False
    steps = np.diff(to_numbers(text))
    counting = np.count_nonzero(steps == 1) > MIN_COUNTING * len(steps)
    return _are_words(text) or bool(counting)
