"""The metrics that competitions are scored by: value, direction, interval, comparison.

All code that ranks, chooses or shows runs uses a `Metric`. To add a metric, add it to METRICS and
its name to `MetricName`.

Every metric is computed from sums over rows. Intervals, tests and corrections resample or exchange
rows, and compute the metric from the new sums. So they are the same for all metrics.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Labels, Probabilities, Rows

Z95 = 1.959963984540054  # 97.5 % quantile of the standard normal distribution
RESAMPLES, EXCHANGES, SEED = 1000, 1999, 0
AT_ONCE = 4_000_000  # random numbers in memory
KEPT = 64_000_000  # bytes of samples that are kept for the next run

MetricName = Literal["accuracy", "log_loss", "macro_f1"]
Sums = npt.NDArray[np.float64]
"""(..., s) sums over rows, from which a metric is computed. The last is the number of rows."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric of probabilities and labels.

    Attributes:
        name: name in competition.toml and in tables.
        title: name in texts.
        higher_is_better: whether higher values are better.
        percent: whether it is shown in percent.
        zero_to_one: whether its values are in 0..1, and the best value is 0 or 1.
        of_rows: function from probabilities and labels to the (n, s - 1) values to sum over rows.
        of_sums: function from sums to values of the metric, for any number of sums at once.
        field: the field of saved or published scores that holds it; empty if there is none.
        share: whether it is a share of correct rows. It then has Wilson's interval and an exact
            paired test (McNemar's). `of_rows` must return one column, 1 for a correct row and 0
            for another, and `of_sums` its mean.
        needs_probabilities: whether a good score needs probabilities instead of classes.
        balanced: whether all classes have equal weight, whatever their number of rows.
    """

    name: MetricName
    title: str
    higher_is_better: bool
    percent: bool
    zero_to_one: bool
    of_rows: Callable[[Probabilities, Labels], npt.NDArray[np.float64]]
    of_sums: Callable[[Sums], npt.NDArray[np.float64]]
    field: str = ""
    share: bool = False
    needs_probabilities: bool = False
    balanced: bool = False

    def rows(self, probabilities: Probabilities, labels: Labels, images: Rows | None) -> Sums:
        """(n, s) the values to sum, with one row for each image.

        Args:
            images: (n,) a number for the image of each row; None if no row repeats another.
        """
        rows = np.column_stack([self.of_rows(probabilities, labels), np.ones(len(labels))])
        if images is None:
            return rows
        first, image = np.unique(images, return_inverse=True)
        sums = np.zeros((len(first), rows.shape[1]))
        np.add.at(sums, image.reshape(-1), rows)
        return sums

    def value(self, probabilities: Probabilities, labels: Labels) -> float:
        """The value for some rows."""
        return float(self.of_sums(self.rows(probabilities, labels, None).sum(axis=0)))

    def saved(self, scores: object) -> float | None:
        """The value in saved or published scores; None if they do not have it."""
        found: float | None = getattr(scores, self.field, None)
        return found

    def interval(self, rows: Sums) -> tuple[float, float]:
        """The 95 % interval of the value: the percentiles of 1,000 bootstrap samples of images.

        A share has Wilson's interval instead, see `wilson_interval`. For another metric with values
        in 0..1, the interval is at least as wide as Wilson's: if no row has an error, the samples
        have no errors either.

        Args:
            rows: (n, s) as `rows` returns them.
        """
        value = float(self.of_sums(rows.sum(axis=0)))
        if self.share:
            return wilson_interval(value, len(rows))
        sums = np.concatenate([weights @ rows for weights in _bootstrap(len(rows))])
        low, high = np.quantile(self.of_sums(sums), [0.025, 0.975]).tolist()
        if self.zero_to_one:
            least, most = wilson_interval(value, len(rows))
            return min(low, least), max(high, most)
        return low, high

    def goodness(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The values, with the opposite sign if lower is better."""
        return np.asarray(values, np.float64) * (1 if self.higher_is_better else -1)

    def weights(self, labels: Labels) -> npt.NDArray[np.float64] | None:
        """(n,) weights of rows in `loss`; None if all are equal."""
        if not self.balanced:
            return None
        counts = np.bincount(labels)
        weights: npt.NDArray[np.float64] = len(labels) / np.count_nonzero(counts) / counts[labels]
        return weights

    def loss(self, probabilities: Probabilities, labels: Labels) -> float:
        """The loss for choices among similar runs: the log loss, see `log_loss`.

        It shows smaller differences than a metric of predicted classes. Classes have equal weight
        if they have equal weight in the metric.
        """
        return log_loss(probabilities, labels, self.weights(labels))

    @property
    def loss_title(self) -> str:
        return "log loss with equal weights of classes" if self.balanced else "log loss"

    @property
    def test(self) -> str:
        """The name of the paired test of two runs, with its article."""
        return "an exact paired" if self.share else "a paired permutation"

    @property
    def direction(self) -> str:
        return "higher is better" if self.higher_is_better else "lower is better"

    @property
    def heading(self) -> str:
        """The title as the first words of a sentence."""
        return self.title[0].upper() + self.title[1:]

    @property
    def column(self) -> str:
        """The head of a column."""
        return f"{self.title} %" if self.percent else self.title

    def text(self, value: float, digits: int = 2) -> str:
        """The value as in a column: "98.95", "0.0555".

        Args:
            digits: after the point of a percentage.
        """
        return f"{100 * value:.{digits}f}" if self.percent else f"{value:.4f}"

    def with_unit(self, value: float) -> str:
        """ "98.95 %", "0.0555" """
        return f"{self.text(value)} %" if self.percent else self.text(value)

    def with_interval(self, value: float, low: float, high: float) -> str:
        """ "98.95 % (96.97 - 99.64)" """
        return f"{self.with_unit(value)} ({self.text(low)} - {self.text(high)})"


def accuracy(probabilities: Probabilities, labels: Labels) -> float:
    """Share of rows whose most probable class is the label, in 0..1."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def log_loss(
    probabilities: Probabilities, labels: Labels, weights: npt.NDArray[np.float64] | None = None
) -> float:
    """Mean of -ln P(label). Probabilities are clipped to at least 1e-7, as in Keras."""
    logs = _logs(probabilities, labels)
    return float(-(logs.mean() if weights is None else np.average(logs, weights=weights)))


def wilson_interval(share: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share observed in n independent rows (Wilson, 1927), in 0..1."""
    centre = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n * n))
    return centre - half, centre + half


def permutation_tests(metric: Metric, runs: Sequence[Sums]) -> npt.NDArray[np.float64]:
    """(r, r) two-sided p-values of the paired permutation test, 1 on the diagonal.

    If two runs were equally good, their predictions for an image could be exchanged. The p-value is
    (1 + k) / 2,000: after k of 1,999 random exchanges, they differ at least as much as before.

    Args:
        runs: for each run (n, s), as `Metric.rows` returns them, for the same images.
    """
    parts = [
        [(2 * bits - 1.0) @ rows / 2 for rows in runs]
        for bits in random_bits(EXCHANGES, len(runs[0]), SEED)
    ]
    exchanged = [np.concatenate(some) for some in zip(*parts, strict=True)]
    sums = [rows.sum(axis=0) for rows in runs]
    values = np.ones((len(runs), len(runs)))
    for i in range(len(runs)):
        for j in range(i):
            middle, half = (sums[i] + sums[j]) / 2, exchanged[i] - exchanged[j]
            found = abs(metric.of_sums(middle + half) - metric.of_sums(middle - half))
            observed = abs(metric.of_sums(sums[i]) - metric.of_sums(sums[j]))
            as_far = np.count_nonzero(found >= observed - 1e-12)
            values[i, j] = values[j, i] = (1 + as_far) / (EXCHANGES + 1)
    return values


def random_bits(count: int, n: int, seed: int) -> Iterator[npt.NDArray[np.float32]]:
    """Zeros and ones, (count, n) in parts that fit into memory."""
    random = np.random.default_rng(seed)
    at_once = max(1, AT_ONCE // max(1, n))
    for start in range(0, count, at_once):
        shape = (min(at_once, count - start), n)
        yield random.integers(0, 2, shape, np.int8).astype(np.float32)


def _bootstrap(n: int) -> Iterable[npt.NDArray[np.uint8]]:
    """How often each of n images is in a sample, (samples, n) in parts; the same for all runs."""
    return _kept_samples(n) if n * RESAMPLES <= KEPT else _draw_samples(n)


@lru_cache(maxsize=1)
def _kept_samples(n: int) -> tuple[npt.NDArray[np.uint8], ...]:
    return tuple(_draw_samples(n))


def _draw_samples(n: int) -> Iterator[npt.NDArray[np.uint8]]:
    random = np.random.default_rng(SEED)
    at_once = max(1, AT_ONCE // n)
    for start in range(0, RESAMPLES, at_once):
        drawn = (random.integers(0, n, n) for _ in range(min(at_once, RESAMPLES - start)))
        yield np.stack([np.bincount(rows, minlength=n).astype(np.uint8) for rows in drawn])


def _correct(probabilities: Probabilities, labels: Labels) -> npt.NDArray[np.float64]:
    correct: npt.NDArray[np.bool_] = probabilities.argmax(axis=1) == labels
    return correct[:, None].astype(np.float64)


def _losses(probabilities: Probabilities, labels: Labels) -> npt.NDArray[np.float64]:
    losses: npt.NDArray[np.float64] = -_logs(probabilities, labels)[:, None]
    return losses


def _logs(probabilities: Probabilities, labels: Labels) -> npt.NDArray[np.float64]:
    of_label = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    logs: npt.NDArray[np.float64] = np.log(np.clip(of_label, 1e-7, 1.0))
    return logs


def _counts(probabilities: Probabilities, labels: Labels) -> npt.NDArray[np.float64]:
    """(n, 2 k) whether a row is a true positive of each class, and its label plus prediction."""
    classes = np.eye(probabilities.shape[1])
    of_label, predicted = classes[labels], classes[probabilities.argmax(axis=1)]
    return np.column_stack([of_label * predicted, of_label + predicted])


def _mean(sums: Sums) -> npt.NDArray[np.float64]:
    mean: npt.NDArray[np.float64] = sums[..., 0] / sums[..., -1]
    return mean


def _macro_f1(sums: Sums) -> npt.NDArray[np.float64]:
    """The mean of the F1 of each class that is among the labels or the predictions."""
    right, counts = np.split(sums[..., :-1], 2, axis=-1)
    f1 = np.divide(2 * right, counts, out=np.zeros_like(right), where=counts > 0)
    mean: npt.NDArray[np.float64] = f1.sum(axis=-1) / (counts > 0).sum(axis=-1)
    return mean


ACCURACY = Metric(
    name="accuracy",
    title="accuracy",
    higher_is_better=True,
    percent=True,
    zero_to_one=True,
    of_rows=_correct,
    of_sums=_mean,
    field="accuracy",
    share=True,
)
LOG_LOSS = Metric(
    name="log_loss",
    title="log loss",
    higher_is_better=False,
    percent=False,
    zero_to_one=False,
    of_rows=_losses,
    of_sums=_mean,
    field="loss",
    needs_probabilities=True,
)
MACRO_F1 = Metric(
    name="macro_f1",
    title="macro F1",
    higher_is_better=True,
    percent=True,
    zero_to_one=True,
    of_rows=_counts,
    of_sums=_macro_f1,
    balanced=True,
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in (ACCURACY, LOG_LOSS, MACRO_F1)}
DEFAULT_METRIC = ACCURACY  # of a competition that names no other
