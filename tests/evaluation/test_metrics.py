"""Metrics other than the accuracy: values, intervals, tests, and what is chosen by them."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from finished_runs import finish
from sklearn.metrics import f1_score
from sklearn.metrics import log_loss as sklearn_log_loss

import pipeline as pp
from pipeline.cli import main
from pipeline.competition.competition import Competition
from pipeline.evaluation.estimate import estimate_best, estimate_winner
from pipeline.evaluation.selection import select_greedily
from pipeline.metrics.metric import (
    ACCURACY,
    LOG_LOSS,
    MACRO_F1,
    METRICS,
    Metric,
    permutation_tests,
    wilson_interval,
)
from pipeline.runs.metrics import score_by

by_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)


def drawn(
    skill: float, n: int = 300, k: int = 4, seed: int = 0, labels: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a run, the better the higher its skill, and labels of unequal frequency."""
    random = np.random.default_rng(seed)
    if labels is None:
        labels = np.random.default_rng(99).choice(k, n, p=np.arange(1, k + 1) / (k * (k + 1) / 2))
    logits = random.normal(size=(n, k))
    logits[np.arange(n), labels] += skill
    exponentials = np.exp(logits)
    return (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32), labels


def test_values_are_those_of_scikit_learn() -> None:
    probabilities, labels = drawn(1.0)
    predicted = probabilities.argmax(axis=1)
    assert MACRO_F1.value(probabilities, labels) == pytest.approx(
        f1_score(labels, predicted, average="macro")
    )
    assert LOG_LOSS.value(probabilities, labels) == pytest.approx(
        sklearn_log_loss(labels, probabilities), rel=1e-5
    )
    assert ACCURACY.value(probabilities, labels) == np.mean(predicted == labels)


def test_a_class_that_no_row_has_is_left_out_of_the_macro_f1() -> None:
    probabilities, labels = np.eye(3, dtype=np.float32)[[0, 1, 1, 0]], np.array([0, 1, 1, 1])
    assert MACRO_F1.value(probabilities, labels) == pytest.approx((2 / 3 + 4 / 5) / 2)


@by_metric
def test_intervals_hold_the_value_of_many_more_rows(metric: Metric) -> None:
    probabilities, labels = drawn(1.0, n=40_000)
    truth = metric.value(probabilities, labels)
    covered = 0
    for start in range(0, 40_000, 400):
        rows = slice(start, start + 400)
        low, high = metric.interval(metric.rows(probabilities[rows], labels[rows], None))
        covered += low <= truth <= high
    assert 90 <= covered <= 99


@by_metric
def test_copies_of_an_image_count_once_for_the_interval(metric: Metric) -> None:
    probabilities, labels = drawn(1.0)
    images, twice = np.repeat(np.arange(300), 2), np.repeat(np.arange(300), 2)
    one = metric.interval(metric.rows(probabilities, labels, None))
    two = metric.interval(metric.rows(probabilities[twice], labels[twice], images))
    assert two == pytest.approx(one)


def test_without_an_error_there_is_an_interval_all_the_same() -> None:
    probabilities, labels = drawn(50.0)
    low, high = MACRO_F1.interval(MACRO_F1.rows(probabilities, labels, None))
    assert low < 0.99
    assert high == pytest.approx(1)


@by_metric
def test_the_paired_test_tells_runs_apart_that_differ_and_no_others(metric: Metric) -> None:
    def rows(skill: float, seed: int) -> np.ndarray:
        return metric.rows(*drawn(skill, seed=seed), None)

    values = permutation_tests(metric, [rows(2.0, 1), rows(1.0, 2), rows(2.0, 1)])
    assert values[0, 1] < 0.01
    assert values[0, 2] == 1
    assert (values == values.T).all()
    alike = [permutation_tests(metric, [rows(1.0, n), rows(1.0, n + 50)])[0, 1] for n in range(20)]
    assert sum(value < 0.05 for value in alike) <= 3  # of 20; one is expected


@by_metric
def test_the_best_of_many_equal_runs_is_corrected_and_one_far_ahead_is_not(metric: Metric) -> None:
    corrected, luck = 0.0, 0.0
    for first in range(100, 250, 10):
        alike = [drawn(1.0, seed=seed) for seed in range(first, first + 10)]
        values = metric.goodness([metric.value(*run) for run in alike])
        ranked = [metric.rows(*alike[best], None) for best in np.argsort(-values)]
        estimate = estimate_best(metric, ranked)
        assert estimate.low < estimate.value < estimate.high
        corrected, luck = corrected + estimate.optimism, luck + values.max() - values.mean()
    assert 0.7 < corrected / luck < 1.3
    ahead = estimate_best(metric, [metric.rows(*drawn(3.0, seed=50), None), *ranked])
    assert ahead.optimism == 0


def test_the_correction_is_that_of_the_accuracy() -> None:
    runs = [drawn(1.0, seed=seed) for seed in range(10)]
    correct = np.stack([p.argmax(axis=1) == labels for p, labels in runs])
    order = np.argsort(-correct.sum(axis=1), kind="stable")
    found = estimate_best(ACCURACY, [ACCURACY.rows(*runs[best], None) for best in order])
    assert found.optimism == pytest.approx(estimate_winner(correct).optimism, rel=0.2)


def test_a_run_that_knows_a_rare_class_has_more_weight_if_classes_count_equally() -> None:
    labels = np.repeat([0, 1], [190, 10])
    common = np.where(labels[:, None] == 0, [0.9, 0.1], [0.7, 0.3]).astype(np.float32)
    rare = np.where(labels[:, None] == 0, [0.7, 0.3], [0.2, 0.8]).astype(np.float32)
    plain, balanced = (
        select_greedily([common, rare], labels, None, metric).counts
        for metric in (ACCURACY, MACRO_F1)
    )
    assert balanced[1] / balanced.sum() > plain[1] / plain.sum()


@pytest.fixture
def two_runs(tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, and a run of it that is more often right than the other, but too sure."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "tiny"
    folder.mkdir()
    for path in tiny_folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    competition = pp.load(folder)
    finish(competition, tmp_path / "runs/tiny/sure", 4, draw=0, sureness=10)
    finish(competition, tmp_path / "runs/tiny/careful", 1, draw=1, sureness=0.1)
    return folder


def test_runs_are_ranked_by_the_metric_of_the_folder(two_runs: Path) -> None:
    plain = pp.leaderboard("tiny")
    assert plain.columns[4:9].tolist() == ["accuracy", "low", "high", "n", "loss"]
    assert plain.attrs["metric"] == "accuracy"
    losses = dict(zip(plain["run"], plain["loss"], strict=True))
    for name in ("log_loss", "macro_f1"):
        (two_runs / "competition.toml").write_text(f'metric = "{name}"\n')
        competition = pp.load(two_runs)
        for table in (pp.leaderboard("tiny"), pp.leaderboard(competition)):
            assert table.columns[4:9].tolist() == [name, "low", "high", "n", "accuracy"]
            assert (table["low"] < table[name]).all()
            assert (table[name] < table["high"]).all()
            metric = METRICS[name]
            assert (np.diff(metric.goodness(table[name])) <= 0).all()
        assert pp.best_run(competition).name == table["run"][0]
        if name == "log_loss":
            assert table["run"][0] == min(losses, key=lambda run: losses[run])
            assert table["run"][0] != plain["run"][0]


def test_a_further_metric_is_an_entry(two_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def among_two(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
        best = np.argsort(-probabilities, axis=1)[:, :2]
        return (best == labels[:, None]).any(axis=1, keepdims=True).astype(np.float64)

    name: Any = "top_2"
    metric = replace(ACCURACY, name=name, title="top 2", of_rows=among_two, field="")
    monkeypatch.setitem(METRICS, name, metric)
    competition = pp.load(two_runs)
    competition = replace(competition, overrides=replace(competition.overrides, metric=name))
    table = pp.leaderboard(competition).set_index("run")
    for run in pp.list_runs(competition):
        found, n = run.validation, table.loc[run.name, "n"]
        value = float(among_two(found.probabilities, found.labels).mean())
        assert table.loc[run.name, name] == pytest.approx(value)
        assert value > table.loc[run.name, "accuracy"]
        assert table.loc[run.name, ["low", "high"]].tolist() == pytest.approx(
            wilson_interval(value, n)
        )
        scores = score_by(metric, found.probabilities, found.labels, run.scores.copies)
        assert scores.other
        assert (scores.other.metric, scores.other.value) == (name, pytest.approx(value))
    ((best, estimate),) = table.attrs["estimate"].items()
    assert estimate.metric == metric
    assert estimate.value + estimate.optimism == pytest.approx(table.loc[best, name])


def test_commands_show_the_metric(two_runs: Path) -> None:
    (two_runs / "competition.toml").write_text('metric = "log_loss"\n')
    results = {
        command: CliRunner().invoke(main, [command, "tiny"])
        for command in ("leaderboard", "ensemble", "submit", "report")
    }
    assert all(result.exit_code == 0 for result in results.values()), results
    head = results["leaderboard"].stdout.splitlines()[0].split("  ")
    assert [name.strip() for name in head if name][2:6] == [
        "log loss", "95 % interval", "n", "accuracy %",
    ]  # fmt: skip
    assert "ensemble: log loss 0." in results["ensemble"].stdout
    assert "The submission of ensemble, estimated log loss " in results["submit"].stdout
    page = Path(results["report"].stdout.strip()).read_text()
    assert 'data-label="Log loss"' in page
    assert "paired permutation test" in page


def test_labelled_test_rows_are_scored_by_the_metric(two_runs: Path) -> None:
    labels = np.arange(12) % 3
    lines = (two_runs / "test.csv").read_text().splitlines()
    labelled = "".join(f"{line},{label}\n" for line, label in zip(lines, labels, strict=True))
    (two_runs / "test.csv").write_text(labelled)
    (two_runs / "competition.toml").write_text('metric = "log_loss"\ntest_label = "last"\n')
    competition = pp.load(two_runs)
    test, _ = drawn(1.0, k=3, labels=labels, n=12)
    run = finish(competition, Path("runs/tiny/third"), 9, draw=2, test=test)
    other = pp.score_test(competition, run).other
    assert other
    assert (other.metric, other.low < other.value < other.high) == ("log_loss", True)
    assert other.value == pytest.approx(sklearn_log_loss(labels, test), rel=1e-5)
    shown = CliRunner().invoke(main, ["submit", "tiny", "--run", "third"]).stdout
    assert f"third on the labelled test rows: log loss {other.value:.4f}, 95 % interval " in shown
    assert "; accuracy " in shown


def test_a_record_names_a_metric_other_than_the_accuracy_and_a_name_alone_finds_it(
    two_runs: Path,
) -> None:
    def recorded(run: pp.Run) -> dict[str, object]:
        found: dict[str, object] = json.loads((run.folder / "run.json").read_text())["data"]
        return found

    first = pp.ensemble(pp.load(two_runs), method="mean", name="first", progress=False)
    assert "metric" not in recorded(first)
    shutil.rmtree(first.folder)  # it may be as new as the next one
    (two_runs / "competition.toml").write_text('metric = "log_loss"\n')
    second = pp.ensemble(pp.load(two_runs), ["sure", "careful"], name="second", progress=False)
    assert recorded(second)["metric"] == "log_loss"
    two_runs.rename(two_runs.with_name("elsewhere"))
    assert pp.leaderboard("tiny").attrs["metric"] == "log_loss"


def test_submitted_probabilities_are_calibrated_and_never_zero(
    two_runs: Path, tmp_path: Path
) -> None:
    rows = "".join(f"{row},0.3,0.3,0.4\n" for row in range(12))
    (two_runs / "sample_submission.csv").write_text(f"id,c0,c1,c2\n{rows}")
    competition: Competition = pp.load(two_runs)
    assert competition.metric is LOG_LOSS
    run = pp.best_run(competition)
    run.test_probabilities[:] = [1, 0, 0]
    path = pp.submit(competition, run)
    assert pp.check(competition, path) == 12
    first = path.read_text().splitlines()[1].split(",")[1:]
    assert 0 < float(first[1]) < 1e-3
    assert sum(map(float, first)) == pytest.approx(1, abs=1e-6)
    (sure,) = (run for run in pp.list_runs(competition) if run.name == "sure")
    sure.test_probabilities[:] = [0.98, 0.01, 0.01]
    path = pp.submit(competition, sure, output=tmp_path / "sure.csv")
    assert float(path.read_text().splitlines()[1].split(",")[1]) < 0.96
