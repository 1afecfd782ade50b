"""Many trainings and readers use one folder of runs at the same time."""

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from figures import Figures
from write_points import ROOT

import pipeline as pp

DIGITS = ROOT / "data/digits"
READER = Path(__file__).with_name("load_reader.py")


def run_python(words: Sequence[object]) -> str:
    """The output of a Python process that must succeed."""
    done = subprocess.run(
        [sys.executable, *map(str, words)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def train_until(end: float, writer: int, runs: Path) -> list[str]:
    """Trains one network after another until that time, every second one twice, which replaces a
    run while others read it. Returns the names of the runs."""
    names: list[str] = []
    while time.monotonic() < end:
        seed = 1000 * writer + len(names)
        words = ("train", DIGITS, "--model", "dense", "--epochs", 2, "--seed", seed, "--runs", runs)
        run_python(["-m", "pipeline", *words])
        if seed % 2:
            run_python(["-m", "pipeline", *words, "--fresh"])
        names.append(f"dense-epochs=2-seed={seed}")
    return names


def use_at_once(runs: Path, trainings: int, readers: int, seconds: float) -> tuple[int, int]:
    """Returns how many networks were trained, and how many times all was read."""
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(trainings + readers) as pool:
        trained = [pool.submit(train_until, end, n + 1, runs) for n in range(trainings)]
        read = [pool.submit(run_python, [READER, DIGITS, runs, seconds]) for _ in range(readers)]
        names = [name for each in trained for name in each.result()]
        count = sum(int(each.result()) for each in read)
    found = {run.name for run in pp.list_runs(DIGITS, runs=runs)}
    assert found == set(names)
    folders = {path.name for path in (runs / "digits").iterdir()}
    assert not [name for name in folders if name.startswith(".") and name.endswith("tmp")]
    return len(names), count


def test_trainings_and_readers_share_a_folder_of_runs(tmp_path: Path) -> None:
    trained, read = use_at_once(tmp_path, trainings=2, readers=1, seconds=4)
    assert trained >= 2
    assert read >= 1


@pytest.mark.faults
def test_eight_trainings_and_twenty_readers_for_ten_minutes(
    tmp_path: Path, figures: Figures
) -> None:
    trained, read = use_at_once(tmp_path, trainings=8, readers=20, seconds=600)
    figures.add(
        "Load",
        "8 trainings at once, half of the runs replaced once",
        "none lost or damaged",
        trained,
    )
    figures.add("Load", "20 readers: leaderboards and reports", "all complete", read)
