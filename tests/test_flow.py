"""CSV in, submission out, through the command line, as a user does it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main

ROOT = Path(__file__).parent.parent
TRAIN = ("train", "--model", "dense", "--model", "conv", "--epochs", 8)


def pipeline(*words: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", *map(str, words)]
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder with 300 of the project's own digits."""
    place = tmp_path_factory.mktemp("flow")
    data = place / "data" / "digits"
    data.mkdir(parents=True)
    for name, rows in (("train_data.csv", 300), ("test_data.csv", 40)):
        lines = (ROOT / "data/digits" / name).read_text().splitlines(keepends=True)
        (data / name).write_text("".join(lines[:rows]))
    return place


@pytest.fixture(scope="module")
def trained(place: Path) -> subprocess.CompletedProcess[str]:
    """What the training of two recipes in this folder printed."""
    return pipeline(*TRAIN, cwd=place)


def invoke(*words: object, cwd: Path) -> Result:
    """Runs a command in this process: others take seconds to start."""
    with chdir(cwd):
        return CliRunner().invoke(main, list(map(str, words)))


def test_train_then_leaderboard_then_submit_then_check(place: Path, trained) -> None:
    assert trained.returncode == 0, trained.stderr
    assert "epoch 8/8" in trained.stderr
    assert "accuracy %" in trained.stdout
    assert "warning" not in trained.stderr.lower()

    shown = invoke("leaderboard", "--format", "json", cwd=place)
    rows = json.loads(shown.stdout)
    assert [row["worst_rank"] for row in rows][-1] == 2
    assert rows[0]["accuracy"] > 0.6
    assert rows[0]["low"] < rows[0]["accuracy"] < rows[0]["high"]

    submit = pipeline("submit", cwd=place)
    assert submit.returncode == 0, submit.stderr
    path = place / submit.stdout.splitlines()[-1]
    lines = path.read_text().splitlines()
    assert lines[0] == "Id,Category"
    assert [line.split(",")[0] for line in lines[1:]] == [str(row) for row in range(40)]
    assert {line.split(",")[1] for line in lines[1:]} <= set("0123456789")
    assert path.stem == rows[0]["run"]

    check = invoke("check", "data/digits", path, cwd=place)
    assert (check.exit_code, check.stderr) == (0, "")
    path.write_text(path.read_text().replace("Id,Category\n", ""))
    refused = invoke("check", "data/digits", path, cwd=place)
    assert refused.exit_code == 2
    assert "Id,Category" in refused.stderr


def test_the_same_command_again_reuses_what_is_finished(place: Path, trained) -> None:
    again = pipeline(*TRAIN, cwd=place)
    for name in ("dense", "conv"):
        assert f"{name}-epochs=8: finished before, reused" in again.stderr
    assert "epoch 8/8" not in again.stderr


def test_inspect_draws_samples(place: Path) -> None:
    shown = invoke("inspect", cwd=place)
    assert "8 x 8 x 1" in shown.stdout
    assert (place / shown.stdout.split()[-1]).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "--model", "convv"], "Did you mean 'conv'"),
        (["train", "--set", "epoch=3"], "Did you mean 'epochs'"),
        (["train", "--set", "lr=3"], "unknown setting 'lr'"),
        (["train", "--set", "epochs"], "NAME=VALUE"),
        (["train", "--epochs", "2", "--set", "epochs=3"], "epochs is given twice"),
        (["trian"], "No such command 'trian'. Did you mean 'train'?"),
        (["train", "nowhere"], "nowhere: the folder does not exist"),
        (["train", "data/digts"], "Did you mean 'data/digits'?"),
        (["train", "data/digits/train_data.csv"], "Name its folder: data/digits."),
        (["train", "--delimiter", ";"], "Expected the word comma, semicolon, tab or pipe"),
        (["train", "--shape", "8"], "as an option 28x28"),
        (["leaderboard", "nowhere"], "no finished runs"),
        (["submit", "--run", "nosuch"], "no run 'nosuch'"),
        (["submit", "--run", "dense", "--runs", "elsewhere"], "Train it with `pipeline train`"),
        (["train", "--model", "transfer", "--weights", "nowhere.h5"], "nowhere.h5 does not exist"),
        (["train", "--model", "dense", "--weights", "none"], "no pretrained backbone"),
        (["train", "--seed", "99999999999999999999"], "Expected an integer in 0..4294967295"),
        (["train", "--seed", "4294967295", "--replicates", "2"], "seed 4294967296"),
        (["train", "--model", "dense", "--runs", "/proc/nowhere"], "it cannot be written"),
        (["train", "--nosuch"], "No such option"),
    ],
)
def test_a_mistake_gets_one_message_and_status_2(
    words: list[str], message: str, place, monkeypatch
) -> None:
    monkeypatch.chdir(place)
    before = sorted(place.rglob("*"))
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert isinstance(result.exception, SystemExit)
    assert sorted(place.rglob("*")) == before


def test_a_reader_that_ends_early_is_no_error(place: Path, trained) -> None:
    command = f"{sys.executable} -m pipeline leaderboard --format csv | true"
    result = subprocess.run(command, shell=True, cwd=place, capture_output=True, text=True)
    assert result.stderr == ""


def test_an_unknown_backend_is_a_mistake_too(place: Path) -> None:
    result = pipeline("train", cwd=place, KERAS_BACKEND="nonsense")
    assert result.returncode == 2
    assert "unknown backend 'nonsense'" in result.stderr


def test_a_damaged_run_is_skipped_unless_it_is_named(place: Path, trained) -> None:
    runs = place / "damaged"
    shutil.copytree(place / "runs", runs)
    path = runs / "digits" / "conv-epochs=8" / "test.npy"
    path.write_bytes(path.read_bytes()[:-1])
    shown = invoke("leaderboard", "--runs", runs, "--format", "json", cwd=place)
    assert shown.exit_code == 0
    assert [row["run"] for row in json.loads(shown.stdout)] == ["dense-epochs=8"]
    assert shown.stderr.count("\n") == 1
    assert "conv-epochs=8: test.npy was changed or damaged" in shown.stderr
    for status, words in (
        (0, ["submit"]),
        (0, ["report"]),
        (2, ["submit", "--run", path.parent.name]),
    ):
        result = invoke(*words, "--runs", runs, cwd=place)
        assert result.exit_code == status
        assert result.stderr.count("conv-epochs=8: test.npy was changed or damaged") == 1


def test_several_failures_are_all_shown(place: Path) -> None:
    words = ["--set", "learning_rate=1e30,1e29", "--set", "plateau=none", "--epochs", "1"]
    result = invoke("--debug", "train", "--model", "dense", *words, cwd=place)
    assert result.exit_code == 2
    shown = [line for line in result.stderr.splitlines() if line.startswith("Error")]
    assert sum("diverged" in line for line in shown) == 2
    assert result.stderr.count("in _choose_epoch") == 2  # the workers' tracebacks


def test_debug_shows_the_traceback(place: Path) -> None:
    result = pipeline("--debug", "train", "nowhere", cwd=place)
    assert result.returncode == 2
    assert "Traceback" in result.stderr


def test_an_interrupt_keeps_finished_runs_and_ends_with_130(place: Path) -> None:
    words = ["train", "--model", "dense", "--epochs", "99999", "--set", "early_stopping=none"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *words],
        cwd=place,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored behind `&`
    )
    assert process.stderr is not None
    while "epoch" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read()
    assert process.wait() == 130
    assert "Interrupted" in rest
    process.stderr.close()
    assert not (place / "runs/digits/dense-early_stopping=none-epochs=99999").exists()
