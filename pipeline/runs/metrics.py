"""Probabilities: what a record has of their scores, their mean, their temperature."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Labels, Probabilities, Rows
from pipeline.metrics.metric import ACCURACY, Metric, accuracy, log_loss, wilson_interval
from pipeline.runs.record import Scores, Value


def score(probabilities: Probabilities, labels: Labels, copies: int = 0) -> Scores:
    """Accuracy with its interval, log loss, and n.

    Args:
        copies: how many rows repeat the image of another. They are not independent, and do not
            count for the interval.
    """
    share, n = accuracy(probabilities, labels), len(labels)
    low, high = wilson_interval(share, n - copies)
    return Scores(share, low, high, log_loss(probabilities, labels), n, copies)


def score_by(
    metric: Metric, probabilities: Probabilities, labels: Labels, copies: int = 0
) -> Scores:
    """As `score`, with the value of a metric that is not the accuracy."""
    scores = score(probabilities, labels, copies)
    if metric is ACCURACY:
        return scores
    rows = metric.rows(probabilities, labels, number_images([probabilities], copies))
    value = metric.value(probabilities, labels)
    return replace(scores, other=Value(metric.name, value, *metric.interval(rows)))


def number_images(probabilities: Iterable[Probabilities], copies: int) -> Rows | None:
    """(n,) a number for the image of each row; None if no row repeats another.

    A model gives all copies of an image the same probabilities, to the last bit. It may give them
    to other images too: an ensemble that is calibrated has the same for all that its members are
    sure of. The runs that tell most images apart are right.

    Args:
        probabilities: (n, k) of each run, for the same rows.
        copies: how many rows repeat the image of another.
    """
    if not copies:
        return None
    most, images = 0, np.zeros(0, np.int64)
    for some in probabilities:
        found, number = np.unique(some, axis=0, return_inverse=True)
        if len(found) > most:
            most, images = len(found), number.reshape(-1)
        if most >= len(some) - copies:
            break
    return images


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
