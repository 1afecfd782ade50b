"""A competition with hostile names, and finished runs of it."""

from pathlib import Path

import numpy as np
import pytest
from finished_runs import finish
from hostile_names import CLASSES, HOSTILE, RUN

from pipeline.competition.competition import Competition
from pipeline.networks.published import Published
from pipeline.report.report import write_pages
from pipeline.runs.run import Run
from pipeline.tables import write_csv


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
    """A sweep of l2 with two seeds, a run with a hostile name, and an ensemble of it."""
    folder = tmp_path_factory.mktemp("runs") / hostile.name
    augmented = {"augmentation.rotation": 15.0, "augmentation.fill": "nearest"}
    runs = [
        finish(
            hostile,
            folder / f"dense-l2={l2}-seed={seed}",
            skill=2 + index,
            draw=10 * index + seed,
            settings={"l2": l2, **augmented},
            seed=seed,
            published=Published(811, 0.9, on=HOSTILE, shape=(8, 8, 1), classes=CLASSES),
        )
        for index, l2 in enumerate((1e-6, 1e-4, 1e-2))
        for seed in (0, 1)
    ]
    single = finish(hostile, folder / RUN, 1.5, draw=9)
    ensemble = finish(hostile, folder / "ensemble", 4, draw=8, members=[RUN])
    return [*runs, single, ensemble]


@pytest.fixture(scope="session")
def report(hostile: Competition, hostile_runs: list[Run]) -> Path:
    """The path of the written report."""
    return write_pages(hostile, hostile_runs, hostile_runs[0].folder.parent)
