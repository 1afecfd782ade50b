"""Whether probabilities mean what they say: of what is told with 80 %, are 80 % right?"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Labels, Probabilities

BINS = 10


@dataclass(frozen=True)
class Reliability:
    """Rows by the probability of the predicted class, in bins of equal width.

    Attributes:
        edges: (b + 1,) in 0..1.
        counts: (b,) rows.
        confidence: (b,) mean probability, NaN in an empty bin.
        accuracy: (b,) share of right rows, NaN in an empty bin.
        error: the expected calibration error: the mean gap between the two, weighted by rows.
    """

    edges: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]
    accuracy: npt.NDArray[np.float64]
    error: float


def reliability(probabilities: Probabilities, labels: Labels, bins: int = BINS) -> Reliability:
    """Compares what a run claims with how often it is right (Naeini et al., 2015)."""
    claimed = probabilities.max(axis=1).astype(np.float64)
    right = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.digitize(claimed, edges[1:-1], right=True), 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(place, claimed, bins) / counts
        accuracy = np.bincount(place, right, bins) / counts
    gaps = np.nan_to_num(np.abs(confidence - accuracy))
    return Reliability(edges, counts, confidence, accuracy, float(gaps @ counts / counts.sum()))
