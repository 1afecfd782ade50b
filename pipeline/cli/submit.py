"""pipeline submit"""

from pathlib import Path
from typing import Any

import click

from pipeline.cli.leaderboard import echo_leaderboard
from pipeline.cli.options import DATA, QUIET, RUNS, schema_options
from pipeline.cli.output import score_text


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

    If the test rows have labels (--test-label), the run is scored on them too. The last line
    printed is the path of the file.
    """
    import pipeline as pp

    competition = pp.load(data, **overrides)
    path = pp.submit(competition, run, output=output, runs=runs, progress=not quiet)
    table = echo_leaderboard(competition.name, runs)
    name = run or pp.best_run(competition, runs=runs).name
    if competition.test_labels is not None:
        scores = pp.score_test(competition, name, runs=runs)
        click.echo(f"\n{name} on the labelled test rows: {score_text(scores)}.")
        click.echo("This score was used for no choice.")
    estimate = table.attrs["estimate"].get(name)
    accuracy = f", estimated accuracy {estimate}" if estimate else ""
    click.echo(f"\nThe submission of {name}{accuracy}:")
    click.echo(path)
