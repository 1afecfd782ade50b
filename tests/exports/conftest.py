"""Runs with small networks that were not trained, and an ensemble of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import finished_runs
import keras
import pytest

import pipeline as pp
from pipeline.networks.saving import model_bytes

Shape = tuple[int, int, int]


def network(image_shape: Shape, classes: int, high: float, dtype: str = "float32") -> bytes:
    """The file of a small network whose probabilities depend on each pixel."""
    images = keras.Input(image_shape, name="images")
    values: Any = keras.layers.Rescaling(1 / high)(images)
    means = [0.1] * image_shape[2]  # as `transfer` has, whose input is centred for VGG16
    values = keras.layers.Normalization(mean=means, variance=[1.0] * len(means))(values)
    values = keras.layers.Conv2D(4, 3, activation="relu", dtype=dtype)(values)
    values = keras.layers.BatchNormalization(dtype=dtype)(values)
    values = keras.layers.Flatten()(values)
    steep = keras.initializers.RandomNormal(stddev=1)
    values = keras.layers.Dense(classes, "softmax", kernel_initializer=steep)(values)
    return model_bytes(keras.Model(images, values, name="small"))


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports") / "runs"


@pytest.fixture(scope="session")
def make(runs: Path) -> Callable[..., pp.Run]:
    """make(competition, name, shifts=5, ...) writes a run with a network of its own."""

    def make(
        competition: pp.Competition,
        name: str,
        shifts: int = 1,
        angles: int = 1,
        image_shape: Shape | None = None,
        dtype: str = "float32",
        seed: int = 0,
    ) -> pp.Run:
        keras.utils.set_random_seed(seed)
        shape = image_shape or competition.schema.shape
        precision = "bfloat16" if "bfloat16" in dtype else "float32"
        settings = {"tta_views": shifts, "tta_angles": angles, "precision": precision}
        content = network(shape, len(competition.classes), competition.schema.high, dtype)
        return finished_runs.finish(
            competition, runs / competition.name / name, 2.0, draw=seed, seed=seed,
            settings=settings, image_shape=shape, model=content,
        )  # fmt: skip

    return make


@pytest.fixture(scope="session")
def large_run(tiny: pp.Competition, make: Callable[..., pp.Run]) -> pp.Run:
    """A run on enlarged images, with TTA views."""
    return make(tiny, "large", shifts=5, image_shape=(12, 12, 1))


@pytest.fixture(scope="session")
def turned_run(tiny: pp.Competition, make: Callable[..., pp.Run]) -> pp.Run:
    """A run on images of three channels, with TTA views at several angles."""
    return make(tiny, "turned", shifts=1, angles=5, image_shape=(8, 8, 3), seed=1)


@pytest.fixture(scope="session")
def mixed(tiny: pp.Competition, runs: Path, large_run: pp.Run, turned_run: pp.Run) -> pp.Run:
    """An ensemble of both, with weights and a temperature."""
    members = [large_run, large_run, turned_run]
    return finished_runs.finish(
        tiny, runs / tiny.name / "mixed", 2.0, draw=3, temperature=1.5,
        members=[run.name for run in members],
        digests=[run.record.identity.digest for run in members],
    )  # fmt: skip


@pytest.fixture(scope="session")
def saved_run(tiny: pp.Competition, runs: Path) -> pp.Run:
    """A run of which the probabilities are there, and not the model."""
    settings = {"tta_views": 1, "tta_angles": 1, "precision": "float32"}
    folder = runs / tiny.name / "saved"
    return finished_runs.finish(tiny, folder, 2.0, draw=4, settings=settings)


@pytest.fixture(scope="session")
def competition(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> pp.Competition:
    """The tiny competition with other rows."""
    folder = tmp_path_factory.mktemp("data") / "other"
    folder.mkdir()
    lines = (tiny_folder / "train.csv").read_text().splitlines(keepends=True)
    (folder / "train.csv").write_text("".join(lines[:30]))
    return pp.load(folder)
