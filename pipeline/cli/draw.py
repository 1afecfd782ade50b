"""pipeline draw"""

import webbrowser
from pathlib import Path
from typing import Any

import click

from pipeline.cli.main import Terminated
from pipeline.cli.options import RUNS, schema_options
from pipeline.cli.output import echo, warn_skipped


@click.command()
@click.argument("run", required=False)
@click.argument("data", type=click.Path(path_type=Path), required=False)
@RUNS
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default="any",
    help="Port to listen on.",
)
@click.option("--no-open", is_flag=True, help="Do not open the page in the browser.")
@schema_options
def command(
    run: str | None, data: Path | None, runs: Path, port: int, no_open: bool, **overrides: Any
) -> None:
    """Draw in the browser, and see live what a run makes of it.

    RUN is a run's name, its folder, or its path within the folder of runs; by default the best
    run with a model. A folder that is not a run's is DATA.

    The page is served to this computer alone, until Ctrl-C.

    \b
    Examples: pipeline draw
              pipeline draw fast data/my-competition --port 8000
    """
    import pipeline as pp

    run, data = _sort(run, data, runs)
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


def _sort(run: str | None, data: Path | None, runs: Path) -> tuple[str | None, Path]:
    """RUN and DATA, each of which may be left out."""
    from pipeline.runs.folder import is_run

    if run is None:
        return None, Path("data/digits")
    paths = [path for path in (Path(run), runs / run) if is_run(path)]
    if data is None and not paths and Path(run).is_dir():
        return None, Path(run)
    of_run = Path("data") / paths[0].resolve().parent.name if paths else Path("data/digits")
    return run, data or of_run
