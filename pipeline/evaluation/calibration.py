"""Calibration: whether predictions with a probability of 80 % are correct in 80 % of the rows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Labels, Probabilities
from pipeline.runs.metrics import apply_temperature, log_probabilities
from pipeline.runs.run import Run

BINS = 10
TEMPERATURES = (0.2, 5.0)  # range: few rows without an error would make one of 0
FLOOR = 1e-6  # of a submitted probability; a wrong row then costs at most 13.8
PRIOR_DEVIATION = 0.1  # of the logarithm of a temperature


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


def calibrate(run: Run) -> Probabilities:
    """A run's probabilities of the test rows for a submission, (n, k) float32.

    A temperature that fits the validation rows is applied, unless the run is an ensemble that has
    one. Then no class has less than `FLOOR`: with the log loss, a single row whose class has a
    probability of 0 would cost as much as hundreds.
    """
    probabilities = run.test_probabilities
    if run.record.temperature == 1:
        validation = run.validation
        temperature = fit_temperature(validation.probabilities, validation.labels)
        probabilities = apply_temperature(probabilities, temperature)
    clipped: Probabilities = np.maximum(probabilities, np.float32(FLOOR))
    clipped /= clipped.sum(axis=1, keepdims=True)
    return clipped


def fit_temperature(probabilities: Probabilities, labels: Labels) -> float:
    """The temperature that gives the lowest log loss (Guo et al., 2017), in 0.2..5.

    Above 1 it makes predictions less confident, below 1 more. `apply_temperature` applies it. Few
    rows, hardly any of them wrong, say little about it: it has a log-normal prior around 1, which
    many rows outweigh.
    """
    from scipy.optimize import minimize_scalar  # not needed where nothing is fitted

    logits = log_probabilities(probabilities)
    logits -= logits.max(axis=1, keepdims=True)
    prior = 1 / (2 * PRIOR_DEVIATION**2 * len(labels))
    of_label = logits[np.arange(len(labels)), labels]

    def loss(log_temperature: float) -> float:
        scale = np.float32(np.exp(-log_temperature))
        losses = np.log(np.exp(scale * logits).sum(axis=1)) - scale * of_label
        return float(losses.mean(dtype=np.float64)) + prior * log_temperature**2

    found = minimize_scalar(
        loss, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-3}
    )
    return float(np.exp(found.x))
