"""Runs against each other, row by row: who agrees, and which differences are more than luck."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Labels

LUCK = 0.05  # differences that chance makes this often or oftener are ties


def agreement(predicted: Sequence[Labels]) -> npt.NDArray[np.float64]:
    """(r, r) shares of rows for which two runs predict the same class, in 0..1."""
    stacked = np.stack(predicted)
    return np.array([(stacked == one).mean(axis=1) for one in stacked])


def mcnemar(one: npt.NDArray[np.bool_], two: npt.NDArray[np.bool_]) -> float:
    """How often chance alone parts two runs as far as this: the exact paired test, two-sided.

    Only the rows that one gets right and the other wrong speak; were the runs equally good, each
    of these would fall to either side like a coin.

    Args:
        one, two: (n,) whether each run is right.
    """
    first, second = int((one & ~two).sum()), int((~one & two).sum())
    return two_sided_coin(min(first, second), first + second)


def two_sided_coin(fewer: int, tosses: int) -> float:
    """P(a side shows `fewer` times or less in so many tosses of a fair coin), for both sides."""
    logs = [
        math.lgamma(tosses + 1) - math.lgamma(k + 1) - math.lgamma(tosses - k + 1)
        for k in range(fewer + 1)
    ]
    return min(1.0, 2 * math.fsum(math.exp(log - tosses * math.log(2)) for log in logs))


def paired_tests(right: Sequence[npt.NDArray[np.bool_]]) -> npt.NDArray[np.float64]:
    """(r, r) p-values of the paired test, 1 on the diagonal."""
    values = np.ones((len(right), len(right)))
    for i, one in enumerate(right):
        for j in range(i):
            values[i, j] = values[j, i] = mcnemar(one, right[j])
    return values


def places(accuracies: Sequence[float], tests: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """The best and the worst place that each run may hold, ties by paired test left open.

    A run stands behind those that are better by more than luck, and before those that are worse.
    """
    shares = np.asarray(accuracies)
    apart = tests < LUCK
    ahead = apart & (shares[None, :] > shares[:, None])
    behind = apart & (shares[None, :] < shares[:, None])
    best, worst = 1 + ahead.sum(axis=1), len(shares) - behind.sum(axis=1)
    return [(int(low), int(high)) for low, high in zip(best, worst, strict=True)]
