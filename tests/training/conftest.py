"""A tiny competition, and a run trained on it once."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.competition.competition import Competition
from pipeline.competition.folds import hold_out
from pipeline.networks.changes import change
from pipeline.recipes import find_recipe
from pipeline.training.train import Plan


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 + 12 images of 8 x 8 pixels: a bright left, a bright top, or a bright right half."""
    folder = tmp_path_factory.mktemp("data") / "tiny"
    folder.mkdir()
    random = np.random.default_rng(0)
    labels = np.tile([0, 1, 2], 24)
    images = random.integers(0, 60, (72, 8, 8))
    images[labels == 0, :, :4] += 150
    images[labels == 1, :4, :] += 150
    images[labels == 2, :, 4:] += 150
    pixels = images.reshape(72, 64)
    rows = [
        ",".join(map(str, [*image, label])) for image, label in zip(pixels, labels, strict=True)
    ]
    (folder / "train.csv").write_text("\n".join(rows[:60]) + "\n")
    (folder / "test.csv").write_text("\n".join(",".join(map(str, i)) for i in pixels[60:]) + "\n")
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> Competition:
    return Competition.load(tiny_folder)


@pytest.fixture
def plan(tiny: Competition):
    """Makes plans for recipes on the tiny competition, trained for three epochs."""

    def make(name: str, seed: int = 0, **changes: str) -> Plan:
        recipe = change(find_recipe(name), {"epochs": "3", **changes})
        return Plan(tiny, hold_out(tiny.train_pixels, tiny.labels, 0.2, 0), recipe, seed)

    return make
