"""The score of the best of several runs, corrected for having chosen it on the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Rows
from pipeline.metrics.metric import (
    ACCURACY,
    DEFAULT_METRIC,
    Metric,
    Sums,
    random_bits,
    wilson_interval,
)

SPLITS = 500
AT_ONCE = 4_000_000  # rows of splits in memory


@dataclass(frozen=True)
class Estimate:
    """What the best of several runs is expected to reach on new rows.

    Attributes:
        value: the metric, corrected for the choice; an accuracy is in 0..1.
        low, high: its 95 % interval.
        optimism: by how much the metric on the rows of the choice is too good.
        runs: among how many it was chosen.
    """

    value: float
    low: float
    high: float
    optimism: float
    runs: int
    metric: Metric = DEFAULT_METRIC

    def __str__(self) -> str:
        return self.metric.with_interval(self.value, self.low, self.high)


def estimate_winner(
    correct: npt.NDArray[np.bool_],
    groups: Rows | None = None,
    seed: int = 0,
    metric: Metric = ACCURACY,
) -> Estimate:
    """Estimates the accuracy of the most accurate run on new rows, or another share of rows.

    The choice is repeated on random halves of the rows, and the chosen run is scored on the other
    half, where it has no advantage. Where one run is far ahead it is always chosen, and nothing is
    corrected; the more alike the runs are, the nearer is the estimate to their mean. It is never
    above the accuracy on all rows. This is BBC-CV (Tsamardinos, Greasidou and Borboudakis, 2018,
    Machine Learning 107, 1895-1922) with halves instead of bootstrap samples, and agrees with it.
    The interval is Wilson's around the estimate; in simulations it covers the truth in 96 of 100
    leaderboards. Of 30 equally good runs about a sixth of the optimism remains, because runs that
    are equal on a half are ordered as on all rows.

    What training chose on the same rows, such as the best epoch, is not corrected, nor is the
    choice among runs that are not given: deleted ones, or those that a recipe was tuned with.

    Args:
        correct: (r, n) whether each run is correct. Of equally accurate runs, the first is the
            best.
        groups: (n,) rows with equal values are copies of one image. They stay in one half, and
            count once for the interval. None: there are no copies.
        seed: random seed of the halves.
        metric: the share, whose `of_rows` gives `correct`.
    """
    right, sizes = _count(correct, groups)
    best_first = right[np.argsort(-right.sum(axis=1), kind="stable")]
    differ = (right != right[0]).any(axis=0)  # the choice depends on these groups alone
    hits = right[0, ~differ].sum() + _right_when_chosen(best_first[:, differ], seed)
    best, accuracy = float(best_first[0].sum() / sizes.sum()), float(hits / sizes.sum())
    low, high = wilson_interval(accuracy, len(sizes))
    return Estimate(accuracy, low, high, best - accuracy, len(correct), metric)


def estimate_best(metric: Metric, runs: Sequence[Sums], seed: int = 0) -> Estimate:
    """The same estimate for any metric.

    The optimism is how much worse than the best run the chosen one is on the other half, in the
    mean over both halves of all splits. The interval is that of the best run, moved by it.

    Args:
        runs: for each run, the best first, (n, s) as `Metric.rows` gives them.
    """
    lost, halves = 0.0, 0
    for bits in random_bits(SPLITS, len(runs[0]), seed):
        one = np.stack([bits @ rows for rows in runs])
        two = np.stack([rows.sum(axis=0) for rows in runs])[:, None] - one
        both = (one[0, :, -1] > 0) & (two[0, :, -1] > 0)  # of few rows, a half may have none
        one, two = one[:, both], two[:, both]
        goodness = [metric.goodness(metric.of_sums(sums)) for sums in (one, two)]
        for chosen_on, scored_on in (goodness, goodness[::-1]):
            chosen = chosen_on.argmax(axis=0)
            lost += float((scored_on[0] - scored_on[chosen, np.arange(len(chosen))]).sum())
            halves += len(chosen)
    optimism = max(0.0, lost / halves) if halves else 0.0
    moved = -optimism if metric.higher_is_better else optimism
    low, high = metric.interval(runs[0])
    value = float(metric.of_sums(runs[0].sum(axis=0)))
    return Estimate(value + moved, low + moved, high + moved, optimism, len(runs), metric)


def _count(
    correct: npt.NDArray[np.bool_], groups: Rows | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(r, g) how many rows of each group a run predicts correctly, and (g,) how many it has."""
    if groups is None:
        return correct.astype(np.float64), np.ones(correct.shape[1])
    _, of_row, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    right = [np.bincount(of_row, weights=run).astype(np.float64) for run in correct]
    return np.stack(right), sizes.astype(np.float64)


def _right_when_chosen(right: npt.NDArray[np.float64], seed: int) -> float:
    """How many rows are correct if each half of them is predicted by the best run of the other.

    Args:
        right: (r, g) as `_count` gives, the best run first.

    Returns:
        The mean over the splits.
    """
    random = np.random.default_rng(seed)
    weights = right.T.astype(np.float32)
    at_once = max(1, AT_ONCE // max(1, len(weights)))
    hits = 0.0
    for start in range(0, SPLITS, at_once):
        shape = (min(at_once, SPLITS - start), len(weights))
        one = random.integers(0, 2, shape, dtype=np.int8).astype(np.float32) @ weights
        two = right.sum(axis=1) - one
        for chosen_on, scored_on in ((one, two), (two, one)):
            best = chosen_on.argmax(axis=1)
            hits += float(scored_on[np.arange(len(best)), best].sum())
    return hits / SPLITS
