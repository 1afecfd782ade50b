"""From a job to a run folder."""

import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import pipeline as pp
from pipeline.errors import PipelineError
from pipeline.networks.backbone import load_backbone
from pipeline.networks.predict import predict
from pipeline.networks.saving import model_bytes
from pipeline.runs.listing import list_runs
from pipeline.runs.metrics import score
from pipeline.training import batches, fit, loop
from pipeline.training.train import train


@pytest.mark.parametrize("name", ["conv", "conv-10-augmented"])
def test_the_same_seed_gives_the_same_run_bit_for_bit(name: str, job, tiny, tmp_path) -> None:
    one, two = (train(job(name), tiny, tmp_path / folder) for folder in "ab")
    same = {file for file in one.checksums if one.checksums[file] == two.checksums[file]}
    assert set(one.checksums) - {"run.json", "log.txt"} <= same  # these hold times
    other = train(job(name, seed=1), tiny, tmp_path / "c")
    assert other.checksums["test.npy"] != one.checksums["test.npy"]


def test_parallel_training_gives_the_same_bytes_as_one_after_the_other(tiny, tmp_path) -> None:
    runs = [
        pp.train_all(
            tiny, ["conv"], sweep={"epochs": [2]}, seeds=[0, 1], runs=tmp_path / engine,
            engine=engine, progress=False,
        )
        for engine in ("inline", "processes")
    ]  # fmt: skip
    for one, two in zip(*runs, strict=True):
        for name in ("model.keras", "test.npy", "history.csv"):
            assert one.checksums[name] == two.checksums[name]


def test_a_run_folder_holds_all_that_is_known_of_it(job, tiny, tmp_path) -> None:
    run = train(job("dense"), tiny, tmp_path)
    found = run.validation
    np.testing.assert_array_equal(found.labels, tiny.labels[found.rows])
    assert run.scores == score(found.probabilities, found.labels)
    assert (run.test_probabilities.shape, run.test_probabilities.dtype) == ((12, 3), np.float32)
    run.verify()
    assert len(run.history) == 3
    assert len((run.folder / "log.txt").read_text().splitlines()) == 3


def test_the_weights_are_those_of_the_best_epoch(job, tiny, tmp_path) -> None:
    run = train(job("conv", learning_rate=0.05, epochs=8), tiny, tmp_path)
    assert run.record.best_epoch == run.history["val_loss"].idxmin()
    assert run.scores.loss == pytest.approx(run.history["val_loss"].min(), abs=1e-4)


def test_tta_views_give_the_probabilities_if_a_recipe_asks_for_them(job, tiny, tmp_path) -> None:
    one, five = (train(job("conv", epochs=1, tta_views=n), tiny, tmp_path) for n in (1, 5))
    images = one.prepare(tiny.test_pixels)
    for run, views in ((one, 1), (five, 5)):
        expected = predict(run.model, images, tta_views=views)
        np.testing.assert_array_equal(run.test_probabilities, expected)
    difference = one.validation.probabilities - five.validation.probabilities
    assert abs(difference).max() > 1e-4
    assert one.record.training.without_tta is None
    assert five.record.training.without_tta == one.scores != five.scores


def test_early_stopping_ends_a_training_that_no_longer_improves(job, tiny, tmp_path) -> None:
    changes = {"epochs": 50, "learning_rate": 1e-30, "early_stopping": 2}
    assert train(job("dense", **changes), tiny, tmp_path).record.epochs == 3


def test_validation_rows_never_train(job, tiny, tmp_path, monkeypatch) -> None:
    seen: list[np.ndarray] = []

    class Spy(fit.TrainingBatches):
        def batch(self, rows: np.ndarray, epoch: int, step: int):
            seen.append(rows[step * self.batch_size : (step + 1) * self.batch_size])
            return super().batch(rows, epoch, step)

    monkeypatch.setattr(fit, "TrainingBatches", Spy)
    train(job("conv-10-augmented", epochs=1), tiny, tmp_path)
    fold = tiny.hold_out
    assert set(np.concatenate(seen)) == set(fold.train)
    assert not set(fold.train) & set(fold.validation)


def test_the_last_epochs_train_on_images_without_augmentation(
    job, tiny, tmp_path, monkeypatch
) -> None:
    augmented = []

    def augment(images, augmentation, random):
        augmented.append(len(images))
        return images

    monkeypatch.setattr(batches, "augment", augment)
    train(job("conv-10-augmented", final_unaugmented_epochs=1, batch_size=8), tiny, tmp_path)
    assert sum(augmented) == 2 * len(tiny.hold_out.train)


def test_features_of_a_frozen_backbone_are_computed_once(job, tiny, tmp_path, monkeypatch) -> None:
    calls = []
    real = fit.predict
    monkeypatch.setattr(
        fit, "predict", lambda model, images: calls.append(1) or real(model, images)
    )
    run = train(
        job("transfer", **{"backbone.weights": "none", "augmentation": None}), tiny, tmp_path
    )
    assert len(calls) == 1
    assert run.record.epochs == 3
    with zipfile.ZipFile(run.folder / "model.keras") as saved:
        assert b"optimizer" not in saved.read("model.weights.h5")
    np.testing.assert_array_equal(run.predict(tiny.test_pixels), run.test_probabilities)


def test_the_last_block_is_trained_after_the_warm_up_and_can_be_reused(job, tiny, tmp_path) -> None:
    start = load_backbone("none", (32, 32, 3))
    (tmp_path / "start.keras").write_bytes(model_bytes(start))
    changes = {"min_side": 32, "backbone.warm_up_epochs": 1, "epochs": 1}
    changes["backbone.weights"] = str(tmp_path / "start.keras")
    run = train(job("transfer-tuned", **changes), tiny, tmp_path)
    assert run.record.epochs == len(run.history) == 2
    assert run.history["learning_rate"].iloc[0] == pytest.approx(1e-3)

    path = str(run.folder / "backbone.keras")
    trained = load_backbone(path, (32, 32, 3))
    changed = {
        a.name
        for a, b in zip(start.layers, trained.layers, strict=True)
        if any((x != y).any() for x, y in zip(a.get_weights(), b.get_weights(), strict=True))
    }
    assert changed == {"block5_conv1", "block5_conv2", "block5_conv3"}
    reused = job("transfer", **{"backbone.weights": path}).build(tiny).backbone.get_weights()
    assert all((x == y).all() for x, y in zip(trained.get_weights(), reused, strict=True))


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
    names = [path.name for path in (runs / "tiny").iterdir()]
    assert names
    assert all(name.startswith(".") for name in names)


def test_one_cycle_raises_the_learning_rate_and_lowers_it_to_zero(job, tiny, tmp_path) -> None:
    rates = train(job("fast", epochs=10), tiny, tmp_path).history["learning_rate"]
    assert len(rates) == 10
    assert rates.idxmax() == 4  # one step in each epoch: 30 % of the training are done before it
    assert rates.max() == pytest.approx(0.01, rel=1e-3)
    assert rates.iloc[-1] < 0.0006  # the last tenth


@pytest.mark.parametrize("name", ["dense", "fast"])
def test_a_training_that_diverges_ends_at_once_and_leaves_nothing(
    name, job, tiny, tmp_path
) -> None:
    epochs: list[int] = []
    diverging = job(name, learning_rate=1e30, plateau=None)
    with pytest.raises(PipelineError, match=r"diverged.*which is 1e\+30"):
        train(diverging, tiny, tmp_path, lambda progress: epochs.append(progress.epoch))
    assert epochs
    assert max(epochs) < 3
    assert list_runs(tmp_path) == []


def test_the_best_epoch_of_a_training_that_diverges_later_is_restored(
    job, tiny, tmp_path, monkeypatch
) -> None:
    losses = iter([1.0, 0.5, np.nan])
    evaluate = loop.evaluate

    def spoiled(*args):
        return evaluate(*args) | {"val_loss": next(losses)}

    monkeypatch.setattr(loop, "evaluate", spoiled)
    assert train(job("dense"), tiny, tmp_path).record.best_epoch == 2


@pytest.mark.parametrize(("epochs", "accuracy"), [(3, 0.9), (10, 0.95)])
def test_fast_learns_the_shipped_digits(epochs, accuracy, tmp_path) -> None:
    digits = pp.load(Path(__file__).parents[2] / "data/digits")
    run = pp.train(digits, "fast", epochs=epochs, runs=tmp_path, progress=False)
    assert run.scores.accuracy > accuracy


@pytest.mark.parametrize(("epochs", "same"), [(2, False), (100, True)])
def test_layers_that_depend_on_the_number_of_steps_belong_to_the_identity(
    epochs, same, job, tiny
) -> None:
    few, many = (job("fast", epochs=number).identity(tiny) for number in (epochs, 200))
    assert (few.architecture == many.architecture) == same


@pytest.mark.parametrize(
    ("name", "changes", "plan"),
    [
        ("dense", {}, "at most 3 epochs of 1 step"),
        ("fast", {}, "3 epochs of 1 step"),
        ("fast", {"min_steps": 50}, "50 epochs of 1 step, not 3, to make 50 steps"),
        ("conv-10", {"batch_size": 10}, "3 epochs of 5 steps"),
        (
            "lenet5-v2",
            {},
            "3 epochs of 1 step. Its batch normalization needs about 1,000 steps until validation "
            "accuracy means something",
        ),
    ],
)
def test_a_training_says_at_its_start_how_long_it_is(name, changes, plan, job) -> None:
    assert job(name, **changes).plan() == plan
