"""How soon the quick commands answer, as whole processes."""

import json
import sys
from pathlib import Path

from benchmarks.side_by_side import Row, in_turn, median, python

DIGITS = Path("data/digits")


def startup_rows(folder: Path, runs: int) -> list[Row]:
    """Against Python importing click alone, and NumPy alone: what the commands cannot do without.

    Args:
        folder: an empty one, for a run and a submission to read.
    """
    submission = _submission(folder / "submission.csv")
    words = [
        ["--help"],
        ["leaderboard", str(DIGITS), "--runs", str(_run(folder / "runs"))],
        ["check", str(DIGITS), str(submission)],
    ]
    commands = [[sys.executable, "-m", "pipeline", *some] for some in words]
    bases = [python("import click"), python("import numpy, click"), python("import numpy, click")]
    seconds = [
        median([cost.seconds for cost in costs]) for costs in in_turn([*commands, *bases], runs)
    ]
    names = ("--help", "leaderboard", "check")
    return [
        Row(f"pipeline {name} | import {what}", ours, theirs, "s", least)
        for name, what, ours, theirs, least in zip(
            names,
            ("click", "NumPy", "NumPy"),
            seconds[:3],
            seconds[3:],
            (0.4, 0.5, 0.33),
            strict=True,
        )
    ]


def _submission(path: Path) -> Path:
    rows = len((DIGITS / "test_data.csv").read_text().splitlines())
    path.write_text("Id,Category\n" + "".join(f"{row},0\n" for row in range(rows)))
    return path


def _run(runs: Path) -> Path:
    """A folder of runs with one run in it, as far as a leaderboard reads it."""
    folder = runs / DIGITS.name / "dense"
    folder.mkdir(parents=True)
    record = {
        "recipe": {"name": "dense", "keep": "best"},
        "scores": {"accuracy": 0.9, "low": 0.8, "high": 0.95, "loss": 0.3, "n": 287},
        "data": {"fingerprint": ""},
        "split": {"fingerprint": ""},
        "parameters": 4810,
        "epochs": 100,
        "best_epoch": 90,
        "fit_seconds": 10.0,
        "predict_images_per_second": 1000.0,
    }
    (folder / "run.json").write_text(json.dumps(record))
    return runs
