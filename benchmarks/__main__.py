"""Prints every benchmark as one table: ours, theirs, their ratio; and the machine.

    python -m benchmarks [--runs N] [TRAIN_CSV]

Without a file, one of the size of Kaggle's Digit Recognizer (42,000 rows of 785 columns) is made.
Each figure is the median of N processes, ours and theirs in turn, after one of each to warm up.
"""

import os
import platform
import sys
import tempfile
from pathlib import Path

import click

from benchmarks.reading import digit_csv, reading_rows
from benchmarks.side_by_side import Row
from benchmarks.startup import startup_rows
from pipeline.runs.leaderboard import columns_text


@click.command()
@click.option("--runs", default=5, show_default=True, help="Counted runs of each command.")
@click.argument("csv", required=False, type=click.Path(exists=True, path_type=Path))
def bench(runs: int, csv: Path | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = csv or digit_csv(Path(folder) / "train.csv")
        rows = [*reading_rows(path, runs), *startup_rows(Path(folder), runs)]
    header = ("what", "ours", "theirs", "ours / theirs", "at most", "")
    click.echo(columns_text(header, [row.cells() for row in rows], left=(0, 5)))
    click.echo(
        f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"medians of {runs}"
    )
    sys.exit(0 if all(Row.holds(row) for row in rows) else 1)


if __name__ == "__main__":
    bench()
