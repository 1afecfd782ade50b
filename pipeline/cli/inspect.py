"""pipeline inspect"""

from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import DATA, RUNS, schema_options


@click.command()
@DATA
@RUNS
@schema_options
def command(data: Path, runs: Path, **overrides: Any) -> None:
    """Show what a folder holds: schema, classes, duplicates, samples.

    \b
    Example: pipeline inspect data/my-competition
    """
    import pipeline as pp
    from pipeline.competition.inspection import choose_samples, describe
    from pipeline.files import write_bytes
    from pipeline.report.figures import png, samples

    competition = pp.load(data, **overrides)
    click.echo(describe(competition))
    picture = runs / competition.name / "samples.png"
    write_bytes(picture, png(samples(*choose_samples(competition))))
    click.echo(f"\nsamples      {picture}")
