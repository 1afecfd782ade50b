"""Prints every comparison as one table, and the machine.

    python -m benchmarks [--repeats N] [--only WORD]

Each figure is the median of N processes, with their range; ours and theirs run in turn, after one
of each to warm up. Numbered lines below the table are caveats of a comparison.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from benchmarks.augmentation import augmentation_rows
from benchmarks.prediction import prediction_rows
from benchmarks.reading import reading_rows
from benchmarks.startup import startup_rows
from benchmarks.table import Row, machine_line, print_rows
from benchmarks.training import training_rows


@click.command()
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True)
@click.option("--only", default="", help="The comparisons with this word in their name.")
def bench(repeats: int, only: str) -> None:
    """Exits with status 1 if a ratio misses its target."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        comparisons: dict[str, Callable[[], list[Row]]] = {
            "reading integers": lambda: reading_rows("integers", folder, repeats),
            "reading fractions": lambda: reading_rows("fractions", folder, repeats),
            "augmentation": lambda: augmentation_rows(repeats),
            "training": lambda: training_rows(repeats),
            "prediction": lambda: prediction_rows(repeats),
            "startup": lambda: startup_rows(folder, repeats),
        }
        rows: list[Row] = []
        for what, compare in comparisons.items():
            if only in what:
                click.echo(f"{what} ...", err=True)
                rows += compare()
    print_rows(rows)
    click.echo(f"\n{machine_line()}; medians of {repeats}")
    sys.exit(1 if any(row.missed for row in rows) else 0)


if __name__ == "__main__":
    bench()
