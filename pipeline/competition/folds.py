"""Which rows train and which validate: made once a competition, shared by every run."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Pixels, Rows


@dataclass(frozen=True)
class Fold:
    """Row numbers of the training file, counted from 0, ascending.

    Attributes:
        notes: what a user should know of it.
    """

    train: Rows
    validation: Rows
    notes: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the validation rows; runs carry it."""
        return hashlib.sha256(self.validation.astype("<i8").tobytes()).hexdigest()


def hold_out(pixels: Pixels, labels: npt.NDArray[np.int64], share: float, seed: int) -> Fold:
    """A stratified split in which equal images stand on one side.

    Rows with the same pixels go together: a copy of a training image among the validation rows
    would be no test. A class with one image only trains.

    Args:
        share: the validation rows' share of each class, between 0 and 1.
        seed: draws the rows.
    """
    group, copies = groups_of_equal_rows(pixels)
    kind = labels[np.unique(group, return_index=True)[1]]  # of each group's first row
    random = np.random.default_rng(seed)
    chosen: list[int] = []
    alone = 0
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(kind == label))
        alone += len(members) == 1
        count = min(max(round(share * len(members)), 1), len(members) - 1)
        chosen.extend(members[: max(count, 0)])
    validates = np.isin(group, chosen)
    notes = []
    if copies:
        notes.append(f"{copies} rows are copies of others and stand on the same side as these")
    if alone:
        notes.append(f"{alone} classes have one image, which trains")
    return Fold(np.flatnonzero(~validates), np.flatnonzero(validates), tuple(notes))


def groups_of_equal_rows(pixels: Pixels) -> tuple[Rows, int]:
    """Numbers rows so that equal rows have equal numbers.

    Returns:
        (n,) group numbers, from 0 in order of first appearance; how many rows repeat another.
    """
    digests = np.fromiter(row_digests(pixels), "V16", len(pixels))
    _, first, group = np.unique(digests, return_index=True, return_inverse=True)
    number = np.empty_like(first)
    number[np.argsort(first)] = np.arange(len(first))
    return number[group], len(pixels) - len(first)


def row_digests(pixels: Pixels) -> Iterator[bytes]:
    """16 bytes a row that stand for its pixels: less to hold in memory than the row itself."""
    return (hashlib.blake2b(row.data, digest_size=16).digest() for row in pixels)
