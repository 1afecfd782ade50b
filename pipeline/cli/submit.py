"""pipeline submit"""

from pathlib import Path
from typing import Any

import click

from pipeline.cli.leaderboard import echo_leaderboard
from pipeline.cli.options import DATA, QUIET, RUNS, schema_options


@click.command()
@DATA
@click.option("--run", help="The run to submit. Default: the best run.")
@click.option("--output", type=click.Path(path_type=Path), help="The file to write.")
@QUIET
@RUNS
@schema_options
def command(
    data: Path, run: str | None, output: Path | None, quiet: bool, runs: Path, **overrides: Any
) -> None:
    """Write the submission of the best run, training first if there is no run.

    The last line printed is the path of the file.
    """
    import pipeline as pp

    competition = pp.load(data, **overrides)
    path = pp.submit(competition, run, output=output, runs=runs, progress=not quiet)
    best = echo_leaderboard(competition.name, runs)
    click.echo(f"\nThe submission of {run or best}:")
    click.echo(path)
