"""From a plan to a run folder."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import PipelineError
from pipeline.files import sha256
from pipeline.images.resize import fit_to, to_images
from pipeline.networks.backbone import load_base, save_base
from pipeline.networks.build import build
from pipeline.networks.predict import predict
from pipeline.runs.metrics import scores
from pipeline.runs.run import RECORD, WEIGHTS, list_runs
from pipeline.search.session import run_name, train_all
from pipeline.training import batches, fit, loop
from pipeline.training.train import train


@pytest.mark.parametrize("name", ["conv", "augmented"])
def test_the_same_seed_gives_the_same_run_bit_for_bit(name: str, plan, tmp_path) -> None:
    one, two = (train(plan(name), tmp_path / folder) for folder in "ab")
    assert one.record["sha256"]["test.npy"] == two.record["sha256"]["test.npy"]
    assert one.record["sha256"]["history.csv"] == two.record["sha256"]["history.csv"]
    other = train(plan(name, seed=1), tmp_path / "c")
    assert other.record["sha256"]["test.npy"] != one.record["sha256"]["test.npy"]


def test_a_run_folder_holds_all_that_is_known_of_it(plan, tiny, tmp_path) -> None:
    run = train(plan("dense"), tmp_path / "dense")
    rows, labels, probabilities = run.validation()
    np.testing.assert_array_equal(labels, tiny.labels[rows])
    assert run.scores == scores(probabilities, labels)
    assert run.test().shape == (12, 3)
    assert run.test().dtype == np.float32
    for name, checksum in run.record["sha256"].items():
        assert sha256(run.folder / name) == checksum
    assert {path.name for path in run.folder.iterdir()} == {RECORD, *run.record["sha256"]}
    assert len((run.folder / "history.csv").read_text().splitlines()) == 1 + 3
    assert len((run.folder / "log.txt").read_text().splitlines()) == 3


def test_the_kept_weights_are_those_of_the_best_epoch_and_gave_the_probabilities(
    plan, tiny, tmp_path
) -> None:
    run = train(plan("conv", learning_rate="0.05", epochs="8"), tmp_path / "conv")
    history = np.genfromtxt(run.folder / "history.csv", delimiter=",", names=True)
    assert run.record["best_epoch"] == int(np.argmin(history["val_loss"])) + 1
    assert run.scores["loss"] == pytest.approx(history["val_loss"].min(), abs=1e-4)

    made = plan("conv")
    network = build(made.recipe, made.recipe.image_shape((8, 8, 1)), 3, 0, 255)
    network.model.load_weights(run.folder / WEIGHTS)
    images = fit_to(to_images(tiny.test_pixels, tiny.schema.shape, tiny.schema.planes), 18, 18, 1)
    np.testing.assert_allclose(network.model.predict_on_batch(images), run.test(), atol=1e-5)


def test_views_give_the_probabilities_where_a_recipe_asks_for_them(plan, tiny, tmp_path) -> None:
    one, five = (
        train(plan("conv", epochs="1", views=views), tmp_path / views) for views in ("1", "5")
    )
    made = plan("conv")
    network = build(made.recipe, made.recipe.image_shape((8, 8, 1)), 3, 0, 255)
    network.model.load_weights(five.folder / WEIGHTS)
    images = fit_to(to_images(tiny.test_pixels, tiny.schema.shape, tiny.schema.planes), 18, 18, 1)
    np.testing.assert_allclose(predict(network.model, images, views=5), five.test(), atol=1e-5)
    np.testing.assert_allclose(predict(network.model, images), one.test(), atol=1e-5)
    assert abs(one.validation()[2] - five.validation()[2]).max() > 1e-4


def test_early_stopping_ends_a_training_that_no_longer_gains(plan, tmp_path) -> None:
    run = train(plan("dense", epochs="50", learning_rate="0", early_stopping="2"), tmp_path / "r")
    assert run.record["epochs"] == 3


def test_validation_rows_never_train(plan, tmp_path, monkeypatch) -> None:
    made = plan("augmented", epochs="1")
    seen: list[np.ndarray] = []

    class Spy(fit.TrainingBatches):
        def batch(self, rows: np.ndarray, epoch: int, step: int):
            seen.append(rows[step * self.batch_size : (step + 1) * self.batch_size])
            return super().batch(rows, epoch, step)

    monkeypatch.setattr(fit, "TrainingBatches", Spy)
    train(made, tmp_path / "r")
    assert set(np.concatenate(seen)) == set(made.split.train)
    assert not set(made.split.train) & set(made.split.validation)


def test_the_last_epochs_train_on_images_as_they_are(plan, tmp_path, monkeypatch) -> None:
    moved = []

    def augment(images, augmentation, random):
        moved.append(len(images))
        return images

    monkeypatch.setattr(batches, "augment", augment)
    made = plan("augmented", epochs="3", final_unaugmented_epochs="1", batch_size="8")
    train(made, tmp_path / "augmented")
    assert sum(moved) == 2 * len(made.split.train)


def test_features_of_a_frozen_base_are_computed_once(plan, tmp_path, monkeypatch) -> None:
    calls = []
    real = fit.predict
    monkeypatch.setattr(
        fit, "predict", lambda model, images: calls.append(1) or real(model, images)
    )
    made = plan("transfer", **{"base.weights": "none", "augmentation": "none"})
    run = train(made, tmp_path / "transfer")
    assert len(calls) == 1
    assert run.record["epochs"] == 3


def test_the_last_block_learns_after_the_warm_up_and_can_be_lent(plan, tmp_path) -> None:
    start = load_base("none", (32, 32, 3))
    save_base(start, tmp_path / "start.h5")
    changes = {"min_side": "32", "base.warm_up": "1", "epochs": "1"}
    changes["base.weights"] = str(tmp_path / "start.h5")
    run = train(plan("transfer-tuned", **changes), tmp_path / "tuned")
    assert run.record["epochs"] == 2
    assert len((run.folder / "history.csv").read_text().splitlines()) == 1 + 2

    lent = str(run.folder / "vgg16_notop.h5")
    learnt = load_base(lent, (32, 32, 3))
    moved = {
        a.name
        for a, b in zip(start.layers, learnt.layers, strict=True)
        if any((x != y).any() for x, y in zip(a.get_weights(), b.get_weights(), strict=True))
    }
    assert moved == {"block5_conv1", "block5_conv2", "block5_conv3"}
    made = plan("transfer", **{"base.weights": lent, "augmentation": "none"})
    assert train(made, tmp_path / "t").scores["n"] == run.scores["n"]


def test_finished_runs_are_reused_and_fresh_trains_again(tiny, tmp_path, capsys) -> None:
    first = train_all(tiny, tmp_path, ["dense"], {"epochs": ["2"]})[0]
    again = train_all(tiny, tmp_path, ["dense"], {"epochs": ["2"]})[0]
    assert "dense-epochs=2: finished before, reused" in capsys.readouterr().err
    assert again.record == first.record
    fresh = train_all(tiny, tmp_path, ["dense"], {"epochs": ["2"]}, fresh=True)[0]
    assert fresh.record["fit_seconds"] != first.record["fit_seconds"]


def test_runs_of_other_data_are_not_mixed(tiny, tmp_path) -> None:
    run = train_all(tiny, tmp_path, ["dense"], {"epochs": ["1"]})[0]
    record = json.loads((run.folder / RECORD).read_text())
    record["data"]["fingerprint"] = "0" * 64
    (run.folder / RECORD).write_text(json.dumps(record))
    with pytest.raises(PipelineError, match=r"other data.*dense-epochs=1"):
        train_all(tiny, tmp_path, ["conv"], {"epochs": ["1"]})


@pytest.mark.parametrize(
    ("changes", "seed", "name"),
    [
        ({}, 0, "conv"),
        ({"epochs": "5"}, 1, "conv-epochs=5-seed=1"),
        ({"l2": "0.5"}, 0, "conv-l2=0.5"),
        ({"base.weights": "a/b/c.h5"}, 0, "conv-base.weights=c"),
    ],
)
def test_a_run_is_named_after_what_differs(changes, seed, name) -> None:
    assert run_name("conv", changes, seed) == name


def test_a_killed_run_leaves_nothing_that_counts(tiny_folder: Path, tmp_path) -> None:
    runs = tmp_path / "runs"
    command = [sys.executable, "-m", "pipeline", "train", str(tiny_folder), "--runs", str(runs)]
    process = subprocess.Popen(
        [*command, "--model", "dense", "--epochs", "100000", "--set", "early_stopping=none"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while "epoch" not in process.stderr.readline():
        assert process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    assert list_runs(runs / "tiny") == []
    leftovers = [path.name for path in (runs / "tiny").iterdir() if path.is_dir()]
    assert leftovers
    assert all(name.startswith(".") for name in leftovers)


def test_one_cycle_raises_the_learning_rate_and_lowers_it_to_zero(plan, tmp_path) -> None:
    run = train(plan("fast", epochs="10", min_steps="0"), tmp_path / "fast")
    history = np.genfromtxt(run.folder / "history.csv", delimiter=",", names=True)
    rates = history["learning_rate"]
    assert len(rates) == 10
    assert np.argmax(rates) == 2  # a step an epoch, 30 % of them upwards
    assert rates.max() == pytest.approx(0.01, rel=1e-3)
    assert rates[-1] < 1e-6


@pytest.mark.parametrize("name", ["dense", "fast"])
def test_a_training_that_diverges_ends_at_once_and_leaves_nothing(
    name, plan, tmp_path, capsys
) -> None:
    with pytest.raises(PipelineError, match=r"diverged.*which is 1e\+30"):
        train(plan(name, learning_rate="1e30", plateau="none"), tmp_path / name)
    assert "epoch 3" not in capsys.readouterr().err
    assert list_runs(tmp_path) == []


def test_the_best_epoch_of_a_training_that_diverges_later_is_kept(
    plan, tmp_path, monkeypatch
) -> None:
    losses = iter([1.0, 0.5, np.nan])
    evaluate = loop.evaluate

    def spoilt(*args):
        return evaluate(*args) | {"val_loss": next(losses)}

    monkeypatch.setattr(loop, "evaluate", spoilt)
    assert train(plan("dense"), tmp_path / "dense").record["best_epoch"] == 2
