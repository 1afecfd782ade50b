"""The measurements run on tiny data, and both sides do the same work."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import pipeline as pp
from benchmarks import data, notebook
from benchmarks.measure import run
from benchmarks.reading import READ, load_cold
from benchmarks.workers import accuracy, augment, predict, stage, throughput, train
from pipeline.competition.competition import Competition
from pipeline.images.views import SHIFTS, shift
from pipeline.networks.build import build
from pipeline.recipes import find_recipe


@pytest.fixture(scope="module", params=["integers", "fractions"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / request.param
    write = {"integers": data.write_integers, "fractions": data.write_fractions}
    write[request.param](folder, 60, 12)
    return folder


def test_the_files_are_competitions(folder: Path) -> None:
    competition = pp.load(folder)
    assert competition.schema.shape == (28, 28, 1)
    assert (len(competition.train_pixels), len(competition.test_pixels)) == (60, 12)
    assert competition.train_pixels.dtype == (np.uint8 if "int" in folder.name else np.float32)


def test_both_sides_read_the_same_pixels(folder: Path) -> None:
    ours, theirs = load_cold(folder), run(READ, "theirs", folder)
    scale = 255 if folder.name == "integers" else 1
    assert ours["maximum"] / scale == pytest.approx(theirs["maximum"])
    assert {"seconds", "cpu_seconds", "process_seconds", "peak_megabytes"} <= ours.keys()


@pytest.mark.parametrize("side", augment.SIDES)
@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
def test_each_side_augments_images_of_the_same_kind(side: str, interpolation: str) -> None:
    images, labels = data.digit_images(2 * augment.BATCH)
    limits = augment.limits("reflect", interpolation)
    batch = augment.SIDES[side](images, labels, limits)(1)
    augmented = np.asarray(batch[0] if isinstance(batch, tuple) else batch)
    assert augmented.shape == (augment.BATCH, 28, 28, 1)
    assert augmented.mean() == pytest.approx(images.mean(), rel=0.1)
    assert augmented.max() > 200


@pytest.mark.parametrize(
    ("model", "recipe"),
    [
        (notebook.conv2, "augmented"),
        (notebook.fast, "fast"),
        (notebook.best, "best"),
        (notebook.deep, "deep"),
        (lambda: notebook.conv_deep((28, 28, 1), 10), "conv-deep"),
    ],
)
def test_both_sides_train_networks_of_the_same_layers(model, recipe: str) -> None:
    def layers(model) -> list[tuple[str, tuple[int, ...]]]:
        return [
            (type(layer).__name__, tuple(layer.output.shape))
            for layer in model.layers
            if type(layer).__name__ not in ("InputLayer", "Rescaling")
        ]

    ours = build(find_recipe(recipe), (28, 28, 1), 10, 0, 255).model
    theirs = model()
    assert layers(ours) == layers(theirs)
    assert ours.count_params() == theirs.count_params()


def test_the_generator_has_the_limits_of_the_augmentation() -> None:
    generator = notebook.generator(pp.Augmentation(15, 0.1, 2, 8, "reflect", "nearest"), 28)
    assert generator.rotation_range == 15
    assert list(generator.zoom_range) == [0.9, 1.1]
    assert generator.width_shift_range == generator.height_shift_range == 2 / 28
    assert (generator.fill_mode, generator.interpolation_order) == ("reflect", 0)


@pytest.mark.parametrize("side", train.SIDES)
def test_each_side_trains_an_epoch(side: str) -> None:
    assert train.train(side, train.BATCH).keys() == {"milliseconds", "cpu_milliseconds"}


@pytest.mark.parametrize("name", ["fast", "best", "deep"])
def test_both_sides_augment_within_the_limits_of_the_recipe(name: str) -> None:
    recipe = find_recipe(name)
    assert recipe.augmentation is not None
    assert throughput.limits(name) == replace(recipe.augmentation, interpolation="linear")


def test_a_notebook_trains_for_a_time_and_counts_errors(
    tiny: Competition, tiny_folder: Path, tmp_path: Path, monkeypatch
) -> None:
    np.save(tmp_path / "labels.npy", np.zeros(len(tiny.test_pixels), np.int64))
    words = (accuracy.NOTEBOOK, tiny_folder, tmp_path / "labels.npy", 0.0, 0, False)
    figures = accuracy.measure(*words)
    assert 0 <= figures["error"] <= 100
    assert figures["seconds"] > 0
    monkeypatch.setattr(throughput, "STEPS", 2)
    assert throughput.rate(throughput.theirs("fast", equal=False), 4, seconds=0.1) > 0


def test_both_sides_predict_with_the_same_views() -> None:
    images, _ = data.digit_images(4)
    framed = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    for (row, column), by in zip(predict.OFFSETS, SHIFTS[: predict.TTA_VIEWS], strict=True):
        theirs = framed[:, row : row + data.SIDE, column : column + data.SIDE]
        assert np.array_equal(shift(images, *by), theirs)


@pytest.mark.parametrize("name", stage.STAGES)
def test_each_stage_of_growth_is_measured(name: str, tmp_path: Path) -> None:
    data.write_integers(tmp_path / "few", 60, 12)
    assert stage.STAGES[name](tmp_path / "few") > 0


def test_own_memory_has_a_peak() -> None:
    memory = stage.OwnMemory()
    memory.sample()
    assert memory.peak > 1
