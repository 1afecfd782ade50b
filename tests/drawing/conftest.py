"""A competition with coloured images and a class whose name could break the page, and its runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from drawing_client import CLASSES, Client
from finished_runs import SETTINGS, finish

import pipeline as pp
from pipeline.evaluation.ensemble import make_ensemble
from pipeline.runs.record import Identity

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


def finish_with_model(competition: pp.Competition, folder: Path, seed: int) -> pp.Run:
    """A run whose model is not trained."""
    from pipeline.networks.backend import keras
    from pipeline.networks.build import build
    from pipeline.networks.saving import model_bytes
    from pipeline.recipes import find_recipe

    keras.utils.set_random_seed(seed)
    schema, classes = competition.schema, len(competition.classes)
    network = build(find_recipe("dense"), schema.shape, classes, schema.low, schema.high)
    settings = SETTINGS | {"tta_views": 5, "tta_angles": 1}
    return finish(
        competition, folder, 2, draw=seed, seed=seed, settings=settings,
        model=model_bytes(network.model),
    )  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """A competition with a run that has a model, and an ensemble of it and another one."""

    competition: pp.Competition
    runs: Path
    single: pp.Run
    ensemble: pp.Run


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    folder = tmp_path_factory.mktemp("drawing")
    competition = pp.load(write_images(folder / "shapes"))
    runs = folder / "runs"
    members = [
        finish_with_model(competition, runs / "shapes" / f"dense-{seed}", seed) for seed in (0, 1)
    ]
    first = members[0].record.identity
    digests = tuple(run.record.identity.digest for run in members)
    identity = Identity("pair", first.settings, 0, first.data, first.fold, members=digests)
    ensemble = make_ensemble(runs / "shapes" / "pair", members, identity)
    return Drawn(competition, runs, members[0], ensemble)


@pytest.fixture(scope="session")
def client(drawn: Drawn) -> Iterator[Client]:
    """Of the server of the run that is not an ensemble."""
    with pp.draw(drawn.competition, drawn.single) as server:
        yield Client(server.url)
