"""The accuracy of the best run, corrected for having chosen it on the rows that score it."""

import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import norm
from written_runs import write

import pipeline as pp
from pipeline.cli import main
from pipeline.evaluation.estimate import estimate_winner
from pipeline.metrics.metric import wilson_interval

BOARDS = 200


def board(random: np.random.Generator, equal: bool) -> tuple[np.ndarray, np.ndarray]:
    """(r, n) whether each run is correct, and (r,) their true accuracies.

    Args:
        equal: whether there are many equally good runs that make different errors.
    """
    runs = 30 if equal else int(random.choice([1, 2, 5, 12, 30, 100]))
    rows = min(int(np.exp(random.uniform(np.log(50), np.log(42_000)))), 300_000 // runs)
    best = norm.cdf(random.uniform(norm.ppf(0.5), norm.ppf(0.999)))
    spread = 0 if equal else random.choice([0, 0.5, 2, 10])  # in standard errors
    behind = spread * math.sqrt(best * (1 - best) / rows) * np.abs(random.normal(size=runs))
    true = np.clip(best - behind, 0.01, 1)
    shared = 0.2 if equal else random.choice([0, 0.3, 0.6, 0.9, 0.98])
    difficulty = math.sqrt(shared) * random.normal(size=rows)
    own = math.sqrt(1 - shared) * random.normal(size=(runs, rows))
    return difficulty + own < norm.ppf(true)[:, None], true


@pytest.mark.parametrize("equal", [False, True])
def test_the_interval_covers_the_true_accuracy_of_the_best_run(equal: bool) -> None:
    random = np.random.default_rng(0)
    covered, covered_naively, errors, widths = [], [], [], []
    for _ in range(BOARDS):
        correct, true = board(random, equal)
        shares, rows = correct.mean(axis=1), correct.shape[1]
        truth = true[shares.argmax()]
        low, high = wilson_interval(shares.max(), rows)
        estimate = estimate_winner(correct)
        assert estimate.low < estimate.value <= shares.max()
        covered.append(estimate.low <= truth <= estimate.high)
        covered_naively.append(low <= truth <= high)
        errors.append((estimate.value - truth) / math.sqrt(truth * (1 - truth) / rows))
        widths.append((estimate.high - estimate.low) / (high - low))
    assert np.mean(covered) >= 0.93
    assert np.mean(covered_naively) < (0.7 if equal else 0.93)
    assert abs(np.mean(errors)) < (0.4 if equal else 0.2)  # standard errors of an accuracy
    assert np.mean(widths) < 1.25


def test_the_estimate_of_one_run_is_wilsons() -> None:
    correct = np.arange(200)[None] >= 11
    estimate = estimate_winner(correct)
    assert (estimate.value, estimate.optimism, estimate.runs) == (189 / 200, 0, 1)
    assert (estimate.low, estimate.high) == wilson_interval(189 / 200, 200)


def test_nothing_is_corrected_where_one_run_is_far_ahead() -> None:
    correct = np.arange(1000) % 100 >= np.array([[50], [2], [60]])
    estimate = estimate_winner(correct)
    assert (estimate.value, estimate.optimism, estimate.runs) == (0.98, 0, 3)


def test_copies_are_sampled_together_and_count_once() -> None:
    correct = np.random.default_rng(0).random((20, 150)) < 0.9
    twice, images = np.tile(correct, 2), np.tile(np.arange(150), 2)
    assert estimate_winner(twice, images) == estimate_winner(correct)
    assert estimate_winner(twice).optimism < 0.8 * estimate_winner(correct).optimism


def guessing(folder: Path, count: int, copies: int = 0, fold: str = "") -> None:
    """Writes runs that are equally good; the last rows are copies."""
    random = np.random.default_rng(count)
    images = np.append(np.arange(100), np.arange(copies))
    labels = np.arange(100) % 2
    for number in range(count):
        sure = random.uniform(-0.2, 0.8, 100)
        of_label = np.stack([0.5 - sure / 2, 0.5 + sure / 2], axis=1)
        probabilities = np.where(labels[:, None] == 1, of_label, of_label[:, ::-1])
        name = folder / f"run{number}{fold}"
        write(name, labels[images], probabilities[images].astype(np.float32), copies, fold)


def test_the_leaderboard_shows_the_corrected_accuracy_of_the_best(tmp_path: Path) -> None:
    guessing(tmp_path / "digits", 5)
    table = pp.leaderboard("digits", runs=tmp_path)
    ((name, estimate),) = table.attrs["estimate"].items()
    assert (name, estimate.runs) == (table["run"][0], 5)
    assert estimate.optimism == pytest.approx(table["accuracy"][0] - estimate.value)
    assert 0.01 < estimate.optimism < 0.1
    shown = CliRunner().invoke(main, ["leaderboard", "digits", "--runs", str(tmp_path)]).stdout
    numbers = (estimate.value, estimate.low, estimate.high)
    accuracy, low, high = (f"{100 * number:.2f}" for number in numbers)
    assert f"Corrected for that: {accuracy} % ({low} - {high})." in " ".join(shown.split())


def test_each_ranking_of_a_leaderboard_has_an_estimate(tmp_path: Path) -> None:
    guessing(tmp_path / "digits", 4)
    guessing(tmp_path / "digits", 3, fold="5 folds")
    estimates = pp.leaderboard("digits", runs=tmp_path).attrs["estimate"]
    assert [estimate.runs for estimate in estimates.values()] == [3, 4]
    note = pp.leaderboard("digits", runs=tmp_path).attrs["caution"]
    for name, estimate in estimates.items():
        assert f"{name} is the best of {estimate.runs}, chosen on the rows of its table." in note


def test_copies_among_the_validation_rows_do_not_narrow_the_estimate(tmp_path: Path) -> None:
    guessing(tmp_path / "digits", 5)
    guessing(tmp_path / "copied", 5, copies=100)
    one, two = (pp.leaderboard(name, runs=tmp_path) for name in ("digits", "copied"))
    assert two["accuracy"].equals(one["accuracy"])
    (plain,), (copied,) = (table.attrs["estimate"].values() for table in (one, two))
    assert copied.optimism == pytest.approx(plain.optimism, rel=0.1)  # other random halves
    assert copied.high - copied.low == pytest.approx(plain.high - plain.low, rel=0.01)
