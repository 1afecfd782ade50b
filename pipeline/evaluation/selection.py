"""Which runs an ensemble combines, with which weights, and an estimate that is not biased by it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Labels, Probabilities, Rows
from pipeline.evaluation.calibration import fit_temperature
from pipeline.metrics.metric import DEFAULT_METRIC, Metric
from pipeline.runs.metrics import apply_temperature, average

MAX_ADDITIONS = 30
TOLERANCE = 1e-5  # of the log loss: members that improve it by less are left out
PARTS, SEED = 5, 0
FLOOR = 1e-7  # probabilities below count as this one, as in `log_loss`

Counts = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64] | None


@dataclass(frozen=True, eq=False)
class Selection:
    """The weights of runs in an ensemble, and what the ensemble predicts for its validation rows.

    Attributes:
        counts: (m,) how many times each run counts in the mean; 0 for a run that is left out.
        loss_gains: (m,) log loss of the ensemble without the run minus that with it, both
            calibrated if it is. An only member is compared with equal probabilities.
        row_gains: (m,) correct rows of the ensemble with the run minus those without it.
        temperature: calibrates the mean, see `apply_temperature`.
        probabilities: (n, k) float32, for each row from an ensemble that did not use its label.
    """

    counts: Counts
    loss_gains: npt.NDArray[np.float64]
    row_gains: npt.NDArray[np.int64]
    temperature: float
    probabilities: Probabilities


def select_greedily(
    probabilities: Sequence[Probabilities],
    labels: Labels,
    groups: Rows | None = None,
    metric: Metric = DEFAULT_METRIC,
) -> Selection:
    """Ensemble selection with replacement by log loss (Caruana et al., 2004), and a temperature.

    If all classes count equally in the metric, they do so in the log loss too. The probabilities of
    the result are nested: for each of 5 parts of the rows, runs are selected and calibrated on the
    4 others. The counts and gains follow from all rows.

    Args:
        probabilities: (n, k) float32 of each run, for the same rows.
        labels: (n,) class indices.
        groups: (n,) group numbers; rows of a group, such as copies, are in the same part.
        metric: what the ensemble is scored by.
    """
    nested = np.empty_like(probabilities[0])
    for others, part in _parts(labels, np.arange(len(labels)) if groups is None else groups):
        counts = _choose([one[others] for one in probabilities], labels[others], metric)
        mean = _mean(probabilities, counts)
        temperature = fit_temperature(mean[others], labels[others])
        nested[part] = apply_temperature(mean[part], temperature)
    counts = _choose(probabilities, labels, metric)

    def calibrated(mean: Probabilities) -> Probabilities:
        return apply_temperature(mean, fit_temperature(mean, labels))

    gains = _gains(probabilities, labels, counts, calibrated, metric)
    return Selection(counts, *gains, fit_temperature(_mean(probabilities, counts), labels), nested)


def select_all(
    probabilities: Sequence[Probabilities],
    labels: Labels,
    groups: Rows | None = None,
    metric: Metric = DEFAULT_METRIC,
) -> Selection:
    """The plain mean of all runs, which uses no label. Arguments as for `select_greedily`."""
    counts = np.ones(len(probabilities), np.int64)
    gains = _gains(probabilities, labels, counts, lambda mean: mean, metric)
    return Selection(counts, *gains, 1.0, average(probabilities))


METHODS: Mapping[str, Callable[[Sequence[Probabilities], Labels, Rows, Metric], Selection]] = {
    "greedy": select_greedily,
    "mean": select_all,
}


def _parts(
    labels: Labels, groups: Rows
) -> Iterator[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
    """Stratified parts of the rows that keep groups together: masks of the others and the part."""
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    random = np.random.default_rng(SEED).permutation(len(first))
    part_of_group = np.empty_like(first)
    part_of_group[np.lexsort((random, labels[first]))] = np.arange(len(first)) % PARTS
    for part in range(min(PARTS, len(first))):
        chosen = part_of_group[group] == part
        yield ~chosen, chosen


def _choose(probabilities: Sequence[Probabilities], labels: Labels, metric: Metric) -> Counts:
    """How many times to count each run, (m,).

    Runs are compared at the temperature of the best one, as the mean is calibrated in the end:
    otherwise a mean of runs that are not confident enough would seem to be worse than each.
    """
    best = min(probabilities, key=lambda one: metric.loss(one, labels))
    temperature = fit_temperature(best, labels)
    rows = np.arange(len(labels))
    scaled = [apply_temperature(one, temperature)[rows, labels] for one in probabilities]
    return _greedy(np.stack(scaled), metric.weights(labels))


def _greedy(of_label: npt.NDArray[np.float32], weights: Weights) -> Counts:
    """How many times to count each run, (m,), by its probabilities of the labels, (m, n)."""
    total = np.zeros(of_label.shape[1], np.float32)
    added: list[int] = []
    losses: list[float] = []
    for size in range(1, MAX_ADDITIONS + 1):
        sums = np.maximum(total + of_label, size * FLOOR)
        found = np.log(size) - _mean_of_rows(np.log(sums, out=sums), weights)
        added.append(int(found.argmin()))
        losses.append(float(found.min()))
        total += of_label[added[-1]]
    enough = 1 + int(np.argmax(np.array(losses) <= min(losses) + TOLERANCE))
    counts = np.bincount(added[:enough], minlength=len(of_label))
    return _without_useless(of_label, counts, weights)


def _without_useless(of_label: npt.NDArray[np.float32], counts: Counts, weights: Weights) -> Counts:
    """Leaves out members one by one, the most useless first, while that does not hurt."""
    while np.count_nonzero(counts) > 1:
        rests = [_without(counts, member) for member in np.flatnonzero(counts).tolist()]
        losses = [_loss(of_label, rest, weights) for rest in rests]
        if min(losses) > _loss(of_label, counts, weights) + TOLERANCE:
            break
        counts = rests[int(np.argmin(losses))]
    common: np.int64 = np.gcd.reduce(counts)
    return counts // common


def _gains(
    probabilities: Sequence[Probabilities],
    labels: Labels,
    counts: Counts,
    calibrated: Callable[[Probabilities], Probabilities],
    metric: Metric,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """What the log loss and the number of correct rows gain by each run."""
    loss_gains, row_gains = np.zeros(len(counts)), np.zeros(len(counts), np.int64)
    whole = calibrated(_mean(probabilities, counts))
    for member in np.flatnonzero(counts).tolist():
        rest = calibrated(_mean(probabilities, _without(counts, member)))
        loss_gains[member] = metric.loss(rest, labels) - metric.loss(whole, labels)
        row_gains[member] = _correct(whole, labels) - _correct(rest, labels)
    return loss_gains, row_gains


def _without(counts: Counts, member: int) -> Counts:
    return np.where(np.arange(len(counts)) == member, 0, counts)


def _loss(of_label: npt.NDArray[np.float32], counts: Counts, weights: Weights) -> float:
    mean = counts.astype(np.float32) @ of_label / counts.sum()
    return -float(_mean_of_rows(np.log(np.maximum(mean, FLOOR)), weights))


def _mean_of_rows(values: npt.NDArray[np.float32], weights: Weights) -> npt.NDArray[np.float64]:
    """The mean of the last axis."""
    if weights is None:
        return np.asarray(values.mean(axis=-1, dtype=np.float64))
    return np.asarray(np.average(values, axis=-1, weights=weights))


def _mean(probabilities: Sequence[Probabilities], counts: Counts) -> Probabilities:
    """(n, k) weighted mean; equal probabilities if nothing counts."""
    if not counts.any():
        return np.full_like(probabilities[0], 1 / probabilities[0].shape[1])
    total = np.zeros_like(probabilities[0])
    for member in np.flatnonzero(counts).tolist():
        total += np.float32(counts[member]) * probabilities[member]
    total /= counts.sum()
    return total


def _correct(probabilities: Probabilities, labels: Labels) -> int:
    return int((probabilities.argmax(axis=1) == labels).sum())
