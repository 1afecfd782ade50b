"""pipeline report"""

import webbrowser
from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import DATA, RUNS, schema_options
from pipeline.cli.output import echo, warn_skipped


@click.command()
@DATA
@RUNS
@click.option("--open", "in_browser", is_flag=True, help="Open the first page in the browser.")
@schema_options
def command(data: Path, runs: Path, in_browser: bool, **overrides: Any) -> None:
    """Write HTML pages about all runs.

    The last line printed is the path of the first page.

    \b
    Example: pipeline report data/digits
    """
    import pipeline as pp

    page = pp.write_report(pp.load(data, **overrides), runs=runs, on_damage=warn_skipped)
    if in_browser and not webbrowser.open(page.resolve().as_uri()):
        echo(f"No browser could be opened. Open this page in one: {page.resolve()}", err=True)
    echo(page)
