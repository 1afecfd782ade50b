"""Scores of probabilities against labels, with what may be believed of them."""

import math

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Labels, Probabilities

Z95 = 1.959963984540054


def accuracy(probabilities: Probabilities, labels: Labels) -> float:
    """The share of rows whose largest probability is the label's, in 0..1."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def log_loss(probabilities: Probabilities, labels: Labels) -> float:
    """The mean of -ln P(label); probabilities are kept 1e-7 away from 0, as Keras does."""
    of_label = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.clip(of_label, 1e-7, 1.0)).mean())


def wilson_interval(share: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share seen in n independent rows (Wilson, 1927), in 0..1."""
    centre = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n * n))
    return centre - half, centre + half


def scores(probabilities: Probabilities, labels: Labels) -> dict[str, float | int]:
    """Accuracy with its interval, log loss and n, as run.json holds them."""
    share = accuracy(probabilities, labels)
    low, high = wilson_interval(share, len(labels))
    return {
        "accuracy": share,
        "low": low,
        "high": high,
        "loss": log_loss(probabilities, labels),
        "n": len(labels),
    }


def worst_errors(probabilities: Probabilities, labels: Labels) -> npt.NDArray[np.int64]:
    """The places of all wrong rows, the largest P(predicted) - P(true) first."""
    places, predicted = np.arange(len(labels)), probabilities.argmax(axis=1)
    margin = probabilities[places, predicted] - probabilities[places, labels]
    order = np.argsort(-margin, kind="stable")
    wrong: npt.NDArray[np.int64] = order[(predicted != labels)[order]]
    return wrong


def confusion(labels: Labels, predicted: Labels, classes: int) -> npt.NDArray[np.int64]:
    """(k, k) counts: row the true class, column the predicted one."""
    counts = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes)


def by_class(counts: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.float64]]:
    """Precision, recall and F1 of each class of a confusion matrix; NaN where 0 / 0."""
    right, support, claimed = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    with np.errstate(invalid="ignore"):
        return {
            "precision": right / claimed,
            "recall": right / support,
            "f1": 2 * right / (support + claimed),
        }
