"""Runs compared row by row: agreement, exact paired tests, shared ranks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr

from pipeline.arrays import Probabilities, Rows
from pipeline.evaluation.estimate import Estimate, estimate_winner
from pipeline.evaluation.leaderboard import rank
from pipeline.runs.run import Run, average

SIGNIFICANCE = 0.05  # two runs are tied if the p-value of their difference is at least this


@dataclass(frozen=True)
class Comparison:
    """Runs on the same validation rows, the best first.

    Attributes:
        correct: (r, n) whether each run is correct.
        p_values: (r, r) of the paired tests, 1 on the diagonal.
        agreement: (r, r) fractions of rows with the same prediction, in 0..1.
    """

    runs: Sequence[Run]
    correct: npt.NDArray[np.bool_]
    p_values: npt.NDArray[np.float64]
    agreement: npt.NDArray[np.float64]

    @property
    def tied_with_first(self) -> list[int]:
        """Indices of the runs that are not significantly worse than the first, itself included."""
        return np.flatnonzero(self.p_values[0] >= SIGNIFICANCE).tolist()

    @cached_property
    def rank_ranges(self) -> list[tuple[int, int]]:
        """The best and the worst rank that each run may have."""
        return rank_ranges([run.scores.accuracy for run in self.runs], self.p_values)

    @cached_property
    def ranks(self) -> list[str]:
        """Each run's rank: "2", or "1-3" with an en dash for one that may be any of these."""
        return [
            str(low) if low == high else f"{low}\N{EN DASH}{high}" for low, high in self.rank_ranges
        ]

    @cached_property
    def estimate(self) -> Estimate:
        """The accuracy of the first run, corrected for having been chosen on these rows."""
        return estimate_winner(self.correct, _images(self.runs[0]))

    @cached_property
    def pooled(self) -> Probabilities:
        """(n, k) mean probabilities of the runs that are tied with the first."""
        return average([self.runs[i].validation.probabilities for i in self.tied_with_first])


def compare(runs: Sequence[Run]) -> Comparison:
    """Compares every pair of runs.

    Raises:
        PipelineError: their scores are not comparable.
    """
    ranked = rank(runs)
    labels = ranked[0].validation.labels
    predicted = np.stack([run.validation.probabilities.argmax(axis=1) for run in ranked])
    agreement = np.array([(predicted == one).mean(axis=1) for one in predicted])
    correct = predicted == labels
    return Comparison(ranked, correct, paired_tests(correct), agreement)


def _images(run: Run) -> Rows | None:
    """(n,) a number for the image of each validation row; None if no row repeats another.

    A model gives all copies of an image the same probabilities, to the last bit.
    """
    if not run.scores.copies:
        return None
    _, images = np.unique(run.validation.probabilities, axis=0, return_inverse=True)
    return images.reshape(-1)


def mcnemar(one: npt.NDArray[np.bool_], two: npt.NDArray[np.bool_]) -> float:
    """The p-value of the exact paired test (McNemar, 1947), two-sided.

    Only rows that exactly one of the two runs predicts correctly count; if the runs were equally
    good, each of these would favour either run with probability 1/2.

    Args:
        one, two: (n,) whether each run is correct.
    """
    only_one, only_two = int((one & ~two).sum()), int((~one & two).sum())
    return min(1.0, 2 * float(bdtr(min(only_one, only_two), only_one + only_two, 0.5)))


def paired_tests(correct: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """(r, n) whether each run is correct -> (r, r) p-values of the paired test."""
    values = np.ones((len(correct), len(correct)))
    for i, one in enumerate(correct):
        for j in range(i):
            values[i, j] = values[j, i] = mcnemar(one, correct[j])
    return values


def rank_ranges(
    accuracies: Sequence[float], p_values: npt.NDArray[np.float64]
) -> list[tuple[int, int]]:
    """The best and the worst rank that each run may have.

    A run is behind those that are significantly better, and ahead of those significantly worse.
    """
    shares = np.asarray(accuracies)
    different = p_values < SIGNIFICANCE
    ahead = different & (shares[None, :] > shares[:, None])
    behind = different & (shares[None, :] < shares[:, None])
    best, worst = 1 + ahead.sum(axis=1), len(shares) - behind.sum(axis=1)
    return [(int(low), int(high)) for low, high in zip(best, worst, strict=True)]
