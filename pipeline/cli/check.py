"""pipeline check"""

from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import schema_options
from pipeline.cli.output import echo


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@schema_options
def command(data: Path, file: Path, **overrides: Any) -> None:
    """Check that a grader would accept FILE. Lists all errors."""
    import pipeline as pp

    rows = pp.check(pp.load(data, **overrides), file)
    echo(f"{file}: valid, {rows:,} rows")
