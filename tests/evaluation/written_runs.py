"""Finished runs with chosen probabilities, without training."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.networks.published import Published
from pipeline.runs.folder import Validation, write_run
from pipeline.runs.metrics import score
from pipeline.runs.record import Data, FoldRecord, Identity, RunRecord, Scores
from pipeline.runs.run import Run, load_run


def predicting(folder: Path, labels: np.ndarray, predicted: np.ndarray) -> Run:
    """A written run that predicts these classes with a probability of 80 %."""
    probabilities = np.where(np.eye(2)[predicted] == 1, 0.8, 0.2).astype(np.float32)
    return write(folder, labels, probabilities)


def write(
    folder: Path, labels: np.ndarray, probabilities: np.ndarray, copies: int = 0, fold: str = ""
) -> Run:
    """A written run.

    Args:
        copies: how many rows repeat the image of another.
        fold: its name, if it is not the hold-out.
    """
    validation = Validation(np.arange(len(labels)), labels, probabilities)
    content = record(score(probabilities, labels, copies))
    if fold:
        content = replace(content, fold=FoldRecord(fold, fold, 60, 20, joined=5))
    with write_run(folder) as writer:
        writer.record(content)
        writer.probabilities(validation, probabilities)
    return load_run(folder)


def record(scores: Scores, seed: int = 0, settings: dict[str, Any] | None = None) -> RunRecord:
    rows = max(80, scores.n)
    return RunRecord(
        identity=Identity("dense", {"epochs": 5, **(settings or {})}, seed, "data", "fold"),
        data=Data("digits", "data", ("0", "1"), (8, 8, 1), False, 0, 16, "uint8", rows, 20),
        fold=FoldRecord("hold-out", "fold", 60, 20),
        scores=scores,
        parameters=100,
        fit_seconds=1.0,
        predict_images_per_second=1000.0,
        created="2026-11-21T07:35:23+00:00",
        published=Published(100, 0.97, shape=(8, 8, 1), classes=("0", "1")),
    )
