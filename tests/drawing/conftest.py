"""A competition with coloured images and a class whose name could break the page, and its runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from drawing_client import CLASSES, Client

import pipeline as pp

SHAPE = (10, 8, 3)


def write_images(folder: Path, count: int = 60) -> Path:
    """Strokes in colours on black, of 10 x 8 pixels."""
    random = np.random.default_rng(0)
    images = np.zeros((count, *SHAPE), int)
    for row, image in enumerate(images):
        ink = random.integers(120, 256, 3)
        image[2:8, 3:5] = ink
        if row % 3:
            image[6:8, 3:7] = ink
        if row % 3 == 2:
            image[2:4, 1:5] = ink
    images[0, 2, 3] = 255
    header = ["label", *(f"pixel{number}" for number in range(images[0].size))]
    labels = [CLASSES[row % 3] for row in range(count)]
    rows = [[label, *image.reshape(-1)] for label, image in zip(labels, images, strict=True)]
    folder.mkdir()
    text = "".join(",".join(map(str, row)) + "\n" for row in (header, *rows))
    (folder / "train.csv").write_text(text)
    (folder / "competition.toml").write_text("shape = [10, 8, 3]\nplanes = false\n")
    return folder


@dataclass(frozen=True)
class Drawn:
    """A competition with two runs that have models, and an ensemble of them."""

    competition: pp.Competition
    runs: Path
    single: pp.Run
    ensemble: pp.Run


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    folder = tmp_path_factory.mktemp("drawing")
    competition = pp.load(write_images(folder / "shapes"))
    runs = folder / "runs"
    first, _ = (
        pp.train(competition, "dense", epochs=1, seed=seed, runs=runs, progress=False)
        for seed in (0, 1)
    )
    ensemble = pp.ensemble(competition, method="mean", runs=runs)
    return Drawn(competition, runs, first, ensemble)


@pytest.fixture(scope="session")
def client(drawn: Drawn) -> Iterator[Client]:
    """Of the server of the run that is not an ensemble."""
    with pp.draw(drawn.competition, drawn.single) as server:
        yield Client(server.url)
