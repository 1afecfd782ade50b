"""Seconds and memory from 1,000 to 1,000,000 rows: read, read again, one epoch, predict.

    python -m benchmarks.growth [--max-rows N] [--output FOLDER]

Writes growth.csv and growth.png. Each stage of each size is measured once, in a process of its
own. Memory is what the process has for itself at its peak, without the files that it maps, whose
pages the system takes back when others need them.
"""

import sys
import tempfile
import time
from pathlib import Path

import click
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

from benchmarks.measure import run
from benchmarks.reading import CACHE_DELAY
from benchmarks.table import machine_line

ROWS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
DIFFERENT_ROWS = 1_000  # these are repeated
LINEAR = 1.5  # allowed seconds a row, in those of a row in a file of a tenth of the rows
STAGES = {"read": "read", "read again": "read", "one epoch": "epoch", "predict": "predict"}


@click.command()
@click.option("--max-rows", type=click.IntRange(1_000), default=ROWS[-1], show_default=True)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(__file__).parent,
    help="Folder for growth.csv and growth.png; that of this module if not given.",
)
def growth(max_rows: int, output: Path) -> None:
    """Exits with status 1 if a time grows faster than the rows."""
    sizes = [rows for rows in ROWS if rows <= max_rows]
    table = pd.concat([measure(rows) for rows in sizes], ignore_index=True)
    output.mkdir(parents=True, exist_ok=True)
    table.to_csv(output / "growth.csv", index=False)
    draw(table, output / "growth.png")
    superlinear = [stage for stage in STAGES if not is_linear(table, stage)]
    if superlinear:
        click.echo(f"These grow faster than the rows: {', '.join(superlinear)}")
    sys.exit(1 if superlinear else 0)


def measure(rows: int) -> pd.DataFrame:
    """A row for each stage on a competition with that many training rows."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_competition(folder, rows)
        cache = {"XDG_CACHE_HOME": str(folder / "cache")}
        for stage, worker in STAGES.items():
            figures = run("benchmarks.workers.stage", worker, folder, variables=cache)
            seconds, megabytes = figures["seconds"], figures["megabytes"]
            click.echo(f"{rows:9,} rows  {stage:10}  {seconds:8.3f} s  {megabytes:6.0f} MB")
            found.append((rows, stage, seconds, megabytes))
    return pd.DataFrame(found, columns=["rows", "stage", "seconds", "megabytes"])


def is_linear(table: pd.DataFrame, stage: str) -> bool:
    """Whether the largest file takes as long a row as one of a tenth of it, within LINEAR.

    True if no file of a tenth was measured.
    """
    seconds = table[table["stage"] == stage].set_index("rows")["seconds"]
    largest = int(seconds.index.max())
    if largest // 10 not in seconds.index:
        return True
    return bool(seconds[largest] <= 10 * LINEAR * max(seconds[largest // 10], 0.01))


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draws seconds and megabytes against rows."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for stage in STAGES:
        part = table[table["stage"] == stage]
        left.loglog(part["rows"], part["seconds"], marker="o", label=stage)
        right.plot(part["rows"], part["megabytes"], marker="o", label=stage)
    sides = left.get_xlim()
    left.loglog(sides, [side * 1e-5 for side in sides], "k:", linewidth=1, label="10 us a row")
    left.set(xlabel="rows of 28 x 28 pixels", ylabel="seconds", xlim=sides)
    right.set(xlabel="rows of 28 x 28 pixels", ylabel="MB of its own at the peak")
    right.xaxis.set_major_formatter("{x:,.0f}")
    right.set_ylim(bottom=0)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    left.legend(frameon=False)
    figure.suptitle(machine_line(), fontsize=9)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _write_competition(folder: Path, rows: int) -> None:
    """The different rows, repeated, and 20 test rows."""
    run("benchmarks.data", "integers", folder, DIFFERENT_ROWS, 20, figures=False)
    header, *lines = (folder / "train.csv").read_text().splitlines(keepends=True)
    with open(folder / "train.csv", "w") as file:
        file.write(header)
        for _ in range(rows // DIFFERENT_ROWS):
            file.writelines(lines)
    time.sleep(CACHE_DELAY)


if __name__ == "__main__":
    growth()
