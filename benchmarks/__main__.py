"""Prints every benchmark as one table: ours | theirs, how many times as good; and the machine.

    python -m benchmarks [--runs N] [--only WORD]

Each figure is the median of N processes, ours and theirs in turn, after one of each to warm up.
The files to read are made, in the size and form of Kaggle's Digit Recognizer (42,000 rows of
integers) and of a competition over noise (12,000 rows of fractions).
"""

import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from benchmarks.augmentation import augmentation_rows
from benchmarks.prediction import prediction_rows
from benchmarks.reading import digit_csv, noise_csv, reading_rows
from benchmarks.side_by_side import Row
from benchmarks.startup import startup_rows
from benchmarks.training import training_rows
from pipeline.machine import cores, processor
from pipeline.runs.leaderboard import columns_text


@click.command()
@click.option("--runs", default=3, show_default=True, help="Counted runs of each command.")
@click.option("--only", default="", help="The benchmarks with this word in their name.")
def bench(runs: int, only: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows: list[Row] = []
        benchmarks: dict[str, Callable[[], list[Row]]] = {
            "reading integers": lambda: reading_rows(
                digit_csv(folder / "digits.csv"), folder, "integers", 1.5, runs
            ),
            "reading fractions": lambda: reading_rows(
                noise_csv(folder / "noise.csv"), folder, "fractions", 2, runs
            ),
            "augmentation": lambda: augmentation_rows(runs),
            "training": lambda: training_rows(runs),
            "prediction": lambda: prediction_rows(runs),
            "startup": lambda: startup_rows(folder, runs),
        }
        for what, some in benchmarks.items():
            if only in what:
                click.echo(f"{what} ...", err=True)
                rows += some()
    header = ("what | against", "ours", "theirs", "times as good", "at least", "")
    click.echo(columns_text(header, [row.cells() for row in rows], left=(0, 5)))
    click.echo(
        f"\n{processor()}, {len(cores())} cores, {platform.system()}, "
        f"Python {platform.python_version()}; medians of {runs}"
    )
    sys.exit(0 if all(row.holds() for row in rows) else 1)


if __name__ == "__main__":
    bench()
