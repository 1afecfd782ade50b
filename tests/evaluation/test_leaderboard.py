"""Scores, their order, and what is said about them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import PipelineError
from pipeline.evaluation.estimate import Estimate
from pipeline.evaluation.leaderboard import caution, choices, rank
from pipeline.metrics.metric import log_loss, wilson_interval
from pipeline.runs.metrics import score
from pipeline.runs.record import Data, FoldRecord, Identity, RunRecord, Scores, Training
from pipeline.runs.run import Run

RECORD = RunRecord(
    identity=Identity("dense", {"restore_best": False}, 0, "data", "fold"),
    data=Data("tiny", "data", ("0", "1"), (8, 8, 1), False, 0, 255, "uint8", 100, 10),
    fold=FoldRecord("hold-out", "fold", 60, 40),
    scores=Scores(0.5, 0.1, 0.9, 1.0, 40),
    parameters=1000,
    fit_seconds=1.5,
    predict_images_per_second=2000.0,
    created="2026-01-01T00:00:00+00:00",
    training=Training(5, 4, (8, 8, 1)),
)


def run(name: str, accuracy: float = 0.5, loss: float = 1.0, **settings: Any) -> Run:
    scores = replace(RECORD.scores, accuracy=accuracy, loss=loss)
    identity = replace(RECORD.identity, settings=RECORD.settings | settings)
    return Run(Path("runs/tiny") / name, replace(RECORD, scores=scores, identity=identity), {})


def test_the_best_accuracy_is_first_and_equal_ones_are_ranked_by_loss() -> None:
    ranked = rank([run("a", 0.5, 1), run("b", 0.8, 2), run("c", 0.8, 1)])
    assert [run.name for run in ranked] == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("part", "found"), [("data", "different data"), ("fold", "different validation rows")]
)
def test_runs_that_are_not_comparable_are_refused_by_name(part: str, found: str) -> None:
    other = run("b")
    record = replace(other.record, **{part: replace(getattr(RECORD, part), fingerprint="x")})
    with pytest.raises(PipelineError) as caught:
        rank([run("a"), replace(other, record=record)])
    assert caught.value.found == f"these runs used {found}; scores are not comparable: b"
    assert caught.value.where == Path("runs/tiny")


@pytest.mark.parametrize(
    "settings",
    [{"restore_best": True}, {"early_stopping": 0}, {"plateau.monitor": "val_accuracy"}],
)
def test_caution_names_what_validation_decided(settings: dict[str, Any]) -> None:
    assert "1 of these runs also used these rows" in caution([run("a", **settings), run("b")], {})


PLATEAU = {"plateau.monitor": "val_accuracy", "plateau.patience": 3}
BOTH = {"restore_best": True, "early_stopping": 10}


@pytest.mark.parametrize(
    ("settings", "epochs", "expected"),
    [
        (PLATEAU, 5, ["the learning rate"]),
        (PLATEAU, 4, []),  # lowered after four epochs at the earliest
        (BOTH, 30, ["the best epoch", "the number of epochs"]),
        (BOTH, 10, ["the best epoch"]),
        (BOTH, 1, []),
        ({"restore_best": False, "early_stopping": 0}, 2, ["the number of epochs"]),
        ({"restore_best": False, "plateau.monitor": "loss"}, 30, []),
    ],
)
def test_choices_are_those_that_so_many_epochs_allow(
    settings: dict[str, Any], epochs: int, expected: list[str]
) -> None:
    record = run("a", **settings).record
    assert choices(replace(record, training=Training(epochs, epochs, (8, 8, 1)))) == expected
    ensemble = replace(run("a", **settings, epochs=epochs).record, training=None)
    assert choices(ensemble) == expected


def test_caution_lists_all_choices_once() -> None:
    runs = [run("a", **PLATEAU), run("b", restore_best=True), run("c", restore_best=True)]
    text = caution(runs, {})
    assert "3 of these runs also used these rows to choose the learning rate or the best" in text


def test_caution_names_no_choice_where_there_was_none() -> None:
    plain = run("a", **{"plateau.monitor": "loss", "early_stopping": None})
    alone = caution([plain], {"a": Estimate(0.5, 0.4, 0.6, 0.0, 1)})
    assert alone == "The validation rows were not trained on."


def test_caution_states_the_corrected_accuracy_of_each_ranking() -> None:
    estimates = {
        "a": Estimate(0.99411, 0.99334, 0.9948, 0.001, 12),
        "b": Estimate(0.98, 0.97, 0.99, 0, 3),
    }
    corrected = "Corrected for that: 99.41 % (99.33 - 99.48)."
    one = caution([run("a"), run("c")], {"a": estimates["a"]})
    assert f"The first is the best of 12, chosen on these rows. {corrected}" in one
    both = caution([run("a"), run("c"), run("b"), run("d")], estimates)
    assert f"a is the best of 12, chosen on the rows of its table. {corrected} b is the" in both


@pytest.mark.parametrize(
    ("share", "n", "low", "high"),
    # Newcombe (1998), table I, Wilson without continuity correction.
    [(81 / 263, 263, 0.2553, 0.3662), (15 / 148, 148, 0.0624, 0.1605), (1, 29, 0.8830, 1.0)],
)
def test_the_interval_is_wilsons(share: float, n: int, low: float, high: float) -> None:
    assert wilson_interval(share, n) == pytest.approx((low, high), abs=1e-4)


def test_copies_do_not_narrow_the_interval() -> None:
    labels = np.zeros(40, int)
    scores = score(np.tile(np.float32([0.9, 0.1]), (40, 1)), labels, copies=30)
    assert (scores.n, scores.distinct) == (40, 10)
    assert (scores.low, scores.high) == wilson_interval(1.0, 10)


def test_scores_come_from_probabilities() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], np.float32)
    labels = np.array([0, 1, 1])
    assert score(probabilities, labels).accuracy == pytest.approx(2 / 3)
    expected = -np.log([0.9, 0.8, 0.4]).mean()
    assert log_loss(probabilities, labels) == pytest.approx(expected, rel=1e-6)


def test_the_log_loss_of_an_impossible_label_is_finite() -> None:
    impossible = np.array([[1.0, 0.0]], np.float32)
    assert log_loss(impossible, np.array([1])) == pytest.approx(-np.log(1e-7))
