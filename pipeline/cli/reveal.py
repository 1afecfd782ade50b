"""pipeline reveal"""

from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import DATA, RUNS, schema_options
from pipeline.cli.output import echo, score_text


@click.command()
@DATA
@click.option("--run", help="The run to score. Default: the best run, which `submit` uses.")
@RUNS
@schema_options
def command(data: Path, run: str | None, runs: Path, **overrides: Any) -> None:
    """Score one run on the locked rows, once.

    Rows locked by --holdout train nothing and choose nothing. Validation rows compare runs, so
    that the best run's score on them is too good; its score on locked rows is not. It is saved,
    and the same command again shows it.

    \b
    Example: pipeline train data/digits --holdout 0.1
             pipeline reveal data/digits --holdout 0.1
    """
    import pipeline as pp
    from pipeline.runs.reveal import REVEAL

    competition = pp.load(data, **overrides)
    found = pp.reveal(competition, run, runs=runs)
    echo(f"{found.run} on the locked rows: {score_text(found.scores)}.")
    echo(
        f"Revealed on {found.created}, in {runs / competition.name / REVEAL}. Locked rows are "
        "scored once:\nthis command shows the same result from now on, whatever is trained later."
    )
    echo("To train on these rows too, remove holdout, and use another folder of runs.")
