"""pipeline host"""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from pipeline.cli.options import FORMAT, Integer, schema_options
from pipeline.cli.output import echo, echo_frame, echo_table
from pipeline.errors import PipelineError
from pipeline.metrics.metric import METRICS

if TYPE_CHECKING:
    import pandas as pd

SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="The folder. The one for participants is OUTPUT/OUTPUT-hosted.  [default: hosted/NAME]",
)
@click.option(
    "--hidden", type=SHARE, default=0.3, show_default=True, help="Share of rows that are hidden."
)
@click.option(
    "--public",
    type=SHARE,
    default=0.3,
    show_default=True,
    help="Share of the hidden rows that the public score is of.",
)
@click.option("--seed", type=Integer(0), help="Random seed.  [default: a new one]")
@click.option("--board", is_flag=True, help="Show the leaderboard of the hosted competition DATA.")
@click.option(
    "--close", is_flag=True, help="End the hosted competition DATA, and reveal the private scores."
)
@FORMAT
@schema_options
def command(
    data: Path,
    output: Path | None,
    hidden: float,
    public: float,
    seed: int | None,
    board: bool,
    close: bool,
    output_format: str,
    **overrides: Any,
) -> None:
    """Make a local competition from labelled images.

    The labels of a part of the training rows are hidden. The last line printed is the folder for
    participants, a competition like any other. It is inside the folder of the host: anyone who can
    read that one can read the labels. Submissions are scored by the metric of DATA.

    \b
    Example: pipeline host data/digits
             pipeline submit hosted/digits/digits-hosted --local hosted/digits --team ours
             pipeline host hosted/digits --board
             pipeline host hosted/digits --close
    """
    import pipeline as pp

    if board and close:
        raise PipelineError("both --board and --close are given", expected="one of them")
    if board or close:
        _refuse_other_options()
        _echo_board(pp.close_hosted(data) if close else pp.hosted_leaderboard(data), output_format)
        return
    competition = pp.load(data, **overrides)
    folder = pp.host(competition, output=output, hidden=hidden, public=public, seed=seed)
    echo(f"Keep the labels and the leaderboard in {folder.parent} to yourself.", err=True)
    words = ["pipeline", "submit", str(folder), "--local", str(folder.parent), "--team", "NAME"]
    echo(f"Send a submission with: {shlex.join(words)}", err=True)
    echo("Give participants:", err=True)
    echo(folder)


def _refuse_other_options() -> None:
    """With --board and --close, options of a new competition have no meaning."""
    context = click.get_current_context()
    given = [
        option.opts[0]
        for option in context.command.params
        if option.name not in ("data", "board", "close", "output_format")
        and context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
    ]
    if given:
        raise PipelineError(f"{', '.join(given)} with --board or --close", expected="neither")


def _echo_board(table: "pd.DataFrame", output_format: str) -> None:
    if output_format != "table":
        echo_frame(table, output_format)
        return
    known = table.astype(object).where(table.notna(), None).to_dict("records")
    rows = [
        (
            str(row["rank"]),
            row["team"],
            *("" if row[name] is None else f"{row[name]:.5f}"
              for name in ("private_score", "public_score")),
            str(row["submissions"]),
            row["created"][:16].replace("T", " "),
        )
        for row in known
    ]  # fmt: skip
    header = ("rank", "team", "private", "public", "submissions", "date")
    echo_table(header, rows, left=("team", "date"), optional=("date", "submissions"))
    if not rows:
        echo("There are no submissions yet.")
    metric = METRICS[table.attrs["metric"]]
    echo(f"\nScored by {metric.title}: {metric.direction}.")
