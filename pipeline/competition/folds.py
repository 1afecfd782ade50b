"""Folds: which rows train and which validate. Made once for each competition."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.arrays import Labels, Pixels, Rows

HOLD_OUT = "hold-out"


@dataclass(frozen=True, eq=False)
class Fold:
    """Which rows of the training file train and which validate: row numbers in ascending order.

    Attributes:
        name: name of the fold, such as "hold-out".
        notes: what a user should know about it.
    """

    train: Rows
    validation: Rows
    name: str = HOLD_OUT
    notes: tuple[str, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the validation rows: scores are comparable if it is equal."""
        return hashlib.sha256(self.validation.astype("<i8").tobytes()).hexdigest()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the training and the validation rows."""
        rows = self.train.astype("<i8").tobytes() + self.fingerprint.encode()
        return hashlib.sha256(rows).hexdigest()


def hold_out(pixels: Pixels, labels: Labels, share: float, seed: int) -> Fold:
    """A stratified split that keeps equal images in the same set.

    A copy of a training image among the validation rows would bias the score. A class with a
    single image is used for training only.

    Args:
        pixels: (n, pixels).
        share: fraction of the rows of each class that validate, between 0 and 1.
        seed: random seed.
    """
    group, copies = groups_of_equal_rows(pixels)
    label_of_group = labels[np.unique(group, return_index=True)[1]]
    random = np.random.default_rng(seed)
    chosen: list[int] = []
    single = 0
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(label_of_group == label))
        single += len(members) == 1
        count = min(max(round(share * len(members)), 1), len(members) - 1)
        chosen.extend(members[: max(count, 0)])
    validates = np.isin(group, chosen)
    notes = []
    if copies:
        notes.append(f"{copies} rows are copies of other rows; copies stay in the same set")
    if single:
        classes = "1 class has" if single == 1 else f"{single} classes have"
        notes.append(f"{classes} a single image; it is used for training only")
    return Fold(np.flatnonzero(~validates), np.flatnonzero(validates), notes=tuple(notes))


def groups_of_equal_rows(pixels: Pixels) -> tuple[Rows, int]:
    """Groups rows with equal pixels.

    Returns:
        (n,) group numbers, from 0 in the order of first appearance; the number of rows that
        repeat an earlier one.
    """
    digests = np.fromiter(row_digests(pixels), "V16", len(pixels))
    _, first, group = np.unique(digests, return_index=True, return_inverse=True)
    number = np.empty_like(first)
    number[np.argsort(first)] = np.arange(len(first))
    return number[group], len(pixels) - len(first)


def row_digests(pixels: Pixels) -> Iterator[bytes]:
    """A hash of 16 bytes for each row: equal rows have equal hashes."""
    return (hashlib.blake2b(row.data, digest_size=16).digest() for row in pixels)
