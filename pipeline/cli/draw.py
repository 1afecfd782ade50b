"""pipeline draw"""

import webbrowser
from pathlib import Path
from typing import Any

import click

from pipeline.cli.main import Terminated
from pipeline.cli.options import DATA, RUNS, Integer, refuse_run, schema_options
from pipeline.cli.output import echo, warn_skipped


@click.command()
@DATA
@click.option("--run", help="The run that predicts. Default: the best run with a model.")
@RUNS
@click.option(
    "--port",
    type=Integer(0, 65535),
    default=0,
    show_default="any",
    help="Port to listen on.",
)
@click.option("--no-open", is_flag=True, help="Do not open the page in the browser.")
@schema_options
def command(
    data: Path, run: str | None, runs: Path, port: int, no_open: bool, **overrides: Any
) -> None:
    """Draw in the browser, and see live what a run makes of it.

    The page is served to this computer alone, until Ctrl-C.

    \b
    Examples: pipeline draw
              pipeline draw data/my-competition --run fast --port 8000
    """
    import pipeline as pp

    refuse_run(data, runs)
    competition = pp.load(data, **overrides)
    echo("Loading the model ...", err=True)
    with pp.draw(competition, run, port=port, runs=runs, on_damage=warn_skipped) as server:
        echo(server.url)
        if not no_open and not webbrowser.open(server.url):
            echo("No browser could be opened. Open this address in one.", err=True)
        echo(f"Drawings are read by {server.run.name}. Ctrl-C ends.", err=True)
        try:
            server.wait()
        except Terminated:
            raise
        except KeyboardInterrupt:
            echo("Ended.", err=True)
