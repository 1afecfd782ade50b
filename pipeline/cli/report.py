"""pipeline report"""

from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import DATA, RUNS, schema_options


@click.command()
@DATA
@RUNS
@schema_options
def command(data: Path, runs: Path, **overrides: Any) -> None:
    """Write HTML pages about all runs.

    The last line printed is the path of the first page.

    \b
    Example: pipeline report data/digits
    """
    import pipeline as pp

    click.echo(pp.write_report(pp.load(data, **overrides), runs=runs))
