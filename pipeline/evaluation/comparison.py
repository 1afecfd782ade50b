"""Runs compared row by row: agreement, exact paired tests, shared ranks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Probabilities, Rows
from pipeline.evaluation.estimate import Estimate, estimate_best, estimate_winner
from pipeline.evaluation.leaderboard import rank
from pipeline.metrics.metric import Sums, permutation_tests
from pipeline.runs.metrics import average, number_images
from pipeline.runs.ranking import metric_of, value_of
from pipeline.runs.run import Run

SIGNIFICANCE = 0.05  # two runs are tied if the p-value of their difference is at least this


@dataclass(frozen=True)
class Comparison:
    """Runs on the same validation rows, the best first.

    Attributes:
        p_values: (r, r) of the paired tests, 1 on the diagonal.
        agreement: (r, r) fractions of rows with the same prediction, in 0..1.
    """

    runs: Sequence[Run]
    p_values: npt.NDArray[np.float64]
    agreement: npt.NDArray[np.float64]

    @property
    def tied_with_first(self) -> list[int]:
        """Indices of the runs that are not significantly worse than the first, itself included."""
        return np.flatnonzero(self.p_values[0] >= SIGNIFICANCE).tolist()

    @cached_property
    def rank_ranges(self) -> list[tuple[int, int]]:
        """The best and the worst rank that each run may have."""
        metric = metric_of(self.runs[0])
        return rank_ranges(metric.goodness([value_of(run) for run in self.runs]), self.p_values)

    @cached_property
    def ranks(self) -> list[str]:
        """Each run's rank: "2", or "1-3" with an en dash for one that may be any of these."""
        return [
            str(low) if low == high else f"{low}\N{EN DASH}{high}" for low, high in self.rank_ranges
        ]

    @cached_property
    def estimate(self) -> Estimate:
        """The metric of the first run, corrected for having been chosen on these rows."""
        images, metric = _images(self.runs), metric_of(self.runs[0])
        if metric.share:
            right = np.stack([rows[:, 0] > 0 for rows in _rows(self.runs, None)])
            return estimate_winner(right, images, metric=metric)
        return estimate_best(metric, _rows(self.runs, images))

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
    predicted = np.stack([run.validation.probabilities.argmax(axis=1) for run in ranked])
    agreement = np.array([(predicted == one).mean(axis=1) for one in predicted])
    images, metric = _images(ranked), metric_of(ranked[0])
    rows = _rows(ranked, images)
    if metric.share:
        p_values = paired_tests(np.stack([one[:, 0] for one in rows]))
    else:
        p_values = permutation_tests(metric, rows)
    return Comparison(ranked, p_values, agreement)


def _images(runs: Sequence[Run]) -> Rows | None:
    """(n,) a number for the image of each validation row; None if no row repeats another."""
    return number_images((run.validation.probabilities for run in runs), runs[0].scores.copies)


def _rows(runs: Sequence[Run], images: Rows | None) -> list[Sums]:
    """What the metric sums over rows, of each run, see `Metric.rows`."""
    metric, labels = metric_of(runs[0]), runs[0].validation.labels
    return [metric.rows(run.validation.probabilities, labels, images) for run in runs]


def mcnemar(better: npt.NDArray[Any], worse: npt.NDArray[Any]) -> float:
    """The p-value of the exact paired test (McNemar, 1947), two-sided.

    Equal images are one observation, as a run predicts the same for all of them. An image favours
    the run that is correct in more of its rows; if the runs were equally good, it would favour
    either one with probability 1/2. Images that favour neither do not count.

    Args:
        better, worse: (n,) how many rows of each image each run predicts correctly, or whether it
            does. `better` has the higher accuracy on the rows; if more images favour `worse` all
            the same, because of copies, the runs cannot be told apart: 1.
    """
    from scipy.special import bdtr  # takes 0.1 s to import

    for_better, for_worse = int((better > worse).sum()), int((better < worse).sum())
    return min(1.0, 2 * float(bdtr(for_worse, for_better + for_worse, 0.5)))


def paired_tests(correct: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """(r, n) as `mcnemar` takes them, the best run first -> (r, r) p-values of the paired test."""
    values = np.ones((len(correct), len(correct)))
    for i, worse in enumerate(correct):
        for j in range(i):
            values[i, j] = values[j, i] = mcnemar(correct[j], worse)
    return values


def rank_ranges(
    goodness: npt.ArrayLike, p_values: npt.NDArray[np.float64]
) -> list[tuple[int, int]]:
    """The best and the worst rank that each run may have.

    A run is behind those that are significantly better, and ahead of those significantly worse.

    Args:
        goodness: (r,) the higher, the better.
        p_values: (r, r) of the paired tests.
    """
    shares = np.asarray(goodness)
    different = p_values < SIGNIFICANCE
    ahead = different & (shares[None, :] > shares[:, None])
    behind = different & (shares[None, :] < shares[:, None])
    best, worst = 1 + ahead.sum(axis=1), len(shares) - behind.sum(axis=1)
    return [(int(low), int(high)) for low, high in zip(best, worst, strict=True)]
