"""A competition with hostile names, and finished runs of it that nobody had to train."""

from pathlib import Path

import numpy as np
import pytest
from finished_runs import finish
from hostile_names import CLASSES, HOSTILE, RUN

from pipeline.competition.competition import Competition
from pipeline.files import write_csv
from pipeline.report.report import write_report
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
