"""Scores and their order."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import PipelineError
from pipeline.runs.leaderboard import rank, table, text
from pipeline.runs.metrics import log_loss, scores, wilson_interval
from pipeline.runs.run import Run, list_runs


def run(
    folder: Path, name: str, accuracy: float, loss: float, data: str = "d", keep: str = "best"
) -> Run:
    (folder / name).mkdir(parents=True)
    record = {
        "scores": {"accuracy": accuracy, "low": 0.1, "high": 0.9, "loss": loss, "n": 40},
        "recipe": {"name": name, "keep": keep},
        "data": {"fingerprint": data},
        "split": {"fingerprint": "s"},
        "parameters": 1000,
        "epochs": 5,
        "best_epoch": 4,
        "fit_seconds": 1.5,
        "predict_images_per_second": 2000.0,
    }
    (folder / name / "run.json").write_text(json.dumps(record))
    return Run(folder / name, record)


def test_the_best_accuracy_stands_first_and_the_smaller_loss_breaks_ties(tmp_path) -> None:
    runs = [run(tmp_path, "a", 0.5, 1), run(tmp_path, "b", 0.8, 2), run(tmp_path, "c", 0.8, 1)]
    assert [row["run"] for row in table(runs)] == ["c", "b", "a"]
    assert [row["rank"] for row in table(runs)] == [1, 2, 3]


def test_runs_of_other_data_are_refused_by_name(tmp_path) -> None:
    runs = [run(tmp_path, "a", 0.5, 1), run(tmp_path, "b", 0.8, 2, data="other")]
    with pytest.raises(PipelineError, match=r"other data.*: b\."):
        rank(runs)


def test_unfinished_folders_do_not_count(tmp_path) -> None:
    run(tmp_path, "a", 0.5, 1)
    run(tmp_path, ".b.x1.tmp", 0.9, 1)
    (tmp_path / "notes").mkdir()
    assert [found.name for found in list_runs(tmp_path)] == ["a"]


def test_a_damaged_record_is_named(tmp_path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "run.json").write_text("{")
    with pytest.raises(PipelineError, match=r"a is no run"):
        list_runs(tmp_path)


def test_the_table_says_how_far_to_believe_it(tmp_path) -> None:
    best, last = run(tmp_path, "a", 0.5, 1), run(tmp_path, "b", 0.4, 1, keep="last")
    assert "10.00 - 90.00" in text([best])
    assert "Each run chose its best epoch" in text([best])
    assert "Of the runs, 1 chose its best epoch" in text([best, last])
    assert "epoch\n" not in text([last])
    assert "the best of 2" in text([best, last])


@pytest.mark.parametrize(
    ("share", "n", "low", "high"),
    # Newcombe (1998), table I, Wilson without continuity correction.
    [(81 / 263, 263, 0.2553, 0.3662), (15 / 148, 148, 0.0624, 0.1605), (1, 29, 0.8830, 1.0)],
)
def test_the_interval_is_wilsons(share: float, n: int, low: float, high: float) -> None:
    assert wilson_interval(share, n) == pytest.approx((low, high), abs=1e-4)


def test_scores_come_from_probabilities() -> None:
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], np.float32)
    labels = np.array([0, 1, 1])
    assert scores(probabilities, labels)["accuracy"] == pytest.approx(2 / 3)
    assert log_loss(probabilities, labels) == pytest.approx(
        -np.log([0.9, 0.8, 0.4]).mean(), rel=1e-6
    )
