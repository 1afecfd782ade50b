"""How far each epoch of a training goes, and what a deadline changes."""

import time
from dataclasses import replace

import numpy as np
import pytest

import pipeline as pp
from pipeline.recipes import find_recipe
from pipeline.training.callbacks import KeepPace
from pipeline.training.job import make_job
from pipeline.training.pace import Pace, one_cycle
from pipeline.training.train import train


def test_epochs_are_even_without_a_deadline() -> None:
    pace = Pace(4)
    pace.end_epoch(0, seconds=1e6)
    assert pace.ends == (0.25, 0.5, 0.75, 1.0)
    assert pace.at(1, 0.5) == 0.375


def test_with_a_deadline_the_rest_is_divided_among_the_epochs_that_fit() -> None:
    pace = Pace(10, deadline=time.time() + 100)
    pace.end_epoch(0, seconds=24)
    np.testing.assert_allclose(pace.ends, [0.1, 0.325, 0.55, 0.775, 1])
    pace.end_epoch(1, seconds=90)  # the machine became slower
    np.testing.assert_allclose(pace.ends, [0.1, 0.325, 1])
    pace.end_epoch(2, seconds=90)
    assert pace.epochs == 3


def test_a_deadline_may_shorten_a_training_without_making_it_longer() -> None:
    pace = Pace(3, deadline=time.time() + 100, most=3)
    pace.end_epoch(0, seconds=1)
    np.testing.assert_allclose(pace.ends, [1 / 3, 2 / 3, 1])
    pace = Pace(3, deadline=time.time() + 100, most=3)
    pace.end_epoch(0, seconds=80)
    np.testing.assert_allclose(pace.ends, [1 / 3, 1])


def test_one_epoch_more_is_trained_when_the_time_is_over() -> None:
    pace = Pace(10, deadline=time.time() - 100)
    pace.end_epoch(0, seconds=1)
    assert pace.ends == (0.1, 1.0)


def test_what_the_first_epoch_prepares_is_not_expected_of_the_others(monkeypatch) -> None:
    """Two steps and the first batch of the validation compile the computation."""
    now = 0.0
    monkeypatch.setattr("pipeline.training.callbacks.time.monotonic", lambda: now)
    pace = Pace(30, deadline=time.time() + 100.5)
    callback = KeepPace(pace, 0, lambda epochs: None)
    callback.set_params({"steps": 10})
    callback.on_epoch_begin(0)
    for step, seconds in enumerate([20, 20, *[0.8] * 8]):
        now += seconds
        callback.on_train_batch_end(step)
    for batch, seconds in enumerate([20, 1]):
        now += seconds
        callback.on_test_batch_end(batch)
    callback.on_epoch_end(0)
    assert pace.epochs == 1 + 10  # of 8 seconds, and 2 for the validation


def test_the_learning_rate_rises_and_falls_to_zero() -> None:
    rates = [one_cycle(progress) for progress in (0, 0.15, 0.3, 0.65, 1)]
    np.testing.assert_allclose(rates, [0.04, 0.52, 1, 0.5, 0], atol=1e-12)


def test_the_learning_rate_changes_within_an_epoch(tiny, tmp_path) -> None:
    recipe = find_recipe("fast").change(epochs=2, min_steps=0, batch_size=8)
    run = train(make_job(recipe, {}, 0, tiny.hold_out), tiny, tmp_path)  # 6 steps an epoch
    expected = [recipe.learning_rate * one_cycle(progress) for progress in (5 / 12, 11 / 12)]
    np.testing.assert_allclose(run.history["learning_rate"], expected, rtol=1e-5)


@pytest.mark.parametrize("seconds", [-1, 3])
def test_a_training_with_a_deadline_can_be_repeated_without_a_clock(seconds, tiny, tmp_path):
    """Byte for byte, whatever the clock has decided."""
    recipe = find_recipe("fast").change(epochs=50, tta_views=1)
    job = make_job(recipe, {}, 0, tiny.hold_out)
    timed = train(replace(job, deadline=time.time() + seconds), tiny, tmp_path / "timed")
    settings = timed.record.settings
    assert settings["epochs"] == len(settings["pace"]) == len(timed.history)
    assert settings["pace"][-1] == 1
    again = pp.train(
        tiny, "fast", tta_views=1, epochs=settings["epochs"], pace=settings["pace"],
        runs=tmp_path, progress=False,
    )  # fmt: skip
    assert again.record.identity == timed.record.identity
    for name in ("model.keras", "validation.npy", "test.npy"):
        assert again.checksums[name] == timed.checksums[name]
