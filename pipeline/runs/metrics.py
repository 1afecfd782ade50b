"""Probabilities: their scores against labels, their mean, their temperature."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Labels, Probabilities
from pipeline.runs.record import Scores

Z95 = 1.959963984540054  # 97.5 % quantile of the standard normal distribution


def accuracy(probabilities: Probabilities, labels: Labels) -> float:
    """Share of rows whose most probable class is the label, in 0..1."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def log_loss(probabilities: Probabilities, labels: Labels) -> float:
    """Mean of -ln P(label). Probabilities are clipped to at least 1e-7, as in Keras."""
    of_label = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.clip(of_label, 1e-7, 1.0)).mean())


def wilson_interval(share: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share observed in n independent rows (Wilson, 1927), in 0..1."""
    centre = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n * n))
    return centre - half, centre + half


def score(probabilities: Probabilities, labels: Labels, copies: int = 0) -> Scores:
    """Accuracy with its interval, log loss, and n.

    Args:
        copies: how many rows repeat the image of another. They are not independent, and do not
            count for the interval.
    """
    share, n = accuracy(probabilities, labels), len(labels)
    low, high = wilson_interval(share, n - copies)
    return Scores(share, low, high, log_loss(probabilities, labels), n, copies)


def worst_errors(probabilities: Probabilities, labels: Labels) -> npt.NDArray[np.int64]:
    """Indices of all wrong rows, ordered by P(predicted) - P(label), the largest first."""
    indices, predicted = np.arange(len(labels)), probabilities.argmax(axis=1)
    margin = probabilities[indices, predicted] - probabilities[indices, labels]
    order = np.argsort(-margin, kind="stable")
    wrong: npt.NDArray[np.int64] = order[(predicted != labels)[order]]
    return wrong


def average(probabilities: Sequence[Probabilities]) -> Probabilities:
    """The mean of several (n, k) probabilities, (n, k) float32."""
    total = probabilities[0].copy()
    for other in probabilities[1:]:
        total += other
    total /= len(probabilities)
    return total


def apply_temperature(probabilities: Probabilities, temperature: float) -> Probabilities:
    """softmax(ln p / temperature), (n, k) float32. The predicted classes do not change."""
    if temperature == 1:
        return probabilities
    logits = log_probabilities(probabilities) / np.float32(temperature)
    scaled: Probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    scaled /= scaled.sum(axis=1, keepdims=True)
    classes = probabilities.argmax(axis=1)
    tied = np.flatnonzero(scaled.argmax(axis=1) != classes)  # by rounding
    scaled[tied, classes[tied]] = np.nextafter(scaled[tied].max(axis=1), np.float32(2))
    return scaled


def log_probabilities(probabilities: Probabilities) -> npt.NDArray[np.float32]:
    """(n, k) ln p, with p at least 1e-7 as in the log loss."""
    logs: npt.NDArray[np.float32] = np.log(np.maximum(probabilities, np.float32(1e-7)))
    return logs
