"""Calibration: whether predictions with a probability of 80 % are correct in 80 % of the rows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Labels, Probabilities

BINS = 10


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram: rows by the probability of the predicted class, in equal bins.

    Attributes:
        edges: (b + 1,) in 0..1.
        counts: (b,) numbers of rows.
        confidence: (b,) mean probability, NaN in an empty bin.
        accuracy: (b,) fractions of correct rows, NaN in an empty bin.
        error: expected calibration error, the mean difference of the two weighted by rows.
    """

    edges: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]
    error: float


def reliability(probabilities: Probabilities, labels: Labels, bins: int = BINS) -> Reliability:
    """Compares probabilities with how often they are correct (Naeini et al., 2015)."""
    confident = probabilities.max(axis=1).astype(np.float64)
    correct = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    edges = np.linspace(0, 1, bins + 1)
    bin_of = np.clip(np.digitize(confident, edges[1:-1], right=True), 0, bins - 1)
    counts = np.bincount(bin_of, minlength=bins)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(bin_of, confident, bins) / counts
        accuracy = np.bincount(bin_of, correct, bins) / counts
    gaps = np.nan_to_num(np.abs(confidence - accuracy))
    return Reliability(edges, counts, confidence, accuracy, float(gaps @ counts / counts.sum()))
