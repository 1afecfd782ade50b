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
    """Check that a grader would accept FILE. Lists all errors.

    Warns of what a grader accepts, but is probably a mistake: a class of more than half of the
    rows, the predictions of another file, rows in another order.
    """
    import pipeline as pp

    def warn(doubt: str) -> None:
        echo(f"Warning: {file}: {doubt}", err=True)

    rows = pp.check(pp.load(data, **overrides), file, on_doubt=warn)
    echo(f"{file}: valid, {rows:,} rows")
