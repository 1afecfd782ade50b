"""A training file alone: everything works but a submission."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import pipeline as pp
from pipeline.cli import main


@pytest.fixture
def alone(folder, tmp_path, monkeypatch):
    """Runs a command on a folder without a test file, in a folder without runs."""
    folder.fill(rows=300, header="names")
    (folder.path / "test.csv").unlink()
    monkeypatch.chdir(tmp_path)

    def command(name: str, *words: str) -> Any:
        return CliRunner().invoke(main, [name, "competition", *words])

    return command


@pytest.mark.parametrize("header", ["none", "names"])
@pytest.mark.parametrize("label", ["first", "last"])
def test_a_training_file_alone_is_read(folder, header, label) -> None:
    truth = folder.fill(header=header, label=label)
    with_test = folder.load()
    (folder.path / "test.csv").unlink()
    for _ in range(2):  # from the file, and from the cache
        competition = folder.load()
        assert [competition.classes[index] for index in competition.labels] == truth.labels
        np.testing.assert_array_equal(competition.train_pixels, truth.train)
        assert competition.test_pixels.shape == (0, 64)
        assert (competition.has_test, with_test.has_test) == (False, True)


def test_runs_are_trained_compared_and_reported(alone, tmp_path) -> None:
    trained = alone("train", "--model", "dense", "--epochs", "1", "--quiet")
    assert trained.exit_code == 0, trained.output
    run = pp.list_runs("competition")[0]
    run.verify()
    assert run.test_probabilities.shape == (0, 10)
    assert run.record.predict_images_per_second > 0
    assert pp.predict(run, "competition/train.csv").shape == (300, 13)
    assert alone("leaderboard").exit_code == 0
    reported = alone("report")
    assert reported.exit_code == 0, reported.output
    report = Path(reported.stdout.strip()).read_text()
    assert "300 training images" in report


def test_inspect_shows_that_there_is_no_test_file(alone) -> None:
    assert "test         none: runs can be trained" in alone("inspect").stdout
    assert json.loads(alone("inspect", "--format", "json").stdout)["test"] is None


@pytest.mark.parametrize("command", [["submit"], ["check", "train.csv"]])
def test_a_submission_is_refused_before_anything_is_trained(alone, command, tmp_path) -> None:
    result = alone(*command)
    assert result.exit_code == 2
    assert "there is no test file, so there is nothing to submit" in result.stderr
    assert "--test" in result.stderr
    assert not (tmp_path / "runs").exists()
