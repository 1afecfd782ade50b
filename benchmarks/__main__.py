"""Prints every comparison as one table, and the machine.

    python -m benchmarks [--repeats N] [--only WORD] [--data FOLDER] [--seconds N]

Each figure is the median of N processes, with their range; ours and theirs run in turn, after one
of each to warm up; not for the accuracy, whose time is given. Numbered lines below the table are
caveats of a comparison.
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
from benchmarks.throughput import throughput_rows
from benchmarks.training import training_rows


@click.command()
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True)
@click.option("--only", default="", help="The comparisons with this word in their name.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True),
    default=Path("data/digits"),
    show_default=True,
    help="The competition of the accuracy.",
)
@click.option("--seconds", default=20.0, show_default=True, help="Of a training for the accuracy.")
def bench(repeats: int, only: str, data: Path, seconds: float) -> None:
    """Exits with status 1 if a ratio misses its target."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        comparisons: dict[str, Callable[[], list[Row]]] = {
            "reading integers": lambda: reading_rows("integers", folder, repeats),
            "reading fractions": lambda: reading_rows("fractions", folder, repeats),
            "augmentation": lambda: augmentation_rows(repeats),
            "training": lambda: training_rows(repeats),
            "throughput": lambda: throughput_rows(repeats),
            "accuracy": lambda: _accuracy_rows(folder, repeats, data, seconds),
            "prediction": lambda: prediction_rows(repeats),
            "startup": lambda: startup_rows(folder, repeats),
        }
        chosen = {what: compare for what, compare in comparisons.items() if only in what}
        if not chosen:
            raise click.BadParameter(f"{only!r} is in none of {', '.join(comparisons)}")
        rows: list[Row] = []
        for what, compare in chosen.items():
            click.echo(f"{what} ...", err=True)
            rows += compare()
    print_rows(rows)
    click.echo(f"\n{machine_line()}; medians of {repeats}")
    sys.exit(1 if any(row.missed for row in rows) else 0)


def _accuracy_rows(folder: Path, repeats: int, data: Path, seconds: float) -> list[Row]:
    # Not above: the peak memory of a process that this one starts is at least what this one has.
    from benchmarks.accuracy import accuracy_rows

    return accuracy_rows(folder, repeats, data, seconds)


if __name__ == "__main__":
    bench()
