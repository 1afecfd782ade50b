"""Which columns are the label and the ids, from names, values and what two files share."""

import math

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Texts
from pipeline.competition.overrides import Overrides
from pipeline.errors import PipelineError, nearest
from pipeline.reading.cells import to_numbers
from pipeline.reading.reader import Table
from pipeline.reading.source import Source

LABEL_NAMES = ("label", "labels", "class", "digit", "target", "category", "y")
ID_NAMES = ("id", "imageid", "image_id")
# What pandas calls an index that was saved along: it counts rows, and names none.
INDEX_NAMES = ("", "unnamed: 0", "index")
ENDS = ("first", "last")
MOST_LABELS = 100
MOST_TEXTS = 16


def candidates(
    source: Source, other: Source, settings: Overrides, sample_id: str | None
) -> set[int]:
    """The columns that may turn out to be labels or ids: those at either end, those with
    telling names, and those the other file lacks."""
    last = source.columns - 1
    columns = {c for c in (0, 1, 2, last - 1, last) if 0 <= c <= last}
    names = source.header or []
    telling = {*LABEL_NAMES, *ID_NAMES, (sample_id or "").lower()} - {""}
    told = (settings.label, settings.id)
    columns |= {c for c, name in enumerate(names) if name.lower() in telling or name in told}
    theirs = set(other.header or names)
    lacking = {c for c, name in enumerate(names) if name not in theirs}
    # Two files of other pixels: leave the complaint to `infer`, and the columns as numbers.
    return columns | lacking if len(lacking) <= MOST_TEXTS else columns


def id_columns(table: Table, settings: Overrides, sample_id: str | None) -> list[int]:
    """The columns that name or count rows; the last one holds the ids."""
    source = table.source
    if settings.id is not None:
        told = told_column(source, settings.id, "id", missing_ok=True)
        return [] if told is None else [told]
    if not source.header:
        front = [c for c in (0, 1) if _names_rows(table.texts.get(c))]
        back = source.columns - 1
        return front if front[:1] == [0] else [back] * _names_rows(table.texts.get(back))
    names = [name.lower() for name in source.header]
    wanted = ([sample_id.lower()] if sample_id else []) + list(ID_NAMES)
    return [names.index(name) for name in wanted if name in names][:1]


def index_column(table: Table) -> int | None:
    """The index that pandas has saved along as the first column, of no use here."""
    first = (table.source.header or ["pixel"])[0].lower()
    return 0 if first in INDEX_NAMES and not is_label(table.texts[0]) else None


def label_column(
    train: Table, test: Table, settings: Overrides, inner: list[int], test_inner: list[int]
) -> int:
    """The label's column in the training file.

    Args:
        inner, test_inner: the two files' columns that hold no ids.
    """
    source = train.source
    if settings.label is not None:
        column = told_column(source, settings.label, "label")
        assert column is not None
        return column
    names = [name.lower() for name in source.header or ()]
    for name in LABEL_NAMES:
        if name in names:
            return names.index(name)
    places = {*inner[:1], *inner[-1:]}
    if source.header and test.source.header:
        theirs = set(test.source.header)
        extra = {c for c in inner if source.header[c] not in theirs}
        if len(extra) == 1:
            return extra.pop()
        places &= extra
    elif len(inner) == len(test_inner) and is_image(len(inner), settings):
        places = set()  # both hold whole images and nothing else
    likely = [c for c in sorted(places) if c in train.texts and is_label(train.texts[c])]
    if not likely:
        raise PipelineError(
            f"{source.path} has no column that looks like a label: none is named "
            f"{', '.join(LABEL_NAMES)}, and neither end holds a few classes. "
            'Name it with --label, or in competition.toml: label = "..." (or "first", "last").'
        )
    return max(likely, key=lambda c: _likeness(train, test, c, inner, test_inner))


def square_side(pixels: int, channels: int = 1) -> int:
    """The side of a square image of so many values, or 0."""
    side = math.isqrt(pixels // channels)
    return side if side >= 2 and side * side * channels == pixels else 0


def is_image(pixels: int, settings: Overrides) -> bool:
    """Whether so many values make an image."""
    if settings.shape:
        return math.prod(settings.shape) == pixels
    return bool(square_side(pixels) or square_side(pixels, 3))


def is_label(text: Texts) -> bool:
    """Whether there are a few classes: words, or whole numbers; but for a few broken cells."""
    if _are_words(text):
        return 2 <= len(np.unique(text)) <= max(2, len(text) // 2)
    values = to_numbers(text)
    values = values[np.isfinite(values)]
    whole = values == np.round(values)
    classes = len(np.unique(values[whole]))
    most = min(MOST_LABELS, max(2, len(text) // 2))
    return 2 <= classes <= most and bool(np.mean(whole) > 0.9)


def _likeness(
    train: Table, test: Table, column: int, inner: list[int], test_inner: list[int]
) -> float:
    """How well the column does as the label: words do best. Else a label is unlike the pixel
    beside it, and without it the pixels of the two files fall together."""
    if _are_words(train.texts[column]):
        return 3.0
    others = [c for c in inner if c != column]
    if not others:
        return 0.0
    neighbour = others[0] if column < others[0] else others[-1]
    unlike = _distance(*(_column(train, c) for c in (column, neighbour)))
    if len(others) != len(test_inner):
        return unlike
    known = slice(3, -3)  # the ends are text
    mine, theirs = (
        _means(table)[columns][known] for table, columns in ((train, others), (test, test_inner))
    )
    if len(mine) < 2 or not np.ptp(mine) or not np.ptp(theirs):
        return unlike
    return unlike + float(np.corrcoef(mine, theirs)[0, 1])


def _means(table: Table) -> npt.NDArray[np.float64]:
    """(columns,) mean values, zero where a cell is broken."""
    means = table.values.mean(axis=0, dtype=np.float64)
    return np.where(np.isfinite(means), means, 0.0)


def _column(table: Table, column: int) -> npt.NDArray[np.float64]:
    if column in table.texts:
        return to_numbers(table.texts[column])
    return table.values[:, column].astype(np.float64)


def _distance(one: npt.NDArray[np.float64], two: npt.NDArray[np.float64]) -> float:
    """How far two distributions are apart, 0..1 (Kolmogorov and Smirnov's statistic)."""
    one, two = (np.sort(values[np.isfinite(values)]) for values in (one, two))
    if not len(one) or not len(two):
        return 0.0
    grid = np.union1d(one, two)
    shares = (np.searchsorted(values, grid, side="right") / len(values) for values in (one, two))
    return float(np.abs(np.subtract(*shares)).max())


def _are_words(text: Texts) -> bool:
    return bool(np.mean(np.isnan(to_numbers(text))) > 0.5)


def _names_rows(text: Texts | None) -> bool:
    """Whether the column counts rows, each one more than the last, or gives each its own name;
    but for a few broken cells."""
    if text is None or len(text) < 3 or len(np.unique(text)) < 0.8 * len(text):
        return False
    steps = np.diff(to_numbers(text))
    return _are_words(text) or bool(np.count_nonzero(steps == 1) > 0.5 * len(steps))


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
