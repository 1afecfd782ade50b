"""pipeline doctor"""

import json
from dataclasses import asdict, fields
from pathlib import Path

import click

from pipeline.api.folders import SUBMISSIONS
from pipeline.cli.options import FORMAT, RUNS
from pipeline.cli.output import echo
from pipeline.tables import csv_text


@click.command()
@FORMAT
@RUNS
@click.pass_context
def command(context: click.Context, output_format: str, runs: Path) -> None:
    """Check the installation: versions, processor, memory, folders.

    The exit status is 1 if something is broken; a line says what to do.
    """
    from pipeline.installation.checks import Check, check_installation

    checks = check_installation(runs, SUBMISSIONS)
    rows = [asdict(check) for check in checks]
    if output_format == "json":
        echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif output_format == "csv":
        names = [field.name for field in fields(Check)]
        echo(csv_text(names, (row.values() for row in rows)), nl=False)
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            echo(f"{check.status:7}  {check.name:{width}}  {check.found}")
            if check.remedy:
                echo(f"{'':{width + 11}}{check.remedy}")
    context.exit(1 if any(check.status == "broken" for check in checks) else 0)
