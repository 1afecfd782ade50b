"""Paired tests, calibration, sweeps, label issues."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import binomtest
from written_runs import predicting, record, write

import pipeline as pp
from pipeline.cli import main
from pipeline.evaluation.calibration import reliability
from pipeline.evaluation.comparison import compare, mcnemar, paired_tests, rank_ranges
from pipeline.evaluation.label_issues import find_issues
from pipeline.evaluation.sweeps import find_sweeps
from pipeline.metrics.metric import wilson_interval
from pipeline.runs import listing as runs_module
from pipeline.runs.metrics import average, worst_errors
from pipeline.runs.record import Scores
from pipeline.runs.run import Run


@pytest.mark.parametrize(
    ("only_one", "only_two"), [(0, 0), (0, 5), (3, 7), (5, 5), (7, 3), (180, 220)]
)
def test_the_paired_test_is_the_exact_binomial_test(only_one: int, only_two: int) -> None:
    one = np.repeat([True, False, True], [only_one, only_two, 10])
    two = np.repeat([False, True, True], [only_one, only_two, 10])
    n = only_one + only_two
    expected = binomtest(only_one, n).pvalue if only_one > only_two else 1.0
    assert mcnemar(one, two) == pytest.approx(expected, rel=1e-9)


def test_a_run_has_a_rank_range() -> None:
    right = np.zeros((3, 100), bool)
    right[0, :90] = right[1, 1:90] = right[2, :40] = True
    assert rank_ranges(right.mean(axis=1).tolist(), paired_tests(right)) == [(1, 2), (1, 2), (3, 3)]


def test_runs_are_compared_row_by_row(tmp_path: Path) -> None:
    labels = np.repeat([0, 1], 50)
    predictions = {"good": labels.copy(), "bad": 1 - labels, "equal": labels.copy()}
    predictions["good"][:1] = 1
    runs = [predicting(tmp_path / name, labels, predictions[name]) for name in predictions]
    comparison = compare(runs)
    assert [run.name for run in comparison.runs] == ["equal", "good", "bad"]
    assert comparison.ranks == ["1\N{EN DASH}2", "1\N{EN DASH}2", "3"]
    assert comparison.tied_with_first == [0, 1]
    np.testing.assert_array_equal(comparison.agreement[0], [1, 0.99, 0])
    np.testing.assert_array_equal(comparison.p_values, comparison.p_values.T)
    tied = [run.validation.probabilities for run in (runs[2], runs[0])]
    np.testing.assert_array_equal(comparison.pooled, average(tied))


def test_copies_of_an_image_are_one_observation_of_the_paired_test(tmp_path: Path) -> None:
    """Rows 0 to 11 are one image, so that a run gives them equal probabilities."""
    labels = np.zeros(60, int)
    image = np.r_[np.zeros(12, int), np.arange(1, 49)]
    for name, errors in {"none": (), "one-image": range(12), "eight-images": range(20, 28)}.items():
        of_label = 0.7 + image / 1000
        of_label[list(errors)] -= 0.5
        probabilities = np.stack([of_label, 1 - of_label], axis=1).astype(np.float32)
        write(tmp_path / "digits" / name, labels, probabilities, copies=11)
    table = pp.leaderboard("digits", runs=tmp_path).set_index("run")
    assert table.index.tolist() == ["none", "eight-images", "one-image"]
    assert table["n"].tolist() == [49] * 3
    assert table["rank"].tolist() == [1, 2, 1]
    assert table["worst_rank"].tolist() == [2, 3, 3]


def test_images_with_equal_probabilities_are_told_apart_by_another_run(tmp_path: Path) -> None:
    """A calibrated ensemble may be as sure of many images."""
    labels, image = np.zeros(60, int), np.r_[np.zeros(12, int), np.arange(1, 49)]
    for name, of_label in {"sure": np.ones(60), "less": 0.45 + image / 1000}.items():
        probabilities = np.stack([of_label, 1 - of_label], axis=1).astype(np.float32)
        write(tmp_path / "digits" / name, labels, probabilities, copies=11)
    table = pp.leaderboard("digits", runs=tmp_path)
    assert table["worst_rank"].tolist() == [1, 2]
    estimate = table.attrs["estimate"]["sure"]
    assert (estimate.low, estimate.high) == wilson_interval(1.0, 49)


@pytest.fixture
def three_runs(tmp_path: Path) -> Path:
    """Runs of the competition digits, of which two are equally good."""
    labels = np.repeat([0, 1], 50)
    for name, predicted in {"bad": 1 - labels, "good": labels, "equal": labels}.items():
        predicting(tmp_path / "digits" / name, labels, predicted)
    return tmp_path


def test_runs_that_cannot_be_told_apart_share_a_rank(three_runs: Path) -> None:
    table = pp.leaderboard("digits", runs=three_runs)
    assert table["rank"].tolist() == [1, 1, 3]
    assert table["worst_rank"].tolist() == [2, 2, 3]
    shown = CliRunner().invoke(main, ["leaderboard", "digits", "--runs", str(three_runs)])
    lines = shown.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["1=", "1=", "3"]
    assert "Runs with = are tied" in shown.stdout
    assert "best of 3" in table.attrs["caution"] in " ".join(shown.stdout.split())


def test_the_leaderboard_reads_each_run_once(three_runs: Path, monkeypatch) -> None:
    read = []
    real = runs_module.load_run
    monkeypatch.setattr(runs_module, "load_run", lambda path: read.append(path.name) or real(path))
    CliRunner().invoke(main, ["leaderboard", "digits", "--runs", str(three_runs)])
    assert sorted(read) == ["bad", "equal", "good"]


@pytest.mark.parametrize("command", ["leaderboard", "report", "inspect", "train", "submit"])
def test_a_misspelt_competition_gets_the_nearest_name(command: str, three_runs: Path) -> None:
    data = three_runs / "data" / "digits"
    data.mkdir(parents=True)
    words = [command, str(data.with_name("digit")), "--runs", str(three_runs)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    meant = "digits" if command == "leaderboard" else data
    assert f"Did you mean '{meant}'?" in result.stderr


def test_calibration_error_is_the_weighted_gap() -> None:
    probabilities = np.array([[0.95, 0.05]] * 4 + [[0.35, 0.65]] * 2, np.float32)
    found = reliability(probabilities, np.array([0, 0, 0, 1, 1, 0]))
    assert found.counts.sum() == 6
    assert found.error == pytest.approx((4 * abs(0.95 - 0.75) + 2 * abs(0.65 - 0.5)) / 6, abs=1e-6)


def test_certain_predictions_and_empty_bins_are_valid() -> None:
    found = reliability(np.array([[1.0, 0.0]], np.float32), np.array([0]))
    assert (found.error, found.counts[-1]) == (0.0, 1)


def test_the_worst_error_has_the_largest_difference_of_probabilities() -> None:
    probabilities = np.array([[0.6, 0.4], [0.9, 0.1], [0.2, 0.8]], np.float32)
    assert worst_errors(probabilities, np.array([1, 1, 1])).tolist() == [1, 0]


def test_label_issues_are_the_planted_ones() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 60)
    probabilities = np.eye(3)[labels] * 0.8 + random.dirichlet([1, 1, 1], 180) * 0.2
    planted = labels.copy()
    planted[[3, 70, 150]] = [1, 2, 0]
    found = find_issues(np.arange(1000, 1180), planted, probabilities.astype(np.float32))
    # The number of errors in a class is estimated, so one of a few can be missed.
    assert len(found) >= 2
    assert {issue.row for issue in found} <= {1003, 1070, 1150}
    assert all(labels[issue.row - 1000] == issue.suggested for issue in found)


@pytest.mark.filterwarnings("error")
def test_rare_classes_have_label_issues_without_a_warning() -> None:
    labels, probabilities = np.array([0] * 20 + [1]), np.full((21, 2), 0.5, np.float32)
    probabilities[:20] = [0.9, 0.1]
    probabilities[3] = [0.1, 0.9]
    assert [issue.row for issue in find_issues(np.arange(21), labels, probabilities)] == [3]


def test_there_are_no_label_issues_without_errors() -> None:
    labels = np.repeat([0, 1], 10)
    assert find_issues(np.arange(20), labels, np.eye(2, dtype=np.float32)[labels]) == []


def test_a_sweep_has_a_point_for_each_value_with_the_spread_over_seeds() -> None:
    runs = [
        run(f"{l2}-{seed}", l2 + seed / 10, seed, l2=l2) for l2 in (0.2, 0.1) for seed in (0, 1)
    ]
    (sweep,) = find_sweeps([*runs, run("other", 0.9, 0, l2=0.3, epochs=9)])
    assert (sweep.recipe, sweep.setting, sweep.published) == ("dense", "l2", 0.97)
    assert [point.value for point in sweep.points] == [0.1, 0.2]
    assert [point.count for point in sweep.points] == [2, 2]
    assert sweep.points[0].mean == pytest.approx(0.15)
    assert sweep.points[0].deviation == pytest.approx(np.std([0.1, 0.2], ddof=1))


@pytest.mark.parametrize("other", [{"shape": (28, 28, 1)}, {"classes": ("0", "1", "2")}])
def test_a_published_score_on_other_data_is_not_that_of_a_sweep(other: dict[str, Any]) -> None:
    runs = [run(str(l2), 0.9, 0, l2=l2) for l2 in (0.1, 0.2, 0.3)]
    data = replace(runs[0].record.data, **other)
    runs[0] = replace(runs[0], record=replace(runs[0].record, data=data))
    (sweep,) = find_sweeps(runs)
    assert sweep.published is None


def test_two_single_runs_are_not_a_sweep() -> None:
    assert find_sweeps([run("a", 0.5, 0, l2=0.1), run("b", 0.6, 0, l2=0.2)]) == []


def test_runs_of_other_pretrained_weights_are_no_part_of_a_sweep() -> None:
    runs = [run(str(l2), 0.9, 0, l2=l2) for l2 in (0.1, 0.2, 0.3)]
    identity = replace(runs[0].record.identity, weights="other")
    runs[0] = replace(runs[0], record=replace(runs[0].record, identity=identity))
    assert find_sweeps(runs) == []


def test_a_setting_of_a_part_can_be_swept() -> None:
    runs = [run(str(v), 0.9, 0, **{"augmentation.rotation": v}) for v in (5.0, 10.0, 15.0)]
    (sweep,) = find_sweeps(runs)
    assert sweep.setting == "augmentation.rotation"
    assert [point.deviation for point in sweep.points] == [None] * 3


def test_texts_and_numbers_of_one_setting_are_sorted() -> None:
    values = [None, 20, "adam", 3]
    (sweep,) = find_sweeps([run(str(v), 0.9, 0, early_stopping=v) for v in values])
    assert [point.value for point in sweep.points] == [3, 20, None, "adam"]


def run(name: str, accuracy: float, seed: int, **settings: Any) -> Run:
    """A run whose folder does not exist."""
    return Run(Path(name), record(Scores(accuracy, 0, 1, 0.5, 100), seed, settings), {})
