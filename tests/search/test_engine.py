"""Engines: every job is run, failures arrive as themselves, and nothing is left behind."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

import pipeline as pp
from pipeline.cli import main
from pipeline.errors import PipelineError
from pipeline.machine import cores
from pipeline.search import engine
from pipeline.search.engine import EngineChoice, Inline, choose_engine
from pipeline.search.processes import Processes
from pipeline.training.progress import Progress


class StubbornError(Exception):
    """Cannot be rebuilt in another process."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} {two}")


def work(job: Any, observer: Any) -> Any:
    """Does what the job's name says."""
    observer(Progress(job.name, 1, 1, 1, 1, 0.1, {}, True))
    if job.name == "user error":
        raise PipelineError("bad", where="here", expected="good", details=["more"])
    if job.name == "end of file":
        raise EOFError("empty")
    if job.name == "value error":
        raise ValueError("wrong")
    if job.name == "stubborn":
        raise StubbornError("very", "stubborn")
    if job.name == "killed" or (job.name == "killed once" and not job.before.exists()):
        if job.name == "killed once":
            job.before.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if job.name == "slow":
        time.sleep(3)
    return SimpleNamespace(
        name=job.name, pid=os.getpid(), gpu=os.environ.get("CUDA_VISIBLE_DEVICES")
    )


def jobs(*names: str) -> list[Any]:
    return [SimpleNamespace(name=name) for name in names]


@pytest.fixture(params=["inline", "processes"])
def run(request):
    """Runs jobs on an engine; returns outcomes by name, and the names that reported progress."""

    def on_engine(*names: str) -> tuple[dict[str, Any], list[str]]:
        chosen: Any = Inline() if request.param == "inline" else Processes(2)
        seen: list[str] = []
        found = chosen.run(work, jobs(*names), lambda progress: seen.append(progress.name))
        return {job.name: outcome for job, outcome in found}, seen

    return on_engine


def test_every_job_is_run_and_reports_progress(run) -> None:
    outcomes, seen = run("a", "b", "c", "d", "e")
    assert {name: outcome.name for name, outcome in outcomes.items()} == {n: n for n in "abcde"}
    assert sorted(seen) == list("abcde")


def test_a_failure_arrives_as_itself_and_stops_no_other_job(run) -> None:
    outcomes, _ = run("user error", "a", "value error", "end of file", "b")
    assert isinstance(outcomes["end of file"], EOFError)
    error = outcomes["user error"]
    assert (error.found, error.where, error.expected) == ("bad", "here", "good")
    assert error.details == ("more",)
    assert isinstance(outcomes["value error"], ValueError)
    assert [outcomes[name].name for name in "ab"] == ["a", "b"]


@pytest.mark.parametrize("replaced", [False, True])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_that_a_library_drops_or_replaces_ends_the_jobs(
    number: int, replaced: bool
) -> None:
    def interrupted(job: Any, observer: Any) -> None:
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt as error:
            if replaced:
                raise RuntimeError("REPLACED BY KeyboardInterrupt") from error

    before = signal.signal(number, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            list(Inline().run(interrupted, jobs("a", "b"), lambda _: None))
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)


def test_the_traceback_of_another_process_is_the_cause() -> None:
    ((_, error),) = Processes(1).run(work, jobs("value error"), lambda _: None)
    assert isinstance(error, ValueError)
    assert 'raise ValueError("wrong")' in str(error.__cause__)


def test_an_exception_that_cannot_be_sent_is_described() -> None:
    ((_, error),) = Processes(1).run(work, jobs("stubborn"), lambda _: None)
    assert str(error) == "StubbornError: very stubborn"
    assert "raise StubbornError" in str(error.__cause__)


def test_a_killed_process_fails_its_own_job_alone_after_three_retries() -> None:
    progress: list[Progress] = []
    outcomes = {
        job.name: outcome
        for job, outcome in Processes(2).run(work, jobs("killed", "a", "b", "c"), progress.append)
    }
    assert [one.name for one in progress].count("killed") == 4
    assert isinstance(outcomes["killed"], PipelineError)
    assert "killed by SIGKILL" in outcomes["killed"].found
    assert outcomes["killed"].exit_code == 1  # the input is valid
    assert [outcomes[name].name for name in "abc"] == ["a", "b", "c"]


def test_a_job_whose_process_is_killed_once_runs_again_and_says_so(tmp_path: Path) -> None:
    progress: list[Progress] = []
    job: Any = SimpleNamespace(name="killed once", before=tmp_path / "before")
    ((_, outcome),) = Processes(1).run(work, [job], progress.append)
    assert outcome.name == job.name
    assert [bool(one.note) for one in progress] == [False, True]
    assert re.fullmatch(
        r"its process ended unexpectedly \(killed by SIGKILL\), .*; restarted", progress[1].note
    )


def test_sigterm_is_told_from_ctrl_c_if_a_library_raises_keyboard_interrupt_itself(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Ray does."""

    def terminated(*arguments: Any, **options: Any) -> None:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        raise KeyboardInterrupt

    monkeypatch.setattr(pp, "list_runs", terminated, raising=False)
    monkeypatch.setattr(pp, "leaderboard", terminated, raising=False)
    words = ["leaderboard", str(tiny_folder), "--runs", str(tmp_path)]
    result = CliRunner().invoke(main, words)
    assert (result.exit_code, "Terminated." in result.stderr) == (143, True), result.output


class Slow:
    """A job that takes seconds to unpickle."""

    def __init__(self, name: str, started: Path) -> None:
        self.name, self.started = name, started

    def __setstate__(self, state: dict[str, Any]) -> None:
        time.sleep(3)
        self.__dict__.update(state)


def until_terminated(job: Any, observer: Any) -> None:
    if job.name == "slow":
        job.started.touch()
        try:
            time.sleep(60)
        finally:
            job.started.unlink()


@pytest.mark.parametrize("wait", [0, 6])
def test_a_process_that_works_can_clean_up_and_one_that_imports_is_killed(
    wait: float, tmp_path: Path
) -> None:
    """Although nothing has read its message that it has imported."""
    started = tmp_path / "started"
    two: list[Any] = [SimpleNamespace(name="quick"), Slow("slow", started)]
    running = Processes(2).run(until_terminated, two, lambda _: None)
    next(running)
    if wait:
        until = time.monotonic() + 60
        while not started.exists() and time.monotonic() < until:
            time.sleep(0.05)
        assert started.exists()
    running.close()
    assert not started.exists()


def test_jobs_run_side_by_side() -> None:
    outcomes = [outcome for _, outcome in Processes(2).run(work, jobs(*"abcdef"), lambda _: None)]
    assert os.getpid() not in {outcome.pid for outcome in outcomes}
    assert len({outcome.pid for outcome in outcomes}) == 2


def test_processes_share_the_gpus_evenly() -> None:
    found = Processes(4, ("2", "7")).run(work, jobs(*"abcd"), lambda _: None)
    assert sorted(outcome.gpu for _, outcome in found) == ["2", "2", "7", "7"]


def test_a_process_that_replaces_a_killed_one_uses_its_gpu(tmp_path: Path) -> None:
    job: Any = SimpleNamespace(name="killed once", before=tmp_path / "before")
    found = Processes(2, ("2", "7")).run(work, [job, *jobs("slow")], lambda _: None)
    assert {outcome.name: outcome.gpu for _, outcome in found}[job.name] == "2"


@pytest.mark.parametrize(
    ("visible", "found", "expected"),
    [
        (None, 2, ("0", "1")),
        ("3, 5", 2, ("3", "5")),
        ("GPU-8d,GPU-4f", 2, ("GPU-8d", "GPU-4f")),
        ("1", 1, ("1",)),
        ("0,-1,2", 1, ("0",)),  # CUDA ignores those after one that is not there
        (None, 0, ("0",)),  # not a GPU
    ],
)
def test_gpus_have_the_names_that_cuda_uses(visible, found, expected, monkeypatch) -> None:
    """With a list instead of GPUs, which no machine here has."""
    import tensorflow as tf

    from pipeline.networks import backend  # not in the processes that import this module

    monkeypatch.setattr(backend, "uses_accelerator", lambda: True)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["GPU"] * found)
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: {})
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert backend.gpu_names() == expected


def test_leaving_the_loop_ends_the_processes() -> None:
    running = Processes(2).run(work, jobs(*"abcd"), lambda _: None)
    pid = next(running)[1].pid
    running.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(
    ("count", "name", "gpus", "expected"),
    [
        (1, "auto", "", Inline()),
        (2, "auto", "", Processes(2)),
        (9, "auto", "", Processes(4)),
        (9, "auto", "0", Inline()),
        (9, "auto", "013", Processes(3)),
        (2, "auto", "013", Processes(2)),
        (9, "auto", "0123456", Processes(4)),  # there are 4 cores
        (9, "inline", "", Inline()),
        (1, "processes", "", Processes(1)),
        (9, EngineChoice("processes", workers=6), "", Processes(6)),
        (9, EngineChoice(workers=6), "0", Processes(6)),
        (9, EngineChoice(workers=1), "", Inline()),
    ],
)
def test_the_engine_follows_from_jobs_cores_and_gpus_or_the_workers_that_are_asked_for(
    count, name, gpus, expected, monkeypatch
) -> None:
    monkeypatch.setattr(engine, "core_count", lambda: 4)
    monkeypatch.setattr(engine, "free_memory", lambda: 64 << 30)
    chosen = choose_engine(count, name, tuple(gpus))
    assert (type(chosen), chosen.workers) == (type(expected), expected.workers)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--engine", "inline", "--workers", "2"], "2 workers with the engine inline"),
        (["--address", "auto"], "the address auto with the engine auto"),
        (["--engine", "processes", "--address", "auto"], "with the engine processes"),
        (["--gpus", "0.5"], "0.5 GPUs for each training with the engine auto"),
        (["--engine", "ray", "--gpus", "2"], "2 GPUs for each training"),
        (["--engine", "ray", "--gpus", "-1"], "-1 GPUs for each training"),
        (["--engine", "ray", "--gpus", "nan"], "nan GPUs for each training"),
    ],
)
def test_options_of_the_engine_that_do_not_fit_together_are_refused(
    words, found, tiny_folder, tmp_path
) -> None:
    for command in ("train", "tune"):
        every = [command, str(tiny_folder), *words, "--runs", str(tmp_path)]
        result = CliRunner().invoke(main, every)
        assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])
        assert found in result.stderr


def test_without_ray_the_message_says_what_to_install(tiny_folder, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    words = ["train", str(tiny_folder), "--engine", "ray", "--runs", str(tmp_path)]
    result = CliRunner().invoke(main, words)
    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert "ray is not installed" in result.stderr
    assert "pip install '.[cluster]'" in result.stderr


def test_little_memory_means_one_training_at_a_time(monkeypatch) -> None:
    monkeypatch.setattr(engine, "free_memory", lambda: 1 << 30)
    assert isinstance(choose_engine(8), Inline)


@pytest.mark.skipif(len(cores()) < 2, reason="the machine has one core")
@pytest.mark.parametrize(
    ("sent", "status", "message", "replicates"),
    [
        (signal.SIGINT, 130, "Interrupted.", 1),
        pytest.param(signal.SIGINT, 130, "Interrupted.", 2, marks=pytest.mark.faults),
        (signal.SIGTERM, 143, "Terminated.", 2),
        (signal.SIGKILL, -9, "", 2),
    ],
)
def test_all_processes_end_with_the_first_and_leave_nothing_unfinished(
    tiny_folder, tmp_path: Path, sent, status, message, replicates
) -> None:
    words = ["--model", "dense", "--replicates", str(replicates), "--epochs", "1000000"]
    words += ["--set", "early_stopping=none", "--runs", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "train", str(tiny_folder), *words],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    while f"epochs=1000000{'-seed=1' * (replicates - 1)}  epoch" not in process.stderr.readline():
        assert process.poll() is None
    if sent == signal.SIGINT:  # a terminal sends it to all
        os.killpg(process.pid, sent)
    else:
        process.send_signal(sent)
    said = process.communicate(timeout=60)[1]  # ends when no process holds it any more
    assert process.wait() == status
    others = [line for line in said.splitlines() if line.strip() and " epoch" not in line]
    assert [line.split()[0] for line in others] == message.split()
    left = {path.name for path in (tmp_path / "tiny").iterdir()}
    assert left == {".locks", "checkpoints"}
    checkpoints = list((tmp_path / "tiny/checkpoints").glob("*/*"))
    assert checkpoints
    assert not [path for path in checkpoints if path.name.startswith(".")]
