"""Simulates 1,000 jobs on up to 1,000 workers, and computes the requirements of pixel rows.

    python -m benchmarks.scaling [--runs FOLDER] [--rows N] [--no-measure] [--output FOLDER]

Writes the pictures and tables of docs/scaling.md. The run times are read from run_times.csv, which
`--runs` replaces by those of finished runs. The speeds are measured, and saved in speeds.csv.
"""

from pathlib import Path

import click
import pandas as pd

from benchmarks.measure import ROOT
from benchmarks.scaling import page
from benchmarks.scaling.experiments import (
    DATA,
    cluster,
    compare,
    vary_deaths,
    vary_draws,
    vary_workers,
)
from benchmarks.scaling.limits import JOBS, most_workers
from benchmarks.scaling.measured import (
    RUN_TIMES,
    SPEEDS,
    WRITER,
    draw_jobs,
    measure_speeds,
    read_runs,
)
from benchmarks.scaling.plots import draw_all

GROWTH = ROOT / "benchmarks/growth.csv"


@click.command()
@click.option(
    "--runs",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    multiple=True,
    help="Folder of runs; their times replace those of run_times.csv. May be repeated.",
)
@click.option("--rows", type=click.IntRange(1000), default=20_000, show_default=True,
              help="Rows of the file on which speeds are measured.")  # fmt: skip
@click.option("--measure/--no-measure", default=True, help="Measure the speeds again.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=ROOT / "docs",
    show_default="docs",
    help="Folder of scaling.md and its pictures.",
)
def scaling(runs: tuple[Path, ...], rows: int, measure: bool, output: Path) -> None:
    """Writes the pictures of scaling.md, and its tables."""
    if runs:
        try:
            read_runs(runs).to_csv(RUN_TIMES, index=False)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
    if measure:
        measure_speeds(rows).to_csv(SPEEDS, index=False)
    run_times, measured, growth = (pd.read_csv(path) for path in (RUN_TIMES, SPEEDS, GROWTH))
    speeds = measured.set_index("name")["value"]
    jobs = draw_jobs(run_times, JOBS)
    makespans = compare(jobs, speeds[WRITER])
    calm = cluster(1, speeds[WRITER])
    ends = {data: most_workers(jobs, calm, sizes) for data, sizes in DATA.items()}
    texts = {
        "makespans": page.makespans_text(makespans),
        "seeds": page.seeds_text(makespans),
        "draws": page.draws_text(vary_draws(run_times, speeds[WRITER])),
        "moved": page.moved_text(makespans),
        "ends": page.ends_text(ends),
        "data": page.data_text(speeds, run_times, growth),
        "speeds": page.speeds_text(measured),
    }
    for text in texts.values():
        click.echo(text)
    path = output / "scaling.md"
    if path.exists():
        path.write_text(page.insert(path.read_text(), texts))
    tables = {
        "makespans": makespans,
        "ends": vary_workers(jobs, speeds[WRITER]),
        "deaths": vary_deaths(jobs, speeds[WRITER]),
        "speeds": speeds,
        "run_times": run_times,
        "growth": growth,
    }
    draw_all(tables, output)


if __name__ == "__main__":
    scaling()
