"""A command that is killed, again and again, ends in the same bytes when it is left alone."""

import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from figures import Figures
from write_points import ROOT, Fault, Outcome, every, run_pipeline

import pipeline as pp
from pipeline.machine import core_count

SECTION = "Kills"
DIGITS, TINY = ROOT / "data/digits", "the tiny competition"
SAME = ("model.keras", "history.csv", "validation.npy", "test.npy")
# Without a clock: a checkpoint after every epoch, and none within.
ALWAYS = "import pipeline.training.keep_checkpoints as c; c.MAX_TIME_SHARE = c.INTERVAL = 1e9"
# A command of each kind.
COMMANDS = {
    "dense": ("train", DIGITS, "--model", "dense", "--epochs", 400),
    "augmentation, plateau": ("train", DIGITS, "--model", "conv-10-plateau", "--epochs", 40),
    "one cycle, dropout": ("train", DIGITS, "--model", "deep-strided", "--epochs", 3),
    # Of a backbone with random weights; the features of so few images take a second.
    "cached features": (
        *("train", TINY, "--model", "transfer", "--epochs", 200, "--weights", "none"),
        *("--set", "augmentation=none", "--set", "early_stopping=none"),
    ),
    "ensemble": ("train", DIGITS, "--model", "conv-10-committee", "--epochs", 8),
    "folds, side by side": ("train", DIGITS, "--model", "dense", "--epochs", 400, "--folds", 3),
    "tuning": ("tune", DIGITS, "--model", "dense", "--trials", 3, "--epochs", 20, "--seed", 1),
}
KILLS = 15  # of each
CONTINUES = (b": continues in epoch", b"Trials of earlier commands: ")


def start(words: Sequence[object], runs: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", *map(str, words), "--runs", str(runs)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored behind `&`
    )


def finish(words: Sequence[object], runs: Path) -> tuple[float, bytes]:
    """Runs the command to its end. Returns its time in seconds and its messages."""
    began = time.monotonic()
    process = start(words, runs)
    _, errors = process.communicate()
    assert process.returncode == 0, errors.decode()
    return time.monotonic() - began, errors


def results(runs: Path) -> dict[str, str]:
    """SHA-256 of what a run is, by path."""
    return {
        str(path.relative_to(runs)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(runs.rglob("*"))
        if path.name in SAME
    }


def kill_after(words: Sequence[object], runs: Path, seconds: float) -> tuple[bool, bytes]:
    """Kills the command at that time. Returns whether it was not finished, and its messages."""
    process = start(words, runs)
    try:
        return False, process.communicate(timeout=seconds)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        return True, process.communicate()[1]


def test_a_killed_training_continues_from_its_checkpoint(tmp_path: Path) -> None:
    words = ("train", DIGITS, "--model", "dense", "--epochs", 100)
    process = start(words, tmp_path / "killed")
    checkpoints = tmp_path / "killed/digits/checkpoints"
    while process.poll() is None and not list(checkpoints.glob("*/[!.]*")):
        time.sleep(0.05)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    process = start(words, tmp_path / "killed")
    _, errors = process.communicate()
    assert b"continues in epoch" in errors
    assert process.returncode == 0
    competition = pp.load(DIGITS)
    pp.train(competition, "dense", epochs=100, runs=tmp_path / "whole", progress=False)
    assert results(tmp_path / "killed") == results(tmp_path / "whole")
    assert not list(checkpoints.iterdir())


@pytest.mark.faults
def test_a_worker_that_is_killed_is_replaced_and_no_byte_changes(
    tmp_path: Path, figures: Figures
) -> None:
    words = (*COMMANDS["folds, side by side"], "--engine", "processes", "--workers", 2)
    seconds, _ = finish(words, tmp_path / "whole")
    times, kills, continued = random.Random("worker"), 0, 0
    while kills < KILLS:
        runs = tmp_path / f"killed {kills}"
        process = start(words, runs)
        for _ in range(2):
            time.sleep(times.uniform(0.2, 0.5) * seconds)
            kill_a_worker(process)
        _, errors = process.communicate()
        assert process.returncode == 0, errors.decode()
        assert results(runs) == results(tmp_path / "whole")
        kills += errors.count(b"its process ended unexpectedly (killed by SIGKILL)")
        continued += continued_by_others(errors.decode())
    assert continued
    result = f"the same bytes; {continued} times continued from a checkpoint"
    figures.add(SECTION, "a worker killed at random moments", result, f"{kills} kills")


def continued_by_others(messages: str) -> int:
    """How many trainings did not begin again after their process had died."""
    died, continued = set(), 0
    for line in messages.splitlines():
        if found := re.match(r"(\S+): its process ended unexpectedly", line):
            died.add(found[1])
        elif (found := re.match(r"(\S+) +epoch +(\d+)/", line)) and found[1] in died:
            died.remove(found[1])
            continued += int(found[2]) > 1
    return continued


def kill_a_worker(process: subprocess.Popen[bytes]) -> bool:
    """Kills one process that trains. Returns whether there was one."""
    with suppress(psutil.NoSuchProcess):  # it ends at this moment
        for child in psutil.Process(process.pid).children():
            if "spawn_main" in " ".join(child.cmdline()):
                child.kill()
                return True
    return False


@pytest.mark.faults
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_ends_a_training(sent: signal.Signals, tmp_path: Path) -> None:
    """While it is trained by another process, too."""
    words = ("train", DIGITS, "--model", "dense", "--epochs", 2000, "--folds", 2)
    process = start(words, tmp_path)
    checkpoints = tmp_path / "digits/checkpoints"
    while process.poll() is None and len(list(checkpoints.glob("*/[!.]*"))) < 2:
        time.sleep(0.05)
    before = {path.name for path in checkpoints.glob("*/[!.]*")}
    process.send_signal(sent)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + sent
    assert b"Run the same command again to continue." in errors
    assert max(path.name for path in checkpoints.glob("*/[!.]*")) > max(before)


@pytest.mark.faults
@pytest.mark.parametrize("kind", COMMANDS)
def test_random_kills_change_no_byte(
    kind: str, tiny_folder: Path, tmp_path: Path, figures: Figures
) -> None:
    words = [tiny_folder if word is TINY else word for word in COMMANDS[kind]]
    seconds, _ = finish(words, tmp_path / "whole")
    expected = results(tmp_path / "whole")
    times, kills, same, messages = random.Random(kind), 0, 0, b""
    while kills < KILLS:
        runs = tmp_path / "killed"
        shutil.rmtree(runs, ignore_errors=True)
        for _ in range(5):  # several in one training
            killed, errors = kill_after(words, runs, times.uniform(0.3, 1.0) * seconds)
            kills += killed
            messages += errors
        messages += finish(words, runs)[1]
        assert results(runs) == expected
        same += 1
    continued = sum(map(messages.count, CONTINUES))
    assert continued
    result = f"the same bytes, {same} of {same} trainings; {continued} times continued"
    figures.add(SECTION, f"{kind}: killed at random moments", result, f"{kills} kills")


@pytest.mark.faults
def test_a_budget_that_is_killed_keeps_its_runs_and_its_plan_repeats_them(
    tmp_path: Path, figures: Figures
) -> None:
    """The clock decides the number of epochs, so that no other budget ends in the same bytes."""
    times, kills, repeated = random.Random("budget"), 0, 0
    while kills < KILLS:
        runs, output = tmp_path / f"killed {kills}", tmp_path / f"{kills}.csv"
        words = ("submit", DIGITS, "--budget", "30s", "--output", output)
        for _ in range(3):
            whole = whole_runs(runs)
            kills += kill_after(words, runs, times.uniform(5, 30))[0]
            assert whole_runs(runs).items() >= whole.items()
        finish(words, runs)
        assert pp.check(pp.load(DIGITS), output) == 360
        plan = runs / "digits" / "plan-30s.json"
        finish(("train", DIGITS, "--plan", plan), tmp_path / f"repeated {kills}")
        found, again = whole_runs(runs), whole_runs(tmp_path / f"repeated {kills}")
        assert again == found
        repeated += len(again)
    result = f"no run lost; the plans repeat all {repeated} runs"
    figures.add(SECTION, "budget: killed at random moments", result, f"{kills} kills")


def whole_runs(runs: Path) -> dict[str, tuple[str, str]]:
    """SHA-256 of the probabilities of all trainings, by name. None of them is damaged."""
    found = pp.list_runs(DIGITS, runs=runs) if runs.exists() else []
    for run in found:
        run.verify()
    return {
        run.name: (run.checksums["validation.npy"], run.checksums["test.npy"])
        for run in found
        if run.record.fold.part  # ensembles are replaced by better ones
    }


@pytest.mark.faults
def test_thirty_kills_in_one_training_change_no_byte(tmp_path: Path, figures: Figures) -> None:
    words = ("train", DIGITS, "--model", "conv-10-plateau", "--epochs", 600)
    seconds, _ = finish(words, tmp_path / "whole")
    times, kills, tries, messages = random.Random(30), 0, 0, b""
    while kills < 30 and tries < 100:
        tries += 1
        # A little later than the training begins, so that it is not finished before 30 kills.
        killed, errors = kill_after(words, tmp_path / "killed", times.uniform(0.1, 0.2) * seconds)
        kills += killed
        messages += errors
    messages += finish(words, tmp_path / "killed")[1]
    assert results(tmp_path / "killed") == results(tmp_path / "whole")
    assert kills == 30
    continued = sum(map(messages.count, CONTINUES))
    assert continued
    result = f"the same bytes; {continued} times continued"
    figures.add(SECTION, "one training, killed again and again", result, f"{kills} kills")


@pytest.mark.faults
def test_a_kill_at_every_write_point_changes_no_byte(tmp_path: Path, figures: Figures) -> None:
    points = run_to_write_point(tmp_path / "whole").points
    assert any("checkpoints" in point for point in points)
    expected = results(tmp_path / "whole")

    def kill(number: int) -> bool:
        """Returns whether the training was continued."""
        runs = tmp_path / str(number)
        assert run_to_write_point(runs, number).status == -signal.SIGKILL
        again = run_to_write_point(runs)
        assert again.status == 0
        assert results(runs) == expected, points[number - 1]
        shutil.rmtree(runs)
        return CONTINUES[0].decode() in again.stderr

    with ThreadPoolExecutor(core_count()) as pool:
        continued = sum(pool.map(kill, every(points)))
    assert continued
    result = f"the same bytes; {continued} times continued"
    figures.add(SECTION, "a kill at each write point of a training", result, len(points))


def run_to_write_point(runs: Path, number: int | None = None) -> Outcome:
    """Trains with a checkpoint after each epoch; is killed at this write point."""
    runs.mkdir(exist_ok=True)
    return run_pipeline(
        *("train", DIGITS, "--model", "dense", "--epochs", 3, "--runs", runs),
        under=runs,
        fault=Fault(number) if number else None,
        before=ALWAYS,
    )


@pytest.mark.faults
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_any_moment_ends_the_command_soon(
    sent: signal.Signals, tmp_path: Path, figures: Figures
) -> None:
    """Also while TensorFlow is imported, and while the run is written."""
    words = ("train", DIGITS, "--model", "dense", "--epochs", 100)
    (seconds, _), times, took = finish(words, tmp_path / "whole"), random.Random(0), []
    for number in range(20):
        process = start(words, tmp_path / str(number))
        try:
            process.wait(times.uniform(0.1, 0.9) * seconds)
        except subprocess.TimeoutExpired:
            began = time.monotonic()
            process.send_signal(sent)
            _, errors = process.communicate()
            took.append(time.monotonic() - began)
            assert process.returncode == 128 + sent, errors.decode()
            assert b"Traceback" not in errors
    assert max(took) < 10
    figures.add(
        SECTION,
        f"{sent.name}: until the command has ended",
        f"at most {max(took):.1f} s",
        len(took),
    )


@pytest.mark.faults
def test_checkpoints_cost_little(tmp_path: Path, figures: Figures) -> None:
    """The time within the writing of checkpoints, as a share of the training's."""
    script = tmp_path / "measure.py"
    script.write_text(
        "import sys, time, pipeline as pp\n"
        "import pipeline.training.checkpoints as c\n"
        "spent, save = [], c.Checkpoints.save\n"
        "def timed(self, state, arrays):\n"
        "    start = time.perf_counter(); save(self, state, arrays)\n"
        "    spent.append(time.perf_counter() - start)\n"
        "c.Checkpoints.save = timed\n"
        "run = pp.train(pp.load(sys.argv[1]), sys.argv[2], runs=sys.argv[3], progress=False,\n"
        "               epochs=int(sys.argv[4]))\n"
        "print(sum(spent), len(spent), run.record.fit_seconds)\n"
    )
    for model, epochs in (("dense", 1500), ("deep", 60)):
        command = [sys.executable, script, DIGITS, model, tmp_path, epochs]
        output = subprocess.run(
            list(map(str, command)), cwd=ROOT, capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        ).stdout  # fmt: skip
        spent, count, seconds = map(float, output.split())
        assert spent < 0.03 * seconds
        share = f"{100 * spent / seconds:.1f} % of {seconds:.0f} s"
        figures.add(SECTION, f"{model}: time for checkpoints", share, f"{count:.0f} checkpoints")


@pytest.mark.faults
def test_what_the_same_kills_do_to_the_callbacks_of_keras(tmp_path: Path, figures: Figures) -> None:
    """The baseline: BackupAndRestore with its defaults."""
    script, epochs = Path(__file__).with_name("keras_fit.py"), 100

    def fit(folder: Path, timeout: float | None = None) -> int | None:
        folder.mkdir(exist_ok=True)
        command = [sys.executable, str(script), str(folder), str(epochs)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        try:
            return subprocess.run(
                command, env=environment, stderr=subprocess.DEVNULL, timeout=timeout
            ).returncode
        except subprocess.TimeoutExpired:  # it was killed
            return None

    began = time.monotonic()
    assert fit(tmp_path / "whole") == 0
    seconds = time.monotonic() - began
    expected, times = (tmp_path / "whole/done").read_text(), random.Random(0)
    outcomes = []
    while len(outcomes) < 20:
        folder = tmp_path / f"killed {len(outcomes)}"
        if fit(folder, times.uniform(0.5, 1.0) * seconds) is None:
            failed = fit(folder) != 0
            outcomes.append("fails" if failed else (folder / "done").read_text() == expected)
    for outcome, text in (("fails", "cannot continue"), (False, "other weights"), (True, "equal")):
        name = f"callbacks of Keras, killed once: {text}"
        figures.add(SECTION, name, outcomes.count(outcome), len(outcomes))
