"""Finished runs without training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.competition.competition import Competition
from pipeline.networks.published import Published
from pipeline.runs.folder import Validation, write_run
from pipeline.runs.metrics import score
from pipeline.runs.record import Data, FoldRecord, Identity, LayerRecord, RunRecord, Training
from pipeline.runs.run import Run, load_run

EPOCHS = np.arange(1, 6)
HISTORY = pd.DataFrame(
    {
        "loss": 1 / EPOCHS,
        "accuracy": 1 - 1 / EPOCHS,
        "val_loss": 1.1 / EPOCHS,
        "val_accuracy": 1 - 1.1 / EPOCHS,
        "learning_rate": 1e-3,
    },
    index=EPOCHS,
)
LAYERS = [
    LayerRecord("conv2d", "Conv2D", (8, 8, 4), ((3, 3, 1, 4), (4,)), 40),
    *(LayerRecord(f"norm_{i}", "BatchNormalization", (8, 8, 4), ((4,),), 4) for i in range(15)),
    LayerRecord("dense", "Dense", (3,), ((256, 3), (3,)), 771),
]
SETTINGS = {"epochs": 5, "restore_best": True, "augmentation": None}


def finish(
    competition: Competition,
    folder: Path,
    skill: float,
    *,
    draw: int,
    settings: Mapping[str, Any] = SETTINGS,
    seed: int = 0,
    published: Published | None = None,
    members: Sequence[str] = (),
    digests: Sequence[str] = (),
    temperature: float = 1.0,
    image_shape: tuple[int, int, int] | None = None,
    history: pd.DataFrame = HISTORY,
    model: bytes = b"",
    test: np.ndarray | None = None,
    sureness: float = 1.0,
) -> Run:
    """Writes a run with random probabilities, those of an ensemble if it has members.

    Args:
        skill: the higher it is, the better are the probabilities.
        draw: random seed of the probabilities.
        members, digests: the names and identities of the members.
        image_shape: what the model takes; that of the competition's images by default.
        sureness: a factor of the logits, which makes wrong probabilities worse if it is above 1.
        model: the content of its model's file, which it has none of otherwise.
        test: probabilities of the test rows; equal ones if not given.
    """
    fold = competition.hold_out
    labels = competition.labels[fold.validation]
    random = np.random.default_rng(draw)
    logits = random.normal(size=(len(labels), len(competition.classes)))
    logits[np.arange(len(labels)), labels] += skill
    logits[[0, 1], (labels[:2] + 1) % 3] += 15  # label issues in every run
    logits = sureness * (logits - logits.max(axis=1, keepdims=True)) if sureness != 1 else logits
    exponentials = np.exp(logits)
    probabilities = (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)
    validation = Validation(fold.validation, labels, probabilities)
    schema, classes = competition.schema, competition.classes
    if test is None:
        test = np.full((len(competition.test_pixels), len(classes)), 1 / len(classes), np.float32)
    record = RunRecord(
        identity=Identity(
            "dense", dict(settings), seed, competition.fingerprint, fold.fingerprint,
            members=tuple(digests),
        ),
        data=Data(
            competition.name, competition.fingerprint, classes, schema.shape, schema.planes,
            schema.low, schema.high, "uint8", len(competition.labels), len(test),
        ),
        fold=FoldRecord(fold.name, fold.fingerprint, len(fold.train), len(labels)),
        scores=score(probabilities, labels),
        parameters=811,
        fit_seconds=12.5,
        predict_images_per_second=1000.0,
        created="2026-11-21T07:35:23+00:00",
        published=published,
        training=None if members else Training(len(history), 4, image_shape or schema.shape),
        members=tuple(members),
        temperature=temperature,
    )  # fmt: skip
    with write_run(folder) as writer:
        writer.record(record)
        writer.probabilities(validation, test)
        if not members:
            writer.history(history)
            writer.explanation(LAYERS, _pictures(competition, validation))
        if model:
            writer.model(model)
            writer.log(["epoch 1/1"])
    return load_run(folder)


def _pictures(competition: Competition, validation: Validation) -> dict[str, Any]:
    """As many pictures of a model as a run has at most."""
    height, width, _ = competition.schema.shape
    wrong = validation.rows[validation.probabilities.argmax(axis=1) != validation.labels][:40]
    noise = np.random.default_rng(0).exponential(45, (48 + 32 + len(wrong), height, width))
    levels = np.minimum(noise, 255).astype(np.uint8)
    return {
        "feature_row": validation.rows[:1],
        "features_0": levels[:16],
        "filters": levels[16:48],
        "augmented": levels[48:80].reshape(8, 4, height, width),
        "augmented_rows": competition.hold_out.train[:8],
        "saliency": levels[80:],
        "saliency_rows": wrong,
    }
