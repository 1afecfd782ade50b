"""Folds: which rows train and which validate. Made once for each competition."""

import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Labels, Pixels, Rows
from pipeline.errors import PipelineError

HOLD_OUT = "hold-out"
LOCKED_SEED = 4_294_967_291  # locked rows do not depend on the seed of the validation rows
# Largest root mean square difference of similar images, in standard deviations of all pixels. For
# digits it is 2 % of the range of the pixels. A single bright pixel would change the range itself.
SIMILAR = 0.065
MAX_CANDIDATES = 2_000_000  # pairs of rows
MAX_GROUP, SMALL = 0.1, 20  # share of the rows and rows; a larger group is a chain, not copies
MAX_COMPARED = 60_000  # rows
ROUNDING = 1.01  # tolerance for squared distances of sketches in float32
CHUNK, SKETCH = 1024, 64  # rows that are compared at a time, numbers in the sketch of a row


@dataclass(frozen=True, eq=False)
class Fold:
    """Which rows of `Competition.train_pixels` train and which validate: indices, ascending.

    Attributes:
        name: name of the fold, such as "hold-out" or "1of5".
        notes: notes for the user.
        part: its number, from 1, among the folds of a cross-validation; 0 for a hold-out.
    """

    train: Rows
    validation: Rows
    name: str = HOLD_OUT
    notes: tuple[str, ...] = ()
    part: int = 0

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the validation rows: scores are comparable if it is equal."""
        return rows_fingerprint(self.validation)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the training and the validation rows."""
        rows = self.train.astype("<i8").tobytes() + self.fingerprint.encode()
        return hashlib.sha256(rows).hexdigest()


def check_fold(fold: Fold, rows: int) -> None:
    """Checks a fold that a user made.

    Args:
        rows: number of rows of the training file.

    Raises:
        PipelineError: a row is not in the file, or not in order, or both trains and validates.
    """
    for role, some in (("train", fold.train), ("validation", fold.validation)):
        ascending = len(some) and (np.diff(some, prepend=-1, append=rows) > 0).all()
        if not ascending:
            raise PipelineError(
                "rows that are missing, repeated, not ascending or not in the training file",
                where=f"fold.{role}",
                expected=f"row numbers in 0..{rows - 1} in ascending order",
            )
    if shared := len(np.intersect1d(fold.train, fold.validation)):
        raise PipelineError(
            f"{shared} validation rows are training rows too",
            where="fold",
            expected="validation rows that no model trains on",
        )


def rows_fingerprint(rows: Rows) -> str:
    """SHA-256 of row numbers."""
    return hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()


def hold_out(groups: Rows, labels: Labels, share: float, seed: int) -> Fold:
    """A stratified split that keeps copies and near copies of an image in the same set.

    A copy of a training image among the validation rows would bias the score. An image with more
    copies than the share is only used for training. So is a class with a single image.

    Args:
        groups: (n,) group numbers. Rows with equal numbers stay together.
        labels: (n,) class indices.
        share: fraction of the rows of each class that validate, between 0 and 1.
        seed: random seed.
    """
    group = _renumber(groups)
    label_of_group = labels[np.unique(group, return_index=True)[1]]
    sizes = np.bincount(group)
    random = np.random.default_rng(seed)
    chosen: list[int] = []
    single = 0
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(label_of_group == label))
        if not len(members):  # all its images are copies of images of other classes
            continue
        single += len(members) == 1
        space = _validation_rows(sizes[members], share)
        for member in members:
            if sizes[member] <= space:
                chosen.append(member)
                space -= sizes[member]
    validates = np.isin(group, chosen)
    notes = []
    if similar := len(group) - len(sizes):
        notes.append(f"{similar} copies or near copies of rows stay in the same set")
    if single:
        notes.append(f"{_classes_have(single)} a single image; it is used for training only")
    return Fold(np.flatnonzero(~validates), np.flatnonzero(validates), notes=tuple(notes))


def choose_locked(pixels: Pixels, labels: Labels, share: float) -> Rows:
    """The rows that are locked, in ascending order: the same for the same rows and share.

    They are chosen like validation rows, see `hold_out`.

    Args:
        pixels: (n, pixels) of the training file.
        share: fraction of the rows of each class, between 0 and 1.
    """
    return hold_out(groups_of_similar_rows(pixels), labels, share, LOCKED_SEED).validation


def _classes_have(count: int) -> str:
    return "1 class has" if count == 1 else f"{count} classes have"


def given_hold_out(pixels: Pixels, validation_rows: int) -> Fold:
    """The fold of a validation file, whose rows are the last ones.

    Args:
        pixels: (n, pixels).
    """
    rows = np.arange(len(pixels))
    train, validation = rows[:-validation_rows], rows[-validation_rows:]
    seen = set(row_digests(pixels[train]))
    copies = sum(digest in seen for digest in row_digests(pixels[validation]))
    rows_repeat = "1 validation row repeats" if copies == 1 else f"{copies} validation rows repeat"
    note = f"{rows_repeat} a training row, which makes the score too good"
    return Fold(train, validation, notes=(note,) if copies else ())


def _validation_rows(sizes: npt.NDArray[np.int64], share: float) -> int:
    """The number of rows of a class that may validate: the share, without larger groups.

    Args:
        sizes: number of rows of each group; a group is never split.
    """
    rows = rest = int(sizes.sum())
    for size in np.sort(sizes)[::-1].tolist():
        target = max(round(share * rest), 1)
        if size <= target:
            return min(target, rows - 1)
        rest -= size
    return min(int(sizes.min()), rows - 1)  # one group at least, if there are two


def k_folds(groups: Rows, labels: Labels, k: int, seed: int) -> tuple[Fold, ...]:
    """Stratified folds: every row validates in exactly one of them.

    Copies and near copies of an image validate in the same fold. A class with fewer images than
    folds is missing in the validation rows of some folds. A class with a single image is missing in
    the training rows of one fold. There must be at least as many different images as folds, and as
    many rows of the largest class.

    Args:
        groups: (n,) group numbers. Rows with equal numbers stay together.
        labels: (n,) class indices.
        k: number of folds, 2 or more.
        seed: random seed.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    similar = len(groups) - len(np.unique(groups))
    splitter = (StratifiedGroupKFold if similar else StratifiedKFold)(
        k, shuffle=True, random_state=seed
    )
    notes = []
    if similar:
        notes.append(f"{similar} copies or near copies of rows stay in the same fold")
    rare = int((np.bincount(labels) < k).sum())
    if rare:
        notes.append(f"{_classes_have(rare)} fewer than {k} rows")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # rare classes: they are in the notes
        parts = list(splitter.split(labels, labels, groups))
    return tuple(
        Fold(train, validation, f"{part}of{k}", tuple(notes), part)
        for part, (train, validation) in enumerate(parts, 1)
    )


def groups_of_similar_rows(pixels: Pixels) -> Rows:
    """Groups rows with nearly equal pixels, see `SIMILAR`, also through other similar rows.

    Only equal rows are grouped in two cases. The first: there are more than `MAX_COMPARED`
    different rows or `MAX_CANDIDATES` pairs, which would take too long (the time is quadratic). The
    second: a group is larger than `MAX_GROUP`. Its images are probably frames of a film, no copies.

    Returns:
        (n,) group numbers, from 0 in the order of first appearance.
    """
    equal, _ = groups_of_equal_rows(pixels)
    first = np.unique(equal, return_index=True)[1]
    if len(first) > MAX_COMPARED:
        return equal
    similar = _connect_similar(pixels[first])
    if np.bincount(similar).max() > max(MAX_GROUP * len(first), SMALL):
        return equal
    return similar[equal]


def _connect_similar(pixels: Pixels) -> Rows:
    """Groups different rows that are similar, directly or through other rows.

    Returns:
        (n,) group numbers. Each row is a group if there are too many candidates.
    """
    # float32 keeps more digits of the differences if the pixels are centred.
    middle, scale = float(pixels.mean(dtype=np.float64)), float(pixels.std(dtype=np.float64))
    scale = max(scale, 1e-9)
    limit = SIMILAR**2 * pixels.shape[1]  # of the squared distance
    parts = [pixels[at : at + CHUNK] for at in range(0, len(pixels), CHUNK)]
    sketch = np.concatenate([_sketch((part - middle).astype(np.float32) / scale) for part in parts])
    squares, ones = (sketch**2).sum(axis=1), np.ones(len(sketch))
    # The products of their rows are squared distances.
    left = np.column_stack([-2 * sketch, squares, ones]).astype(np.float32)
    right = np.column_stack([sketch, ones, squares]).astype(np.float32)
    every = np.arange(len(pixels))
    group, candidates = every, 0
    for first in range(0, len(sketch), CHUNK):
        distances = left[first : first + CHUNK] @ right[first:].T
        one, two = np.nonzero(distances <= ROUNDING * limit)
        one, two = (one + first)[two > one], (two + first)[two > one]
        candidates += len(one)
        if candidates > MAX_CANDIDATES:
            return every
        near = [
            (((pixels[one[some]] - pixels[two[some]].astype(np.float32)) / scale) ** 2).sum(axis=1)
            for some in (slice(at, at + CHUNK) for at in range(0, len(one), CHUNK))
        ]
        if near:
            close = np.concatenate(near) <= limit
            group = _connect(group, one[close], two[close])
    return group


def _sketch(values: npt.NDArray[np.float32]) -> npt.NDArray[np.floating[Any]]:
    """Scaled sums over disjoint pixels. Sketches are never further apart than their rows."""
    pixels = values.shape[1]
    sums = [values[:, at::SKETCH].sum(axis=1) for at in range(min(SKETCH, pixels))]
    counts = [len(range(at, pixels, SKETCH)) for at in range(len(sums))]
    return np.stack(sums, axis=1) / np.sqrt(counts, dtype=np.float32)


def _connect(group: Rows, one: Rows, two: Rows) -> Rows:
    """(n,) group numbers, after each row `one[i]` is joined with row `two[i]`."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    # The groups so far are edges too: from each row to the first one of its group.
    start = np.unique(group, return_index=True)[1][group]
    edges = np.concatenate([one, np.arange(len(group))]), np.concatenate([two, start])
    graph = coo_array((np.ones(len(edges[0]), bool), edges), shape=(len(group),) * 2)
    return _renumber(connected_components(graph, directed=False)[1])


def groups_of_equal_rows(pixels: Pixels) -> tuple[Rows, int]:
    """Groups rows with equal pixels.

    Returns:
        (n,) group numbers, from 0 in the order of first appearance; the number of rows that
        repeat an earlier one.
    """
    group = _renumber(np.fromiter(row_digests(pixels), "V16", len(pixels)))
    return group, len(pixels) - len(np.unique(group))


def _renumber(groups: npt.NDArray[Any]) -> Rows:
    """(n,) group numbers, from 0 in the order of first appearance.

    Args:
        groups: (n,) equal values for the rows of a group.
    """
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    number = np.empty_like(first)
    number[np.argsort(first)] = np.arange(len(first))
    return number[group]


def row_digests(pixels: Pixels) -> Iterator[bytes]:
    """A hash of 16 bytes for each row: equal rows have equal hashes."""
    return (hashlib.blake2b(row.data, digest_size=16).digest() for row in pixels)


def count_duplicates(train: Pixels, labels: Labels, test: Pixels) -> tuple[int, int, int]:
    """Training rows that are duplicates, test rows that repeat a training row, and images with
    more than one label."""
    groups, copies = groups_of_equal_rows(train)
    pairs = np.unique(np.stack([groups, labels]), axis=1)  # (group, label)
    conflicts = int(np.count_nonzero(np.bincount(pairs[0]) > 1))
    known = set(row_digests(train))
    shared = sum(digest in known for digest in row_digests(test))
    return copies, shared, conflicts
