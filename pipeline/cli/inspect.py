"""pipeline inspect"""

import json
import sys
from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import DATA, FORMAT, RUNS, schema_options
from pipeline.cli.output import echo, echo_frame


@click.command()
@DATA
@FORMAT
@click.option(
    "--samples/--no-samples",
    "show",
    default=None,
    help="Draw a few images. Default: if the output is a terminal.",
)
@RUNS
@schema_options
def command(
    data: Path, output_format: str, show: bool | None, runs: Path, **overrides: Any
) -> None:
    """Show the inferred schema of a folder: classes, duplicates, samples.

    CSV files and columns that are ignored are listed. The samples are saved as samples.png in the
    runs folder. With --format csv, print the number of rows of each class.

    \b
    Example: pipeline inspect data/my-competition
    """
    import pipeline as pp
    from pipeline.competition.inspection import choose_samples
    from pipeline.files import WriteError, write_bytes
    from pipeline.images.blocks import draw
    from pipeline.report.figures import png, samples

    competition = pp.load(data, **overrides)
    found = pp.inspect(competition)
    if output_format == "json":
        echo(json.dumps(found.to_dict(), indent=2))
        return
    if output_format == "csv":
        echo_frame(found.to_frame(), output_format)
        if found.ignored:
            echo(f"Note: ignored: {', '.join(found.ignored)}", err=True)
        return
    echo(found.to_text())
    images, titles, in_row = choose_samples(competition)
    if sys.stdout.isatty() if show is None else show:
        echo("\n" + draw(images, titles))
    picture = runs / competition.name / "samples.png"
    try:
        write_bytes(picture, png(samples(images, titles, in_row)))
    except WriteError as error:
        echo(f"Warning: {error.message}", err=True)
    else:
        echo(f"\nsamples      {picture}")
