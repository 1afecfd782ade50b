"""Trainings side by side: every core once, every run there, and no failure hidden."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import PipelineError
from pipeline.machine import cores
from pipeline.search import engine
from pipeline.search.engine import run_all, share_of_cores

two_cores = pytest.mark.skipif(len(cores()) < 2, reason="the machine has one core")


def leave_a_note(path: Path) -> None:
    path.write_text(f"{os.getpid()} {sorted(os.sched_getaffinity(0))}")


def fail_or_leave_a_note(path: Path) -> None:
    if "bad" in path.name:
        raise PipelineError(f"{path.name} is bad")
    time.sleep(0.5)
    leave_a_note(path)


def die(path: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def notes(tmp_path) -> list[Path]:
    return [tmp_path / f"note-{number}" for number in range(4)]


@two_cores
def test_each_process_has_cores_of_its_own(notes) -> None:
    run_all(leave_a_note, notes)
    found = dict(note.read_text().split(" ", 1) for note in notes)
    assert str(os.getpid()) not in found
    shares = [set(map(int, text.strip("[]").split(","))) for text in found.values()]
    assert sum(map(len, shares)) == len(set().union(*shares))


@pytest.mark.parametrize("accelerator", [False, True])
def test_one_training_or_one_accelerator_stays_in_this_process(notes, accelerator) -> None:
    run_all(leave_a_note, notes if accelerator else notes[:1], accelerator)
    assert notes[0].read_text() == f"{os.getpid()} {cores()}"


@two_cores
def test_the_last_training_has_all_cores(monkeypatch, notes) -> None:
    monkeypatch.setattr(engine, "cores", lambda: cores()[:2])
    run_all(leave_a_note, notes[:3])
    *first, last = (note.read_text().split(" ", 1)[1] for note in notes[:3])
    assert set(first) <= {f"[{core}]" for core in cores()[:2]}
    assert last == f"{cores()}"


@pytest.mark.parametrize(("tasks", "processes"), [(1, 1), (2, 2), (3, 3), (4, 4), (9, 4)])
def test_the_cores_are_shared_out_once_each(monkeypatch, tasks, processes) -> None:
    monkeypatch.setattr(engine, "cores", lambda: [0, 2, 4, 6])
    monkeypatch.setattr(engine, "MEMORY", 1)
    shares = share_of_cores(tasks)
    assert len(shares) == processes
    assert sorted(core for share in shares for core in share) == [0, 2, 4, 6]


def test_little_memory_means_one_process(monkeypatch) -> None:
    monkeypatch.setattr(engine, "MEMORY", 1 << 60)
    assert len(share_of_cores(8)) == 1


def test_a_system_that_gives_no_process_a_core_has_one(monkeypatch) -> None:
    monkeypatch.setattr(engine, "cores", lambda: [0, 1, 2, 3])
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    assert share_of_cores(4) == [[0, 1, 2, 3]]


@pytest.mark.parametrize("count", [1, 2])
def test_failures_are_raised_once_all_else_is_done(monkeypatch, tmp_path, count) -> None:
    if len(cores()) < count:
        pytest.skip("the machine has one core")
    monkeypatch.setattr(engine, "cores", lambda: cores()[:count])
    paths = [tmp_path / name for name in ("bad", "good", "better", "as bad", "last")]
    with pytest.raises(PipelineError, match=r"^bad is bad\nas bad is bad$"):
        run_all(fail_or_leave_a_note, paths)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["better", "good", "last"]


@two_cores
def test_a_killed_process_is_said(notes) -> None:
    with pytest.raises(PipelineError, match="was killed, perhaps because memory ran out"):
        run_all(die, notes)


@two_cores
@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -15), (signal.SIGKILL, -9)]
)
def test_all_processes_end_with_the_first(tiny_folder, tmp_path, sent, status) -> None:
    words = ["--model", "dense", "--replicates", "2", "--epochs", "1000000"]
    words += ["--set", "early_stopping=none", "--runs", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "train", str(tiny_folder), *words],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    while "seed=1  epoch" not in process.stderr.readline():
        assert process.poll() is None
    if sent == signal.SIGINT:  # a terminal sends it to all
        os.killpg(process.pid, sent)
    else:
        process.send_signal(sent)
    said = process.communicate(timeout=60)[1]  # ends when no process of them holds it any more
    assert process.wait() == status
    assert ("Interrupted." in said) == (sent == signal.SIGINT)
    assert "Traceback" not in said
    assert not [path for path in (tmp_path / "tiny").iterdir() if not path.name.startswith(".")]
