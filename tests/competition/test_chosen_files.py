"""--train, --test and --sample choose files in the folder or anywhere else."""

import pickle
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

import pipeline as pp
from pipeline.cli import main


@pytest.fixture
def chosen(folder, tmp_path, monkeypatch):
    """A folder with three files of other names, as seen from the folder above it."""
    truth = folder.fill(rows=300)
    folder.save("sample_submission.csv", [["Key", "Class"], *([n, 0] for n in range(12))])
    for name, other in (("train", "a.txt"), ("test", "b.txt"), ("sample_submission", "c.txt")):
        (folder.path / f"{name}.csv").rename(folder.path / other)
    monkeypatch.chdir(tmp_path)
    return truth


def test_every_command_that_reads_the_data_takes_files(chosen, folder, tmp_path) -> None:
    files = ["--train", "a.txt", "--test", str(folder.path / "b.txt"), "--sample", "c.txt"]
    commands = (
        ["inspect"],
        ["train", "--model", "dense", "--epochs", "1", "--engine", "processes", "--quiet"],
        ["report"],
        ["submit"],
    )
    for command in commands:
        result = CliRunner().invoke(main, [*command, "competition", *files])
        assert result.exit_code == 0, result.output
    submission = result.stdout.splitlines()[-1]
    assert (tmp_path / submission).read_text().startswith("Key,Class\n")
    checked = CliRunner().invoke(main, ["check", "competition", submission, *files])
    assert checked.stdout.endswith("valid, 12 rows\n")


def test_without_a_folder_it_is_that_of_the_training_file(folder, tmp_path, monkeypatch) -> None:
    folder.fill(rows=40, test_rows=12)
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(main, ["inspect", "--train", "competition/train.csv"]).stdout
    assert "competition  competition\n" in shown
    assert "test         test.csv: 12 rows" in shown


@pytest.mark.parametrize("place", ["competition", "elsewhere"])
def test_a_path_is_relative_to_the_folder_or_to_the_current_one(
    chosen, folder, tmp_path, monkeypatch, place
) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    shutil.move(folder.path / "a.txt", other / "a.txt")
    path = "../elsewhere/a.txt" if place == "competition" else "elsewhere/a.txt"
    competition = folder.load(train=path, test=folder.path / "b.txt")
    np.testing.assert_array_equal(competition.train_pixels, chosen.train)
    monkeypatch.chdir(other)
    sent = pickle.loads(pickle.dumps(competition))
    np.testing.assert_array_equal(sent.test_pixels, chosen.test)


def test_a_file_of_the_folder_wins_and_options_win_over_competition_toml(chosen, folder) -> None:
    folder.write("competition.toml", 'train = "nowhere.csv"\n')
    shutil.copy(folder.path / "b.txt", "a.txt")
    assert len(pp.load(folder.path, train="a.txt").labels) == 300
    error = folder.refused(train="other.csv")
    assert (error.where, error.found) == ("other.csv", "the file does not exist")
