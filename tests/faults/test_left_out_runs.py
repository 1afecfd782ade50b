"""A damaged run is left out with a warning, and all else works."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from finished_runs import finish

from pipeline.cli import main
from pipeline.competition.competition import Competition

COMMANDS = {
    "leaderboard": "leaderboard {data} --runs {runs}",
    "report": "report {data} --runs {runs}",
    "submit": "submit {data} --runs {runs} --output {runs}/best.csv",
    "submit --run": "submit {data} --runs {runs} --output {runs}/best.csv --run one",
    "ensemble": "ensemble {data} --runs {runs}",
    "ensemble --members": "ensemble {data} --runs {runs} --members one --members two",
}


@pytest.fixture
def run(tiny: Competition, tiny_folder: Path, tmp_path: Path):
    """Runs a command on three runs, of which the best is damaged."""
    for draw, name in enumerate(("one", "two", "three")):
        skill = 9.0 if name == "three" else 1.0
        finish(tiny, tmp_path / "tiny" / name, skill, draw=draw, seed=draw, model=b"model")

    def run(command: str, damaged: str | None) -> Result:
        if damaged:
            path = tmp_path / "tiny" / "three" / damaged
            path.write_bytes(b"0" + path.read_bytes()[1:])
            os.truncate(path, path.stat().st_size - 1)
        return CliRunner().invoke(
            main, COMMANDS[command].format(data=tiny_folder, runs=tmp_path).split()
        )

    return run


@pytest.mark.parametrize("command", COMMANDS)
def test_a_damaged_run_is_left_out(run, command: str, tmp_path: Path) -> None:
    result = run(command, "validation.npy")
    assert result.exit_code == 0, result.output
    said = f"Warning: skipped. run {tmp_path / 'tiny' / 'three'}: validation.npy was changed or"
    assert result.stderr.count(said) == (command != "ensemble --members")
    assert "three" not in result.stdout.split()


@pytest.mark.parametrize("command", ["leaderboard", "report", "submit"])
def test_a_run_that_cannot_be_opened_is_left_out(
    run, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "tiny" / "three"

    def denied(call):
        def deny(path: Path, *words: object, **options: object):
            if closed in path.parents:  # permissions do not stop root
                raise PermissionError(13, "Permission denied", str(path))
            return call(path, *words, **options)

        return deny

    for name in ("stat", "open"):
        monkeypatch.setattr(Path, name, denied(getattr(Path, name)))
    result = run(command, None)
    assert result.exit_code == 0, result.output
    said = f"Warning: skipped. run {closed}: SHA256SUMS cannot be read: Permission denied. Check"
    assert result.stderr.count(said) == 1
    assert "three" not in result.stdout.split()


def test_a_run_that_cannot_be_opened_is_not_trained_again(
    tiny: Competition, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = f"train {tiny_folder} --model dense --epochs 1 --runs {tmp_path}".split()
    assert CliRunner().invoke(main, words).exit_code == 0
    run = tmp_path / "tiny" / "dense-epochs=1"
    before = {path.name: path.stat().st_ino for path in run.iterdir()}
    usual = open

    def fail(path, *words: object, **options: object):
        if str(path) == str(run / name):
            raise OSError(5, "Input/output error", str(path))
        return usual(path, *words, **options)

    for name in ("SHA256SUMS", "run.json", "validation.npy", "model.keras"):
        with monkeypatch.context() as patch:
            patch.setattr("builtins.open", fail)
            patch.setattr("io.open", fail)
            result = CliRunner().invoke(main, words)
        assert result.exit_code == 2, result.output
        assert f"run {run}: {name} cannot be read: Input/output error." in result.stderr
        assert "Train it again" not in result.output
        assert {path.name: path.stat().st_ino for path in run.iterdir()} == before


def test_a_folder_of_runs_that_cannot_be_read_is_named(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", deny)
    result = run("leaderboard", None)
    assert result.exit_code == 2
    assert f"{tmp_path / 'tiny'}: the folder cannot be read: Permission denied." in result.stderr


def test_pages_leave_out_a_run_whose_model_is_damaged(run, tmp_path: Path) -> None:
    result = run("report", "model.keras")
    assert result.exit_code == 0, result.output
    assert "three: model.keras was changed or damaged" in result.stderr
    assert sorted(path.name for path in (tmp_path / "tiny" / "pages").iterdir()) == [
        "one.html",
        "two.html",
    ]


def test_a_damaged_run_that_is_asked_for_is_refused(run, tiny_folder, tmp_path: Path) -> None:
    run("leaderboard", "test.npy")
    words = ["submit", str(tiny_folder), "--runs", str(tmp_path), "--run", "three"]
    result = CliRunner().invoke(main, [*words, "--output", str(tmp_path / "best.csv")])
    assert result.exit_code == 2
    assert "three: test.npy was changed or damaged" in result.stderr
    assert not (tmp_path / "best.csv").exists()
