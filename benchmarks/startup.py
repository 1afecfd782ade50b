"""How soon short commands answer, as whole processes."""

from functools import partial
from pathlib import Path

from benchmarks.measure import ROOT, alternate, run
from benchmarks.table import Row, spread

DIGITS = ROOT / "data/digits"
IMPORTS = "benchmarks.workers.imports"
NOTE = (
    "Whole processes; theirs only imports what ours cannot do without, so a ratio of 1 would mean "
    "that the command itself takes no time."
)


def startup_rows(folder: Path, repeats: int) -> list[Row]:
    """Seconds, against Python importing only click, and click with pandas or NumPy.

    Args:
        folder: an existing folder for a run and a submission.
    """
    runs, submission = folder / "runs", folder / "submission.csv"
    _pipeline("train", DIGITS, "--model", "dense", "--epochs", 1, "--runs", runs, "--quiet")
    _pipeline("submit", DIGITS, "--runs", runs, "--output", submission)
    commands: list[tuple[tuple[object, ...], tuple[str, ...], float]] = [
        (("--help",), ("click",), 0.4),
        (("leaderboard", DIGITS, "--runs", runs), ("click", "pandas"), 0.5),
        (("check", DIGITS, submission), ("click", "numpy"), 0.33),
    ]
    rows = []
    for words, packages, at_least in commands:
        ours, theirs = alternate(
            repeats, partial(_pipeline, *words), partial(run, IMPORTS, *packages, figures=False)
        )
        figures = spread(ours, "process_seconds", "s"), spread(theirs, "process_seconds", "s")
        what = f"pipeline {words[0]} | import {' and '.join(packages)}"
        rows.append(Row(what, *figures, at_least, NOTE))
    return rows


_pipeline = partial(run, "pipeline", figures=False)
