"""What `benchmarks.tuning` compares: searches of equal time, and networks instead of a search."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from scored import Scored

from benchmarks import tuning
from pipeline.recipes import find_recipe


@pytest.fixture
def samplers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of random trials of each sampler that a search makes; none is trained."""
    numbers: list[int] = []
    sampler = optuna.samplers.TPESampler

    def make(**options: Any) -> Any:
        if options:  # Optuna makes one with its defaults, which is not used
            numbers.append(options["n_startup_trials"])
        return sampler(**options)

    monkeypatch.setattr(optuna.samplers, "TPESampler", make)
    monkeypatch.setattr(tuning, "engine_for", lambda *_: Scored(0.5, seconds=0.2))
    return numbers


def test_a_search_ends_with_enough_trials(samplers, tiny, tmp_path: Path) -> None:
    recipe, seconds = tuning.find(tiny, "dense", tmp_path, tuning.TPE, 3, 600)
    assert recipe.learning_rate == find_recipe("dense").learning_rate  # of equal trials the first
    assert seconds < 300
    assert samplers == [5] * 3


def test_a_random_search_ends_with_its_time(samplers, tiny, tmp_path: Path) -> None:
    began = time.monotonic()
    _, seconds = tuning.find(tiny, "dense", tmp_path, tuning.RANDOM, None, 2)
    assert 2 <= seconds <= time.monotonic() - began
    assert 1 <= len(samplers) <= 10
    assert min(samplers) > 1_000  # all are random


def test_members_have_the_time_of_the_search_and_of_one_training(
    tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their seeds differ from those of other members."""
    seeds = list[int]()

    def train(self: Any, recipe: Any, of: Any, name: str) -> list[Any]:
        seeds.extend(of)
        return [np.full((2, 2), 0.5, np.float32) for _ in of]

    monkeypatch.setattr(tuning.Trained, "_train", train)
    trained = tuning.Trained(tiny, tmp_path, 2)
    recipe = find_recipe("dense")
    trained.seconds["dense"] = 10.0
    trained.add_members(recipe, 35.0)
    assert list(trained.probabilities) == ["mean of 4 networks"]
    assert len(set(seeds)) == len(seeds) == 2 * 4


def test_a_gain_a_minute_is_that_of_the_search_or_of_the_further_networks(
    tiny, tmp_path: Path
) -> None:
    trained = tuning.Trained(tiny, tmp_path, 2)
    trained.seconds = {"fast": 10.0, "TPE": 12.0, "augmented": 50.0}
    trained.searched = trained.further = {"fast": 0.0, "TPE": 120.0, "augmented": 0.0}
    own = [(90.0, 0.5), (92.0, 0.5)]
    better = [(91.0, 0.4), (94.0, 0.4)]
    assert trained.row("fast", own, own)[-3:] == ("0", "10.0", "")
    assert trained.row("TPE", better, own)[-3:] == ("120", "12.0", "+0.750")
    assert trained.row("augmented", better, own)[-1] == ""
