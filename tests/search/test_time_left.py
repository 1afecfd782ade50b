"""The estimate of the time left."""

from typing import Any

import numpy as np
import pytest

from pipeline.competition.folds import Fold
from pipeline.recipes import find_recipe
from pipeline.search import time_left
from pipeline.search.time_left import TimeLeft
from pipeline.training.job import Job
from pipeline.training.progress import Progress


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time_left, "time", clock)
    return clock


def jobs(*names: str) -> list[Any]:
    """Jobs of ten epochs."""
    fold = Fold(np.arange(4 * 128), np.arange(0))
    return [Job(name, find_recipe("dense").change(epochs=10), 0, fold) for name in names]


def at(name: str, epoch: int, step: int = 4) -> Progress:
    """In an epoch of four steps that has just begun."""
    return Progress(name, epoch, 10, step, 4, 0.0, {})


def test_a_slow_first_step_tells_nothing_if_another_job_is_further_on(clock: Clock) -> None:
    left = TimeLeft(jobs("a", "b", "c"))
    left.update(at("a", 1, 0))
    clock.now += 100
    left.update(at("a", 5))  # half of it
    left.update(at("b", 1, 0))
    clock.now += 20
    left.update(at("b", 1, 1))  # 2.5 %
    assert left.of("b") == pytest.approx(240 * 0.975)
    assert left.of_all() == pytest.approx((120 + 240 * 0.975 + 240) / 2)


def test_a_job_alone_is_estimated_from_its_first_step(clock: Clock) -> None:
    left = TimeLeft(jobs("a"))
    left.update(at("a", 1, 0))
    clock.now += 1
    left.update(at("a", 1, 1))
    assert left.of("a") == pytest.approx(39)


def test_jobs_that_ended_early_do_not_change_the_estimate_of_one_that_runs(clock: Clock) -> None:
    left = TimeLeft(jobs("a", "b"))
    left.update(at("a", 1, 0))
    left.update(at("b", 1, 0))
    clock.now += 1
    left.end("b")
    clock.now += 99
    left.update(at("a", 5))
    assert left.of("a") == pytest.approx(100)


def test_a_job_that_starts_again_from_an_earlier_epoch_is_estimated_anew(clock: Clock) -> None:
    left = TimeLeft(jobs("a"))
    left.update(at("a", 6, 0))
    clock.now += 50
    left.update(at("a", 1, 0))
    clock.now += 10
    left.update(at("a", 1))
    assert left.of("a") == pytest.approx(90)
