"""Paired tests, calibration, sweeps, label_issues: what is said of several runs, and how surely."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from pipeline.runs.calibration import reliability
from pipeline.runs.comparison import agreement, mcnemar, paired_tests, places, two_sided_coin
from pipeline.runs.history import load_history
from pipeline.runs.label_issues import find_issues
from pipeline.runs.metrics import by_class, confusion, worst_errors
from pipeline.runs.run import Run
from pipeline.runs.sweeps import find_sweeps


@pytest.mark.parametrize(("fewer", "tosses"), [(0, 0), (0, 5), (3, 10), (5, 10), (180, 400)])
def test_the_paired_test_is_the_exact_binomial_one(fewer: int, tosses: int) -> None:
    wanted = binomtest(fewer, tosses).pvalue if tosses else 1.0
    assert two_sided_coin(fewer, tosses) == pytest.approx(wanted, rel=1e-9)


def test_rows_on_which_runs_agree_say_nothing() -> None:
    one = np.array([True, True, False, True])
    two = np.array([True, False, False, True])
    many = np.ones(1000, bool)
    assert mcnemar(np.append(one, many), np.append(two, many)) == mcnemar(one, two) == 1.0


def test_a_run_has_all_places_that_luck_might_have_given_it() -> None:
    base = np.zeros(100, bool)
    right = [base.copy() for _ in range(3)]
    right[0][:90] = right[2][:40] = True
    right[1][1:90] = True
    tests = paired_tests(right)
    assert places([r.mean() for r in right], tests) == [(1, 2), (1, 2), (3, 3)]


def test_agreement_counts_equal_predictions() -> None:
    matrix = agreement([np.array([0, 1, 2, 2]), np.array([0, 1, 1, 1])])
    np.testing.assert_array_equal(matrix, [[1, 0.5], [0.5, 1]])


def test_calibration_error_is_the_weighted_gap() -> None:
    probabilities = np.array([[0.95, 0.05]] * 4 + [[0.35, 0.65]] * 2, np.float32)
    found = reliability(probabilities, np.array([0, 0, 0, 1, 1, 0]))
    assert found.counts.sum() == 6
    assert found.error == pytest.approx((4 * abs(0.95 - 0.75) + 2 * abs(0.65 - 0.5)) / 6, abs=1e-6)


def test_certain_and_empty_bins_do_no_harm() -> None:
    found = reliability(np.array([[1.0, 0.0]], np.float32), np.array([0]))
    assert (found.error, found.counts[-1]) == (0.0, 1)


def test_scores_by_class_follow_from_the_confusion_matrix() -> None:
    counts = confusion(np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 0]), 3)
    np.testing.assert_array_equal(counts, [[1, 1, 0], [1, 2, 0], [0, 0, 0]])
    found = by_class(counts)
    assert found["precision"][:2].tolist() == [0.5, 2 / 3]
    assert found["f1"][1] == pytest.approx(2 / 3)
    assert np.isnan(found["recall"][2])


def test_the_worst_error_is_the_one_claimed_most_against_the_truth() -> None:
    probabilities = np.array([[0.6, 0.4], [0.9, 0.1], [0.2, 0.8]], np.float32)
    assert worst_errors(probabilities, np.array([1, 1, 1])).tolist() == [1, 0]


def test_only_planted_labels_are_suspected() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 60)
    probabilities = np.eye(3)[labels] * 0.8 + random.dirichlet([1, 1, 1], 180) * 0.2
    planted = labels.copy()
    planted[[3, 70, 150]] = [1, 2, 0]
    found = find_issues(np.arange(1000, 1180), planted, probabilities.astype(np.float32))
    # How many errors a class may have is estimated, so that one of a few can go unseen.
    assert len(found) >= 2
    assert {issue.row for issue in found} <= {1003, 1070, 1150}
    assert all(labels[issue.row - 1000] == issue.suggested for issue in found)


def test_no_suspects_where_all_is_well() -> None:
    labels = np.repeat([0, 1], 10)
    assert find_issues(np.arange(20), labels, np.eye(2, dtype=np.float32)[labels]) == []


def run(name: str, accuracy: float, seed: int, **settings: Any) -> Run:
    record = {
        "recipe": {"name": "dense", "epochs": 5, "augmentation": None, **settings},
        "seed": seed,
        "scores": {"accuracy": accuracy},
        "published": {"accuracy": 0.97, "on": "x"},
    }
    return Run(Path(name), record)


def test_a_sweep_is_one_setting_that_differs_and_seeds_are_its_spread() -> None:
    runs = [
        run(f"{l2}-{seed}", l2 + seed / 10, seed, l2=l2) for l2 in (0.2, 0.1) for seed in (0, 1)
    ]
    (sweep,) = find_sweeps([*runs, run("other", 0.9, 0, l2=0.3, epochs=9)])
    assert (sweep.recipe, sweep.setting, sweep.published) == ("dense", "l2", 0.97)
    assert [point.value for point in sweep.points] == [0.1, 0.2]
    assert [point.count for point in sweep.points] == [2, 2]
    assert sweep.points[0].mean == pytest.approx(0.15)
    assert sweep.points[0].deviation == pytest.approx(np.std([0.1, 0.2], ddof=1))


def test_two_runs_that_merely_differ_are_no_sweep() -> None:
    assert find_sweeps([run("a", 0.5, 0, l2=0.1), run("b", 0.6, 0, l2=0.2)]) == []


def test_a_part_of_a_recipe_can_be_swept() -> None:
    values = (5.0, 10.0, 15.0)
    runs = [run(str(v), 0.9, 0, augmentation={"rotation": v, "fill": "nearest"}) for v in values]
    (sweep,) = find_sweeps(runs)
    assert sweep.setting == "augmentation.rotation"
    assert [point.deviation for point in sweep.points] == [None] * 3


def test_a_history_is_read_with_its_gaps(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({}))
    assert load_history(Run(tmp_path, {})) is None
    (tmp_path / "history.csv").write_text("epoch,loss,learning_rate\n1,0.5,\n2,0.25,0.001\n")
    history = load_history(Run(tmp_path, {}))
    assert history is not None
    assert history["loss"] == [0.5, 0.25]
    assert np.isnan(history["learning_rate"][0])
