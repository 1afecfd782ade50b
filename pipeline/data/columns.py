"""Which columns are the label and the ids, from names, values and what two files share."""

import math

import numpy as np
import numpy.typing as npt

from pipeline.data.reader import Table
from pipeline.data.settings import Settings
from pipeline.data.source import NUMBER, Source
from pipeline.errors import PipelineError, nearest

LABEL_NAMES = ("label", "labels", "class", "digit", "target", "category", "y")
ID_NAMES = ("id", "imageid", "image_id", "")
ENDS = ("first", "last")


def candidates(source: Source, other: Source, settings: Settings) -> set[int]:
    """The columns that may turn out to be labels or ids: the two at either end, those with
    telling names, and those the other file lacks."""
    last = source.columns - 1
    columns = {c for c in (0, 1, last - 1, last) if 0 <= c <= last}
    for column, name in enumerate(source.header or ()):
        told = name in (settings.label, settings.id)
        known = name.lower() in LABEL_NAMES + ID_NAMES
        if told or known or (other.header and name not in other.header):
            columns.add(column)
    # Two files of other pixels: leave the complaint to `infer`, and the columns as numbers.
    return columns if len(columns) <= 16 else {c for c in columns if c in (0, 1, last - 1, last)}


def id_column(table: Table, settings: Settings, sample_id: str | None) -> int | None:
    header = table.source.header
    if settings.id is not None:
        return told_column(table.source, settings.id, "id", missing_ok=True)
    if header:
        names = [name.lower() for name in header]
        wanted = ([sample_id.lower()] if sample_id else []) + [n for n in ID_NAMES if n]
        named = next((names.index(name) for name in wanted if name in names), None)
        if named is not None:
            return named
        # Saved by pandas with its index: the first column has no name and counts.
        return 0 if names[0] == "" and _counts(table.texts[0]) else None
    ends = [c for c in (0, table.source.columns - 1) if c in table.texts]
    return next(
        (c for c in ends if _counts(table.texts[c]) or _all_words(table.texts[c])),
        None,
    )


def label_column(train: Table, test: Table, settings: Settings, ids: set[int | None]) -> int:
    source = train.source
    if settings.label is not None:
        column = told_column(source, settings.label, "label")
        assert column is not None
        return column
    places: list[int] = [c for c in _ends(source.columns, ids) if c in train.texts]
    if source.header:
        names = [name.lower() for name in source.header]
        for name in LABEL_NAMES:
            if name in names:
                return names.index(name)
    if source.header and test.source.header:
        theirs = set(test.source.header)
        extra = [c for c, n in enumerate(source.header) if n not in theirs and c not in ids]
        if len(extra) == 1:
            return extra[0]
        places = [c for c in places if c in extra]
    elif source.columns == test.source.columns and square_side(source.columns):
        places = []  # both hold whole images and nothing else
    likely = [c for c in places if is_label(train.texts[c])]
    if not likely:
        raise PipelineError(
            f"{source.path} has no column that looks like a label: none is named "
            f"{', '.join(LABEL_NAMES)}, and neither end holds a few classes. "
            'Name it with --label, or in competition.toml: label = "..." (or "first", "last").'
        )
    return max(likely, key=lambda c: _likeness(train, test, c, ids))


def square_side(pixels: int, channels: int = 1) -> int:
    """The side of a square image of so many values, or 0."""
    side = math.isqrt(pixels // channels)
    return side if side >= 2 and side * side * channels == pixels else 0


def _ends(columns: int, ids: set[int | None]) -> tuple[int, int]:
    inner = [c for c in range(columns) if c not in ids]
    return inner[0], inner[-1]


def _likeness(train: Table, test: Table, column: int, ids: set[int | None]) -> float:
    """How well the column does as the label: words first, then pixels lining up with test's."""
    text = train.texts[column]
    if not all(NUMBER.fullmatch(cell) for cell in text[:1000]):
        return 3.0
    others = [c for c in range(train.source.columns) if c != column and c not in ids]
    if len(others) == test.source.columns and not _constant(train) and not _constant(test):
        mine = train.values[:, others].mean(axis=0, dtype=np.float64)
        theirs = test.values.mean(axis=0, dtype=np.float64)
        inner = slice(2, -2)  # the ends are still text
        if np.ptp(mine[inner]) and np.ptp(theirs[inner]):
            return 1.0 + float(np.corrcoef(mine[inner], theirs[inner])[0, 1])
    counts = np.unique(text, return_counts=True)[1] / len(text)
    return float(-(counts * np.log(counts)).sum() / math.log(max(len(counts), 2))) - 1.0


def _constant(table: Table) -> bool:
    return bool(np.ptp(table.values) == 0)


def is_label(text: npt.NDArray[np.str_]) -> bool:
    """A few classes, more than one: words, or whole numbers."""
    classes = np.unique(text)
    if not 2 <= len(classes) <= max(2, len(text) // 2):
        return False
    if all(NUMBER.fullmatch(name) for name in classes):
        values = classes.astype(np.float64)
        return len(classes) <= 100 and bool((values == np.round(values)).all())
    return True


def _counts(text: npt.NDArray[np.str_]) -> bool:
    """Whether the column counts rows: whole numbers, each one more than the last."""
    if len(text) < 3 or not all(cell.isdigit() for cell in text):
        return False
    return bool((np.diff(text.astype(np.int64)) == 1).all())


def _all_words(text: npt.NDArray[np.str_]) -> bool:
    """Whether the column names rows: no two alike, and none a number."""
    return len(set(text)) == len(text) and not any(NUMBER.fullmatch(cell) for cell in text)


def told_column(source: Source, name: str, what: str, missing_ok: bool = False) -> int | None:
    """The index of a column told by its name, 'first' or 'last'."""
    if source.header and name in source.header:
        return source.header.index(name)
    if name in ENDS:
        return 0 if name == "first" else source.columns - 1
    if missing_ok:
        return None
    if not source.header:
        raise PipelineError(
            f"{source.path} has no header, so no column {name!r}. "
            f"For the {what} say 'first' or 'last'."
        )
    raise PipelineError(
        f"{source.path} has no column {name!r} for the {what}.{nearest(name, source.header)}"
    )
