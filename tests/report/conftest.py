"""A competition with hostile names, and finished runs of it that nobody had to train."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile_names import CLASSES, HOSTILE, RUN

from pipeline.data.competition import Competition
from pipeline.data.splits import Split, hold_out
from pipeline.files import write_array, write_arrays, write_csv, write_json
from pipeline.report.report import write_report
from pipeline.runs.metrics import scores
from pipeline.runs.run import Run, list_runs


@pytest.fixture(scope="session")
def hostile_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """150 + 6 images of 8 x 8 pixels; classes and the folder are named to break pages."""
    folder = tmp_path_factory.mktemp("data") / "a<b>&'\""
    folder.mkdir()
    random = np.random.default_rng(0)
    pixels = random.integers(0, 255, (156, 64))
    rows = [[*map(str, image), CLASSES[row % 3]] for row, image in enumerate(pixels)]
    header = [*(f"pixel{number}" for number in range(64)), "label"]
    write_csv(folder / "train.csv", header, rows[:150])
    write_csv(folder / "test.csv", header[:-1], [row[:-1] for row in rows[150:]])
    return folder


@pytest.fixture(scope="session")
def hostile(hostile_folder: Path) -> Competition:
    return Competition.load(hostile_folder)


def finish(
    competition: Competition,
    folder: Path,
    skill: float,
    random_seed: int,
    bare: bool = False,
    **record: Any,
) -> None:
    """Writes a run whose probabilities are better the higher the skill; a bare one has no more."""
    settings = competition.settings
    split = hold_out(competition.train_pixels, competition.labels, settings.validation, 0)
    labels = competition.labels[split.validation]
    random = np.random.default_rng(random_seed)
    logits = random.normal(size=(len(labels), len(competition.classes)))
    logits[np.arange(len(labels)), labels] += skill
    logits[[0, 1], (labels[:2] + 1) % 3] += 15  # as all runs see it, two labels are wrong
    probabilities = np.exp(logits)
    probabilities = (probabilities / probabilities.sum(axis=1, keepdims=True)).astype(np.float32)
    write_array(folder / "validation.npy", probabilities)
    write_array(folder / "validation_rows.npy", split.validation)
    write_array(folder / "validation_labels.npy", labels)
    facts = {
        "data": {"fingerprint": competition.fingerprint, "classes": list(competition.classes)},
        "split": {"fingerprint": split.fingerprint, "validation_rows": len(labels)},
        "scores": scores(probabilities, labels),
    }
    write_json(folder / "run.json", facts | record)
    if not bare:
        _explain(folder, split)


def _explain(folder: Path, split: Split) -> None:
    random = np.random.default_rng(0)
    epochs = [(e, 1 / e, 1 - 1 / e, 1.1 / e, 1 - 1.1 / e, 1e-3) for e in range(1, 6)]
    names = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]
    write_csv(folder / "history.csv", names, epochs)
    levels = random.integers(0, 256, (4, 4, 8, 8)).astype(np.uint8)
    arrays = {
        "feature_row": split.validation[:1],
        "features_0": levels[0],
        "filters": levels[1],
        "augmented": levels,
        "augmented_rows": split.train[:4],
    }
    write_arrays(folder / "explanation.npz", arrays)
    layers = [
        {"name": "conv2d", "kind": "Conv2D", "output": [8, 8, 4], "weights": [[3, 3, 1, 4], [4]]},
        {"name": "dense", "kind": "Dense", "output": [3], "weights": [[256, 3], [3]]},
    ]
    write_json(folder / "layers.json", [layer | {"parameters": 40} for layer in layers])


@pytest.fixture(scope="session")
def hostile_runs(hostile: Competition, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    folder = tmp_path_factory.mktemp("runs") / "hostile"
    whole = {"parameters": 44, "epochs": 5, "best_epoch": 4, "fit_seconds": 12.5}
    recipe = {"name": "dense", "augmentation": {"rotation": 15.0, "fill": "nearest"}}
    for place, l2 in enumerate((1e-6, 1e-4, 1e-2)):
        for seed in (0, 1):
            finish(
                hostile,
                folder / f"dense-l2={l2}-seed={seed}",
                skill=2 + place,
                random_seed=10 * place + seed,
                recipe=recipe | {"l2": l2},
                seed=seed,
                published={"accuracy": 0.9, "on": HOSTILE},
                **whole,
            )
    finish(hostile, folder / RUN, 1.5, 9, recipe=recipe, **whole)
    finish(hostile, folder / "committee", 4, 8, bare=True, members=[RUN])
    return list_runs(folder)


@pytest.fixture(scope="session")
def report(hostile: Competition, hostile_runs: list[Run]) -> Path:
    """The written report's path."""
    return write_report(hostile, hostile_runs, hostile_runs[0].folder.parent)
