"""pipeline check"""

from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import schema_options


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@schema_options
def command(data: Path, file: Path, **overrides: Any) -> None:
    """Check that a grader would accept FILE. Lists all errors."""
    import pipeline as pp

    rows = pp.check(pp.load(data, **overrides), file)
    click.echo(f"{file}: valid, {rows:,} rows")
