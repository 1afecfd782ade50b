"""pipeline ensemble"""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.options import DATA, QUIET, RUNS, schema_options
from pipeline.cli.output import echo, echo_table, percent, run_text, warn_skipped

if TYPE_CHECKING:
    import pandas as pd

HEADER = ("run", "weight", "accuracy %", "loss", "loss gain", "row gain")


@click.command()
@DATA
@click.option(
    "--members", multiple=True, metavar="RUN", help="A run. Repeat for more. Default: all runs."
)
@click.option(
    "--method",
    type=click.Choice(["greedy", "mean"]),
    default="greedy",
    show_default=True,
    help="Choose runs and weights, or combine all with equal weights.",
)
@click.option("--name", default="ensemble", show_default=True, help="Name of the new run.")
@click.option("--fresh", is_flag=True, help="Make an existing ensemble again.")
@QUIET
@RUNS
@schema_options
def command(
    data: Path,
    members: tuple[str, ...],
    method: str,
    name: str,
    fresh: bool,
    quiet: bool,
    runs: Path,
    **overrides: Any,
) -> None:
    """Combine finished runs: choose those that help, and average them.

    The result is a run too. The last line printed is its path.

    \b
    Example: pipeline ensemble data/digits --members dense --members fast
    """
    import pipeline as pp
    from pipeline.runs.ranking import metric_of

    run = pp.ensemble(
        pp.load(data, **overrides),
        members or None,
        method=method,
        name=name,
        runs=runs,
        fresh=fresh,
        progress=not quiet,
        on_damage=warn_skipped,
    )
    assert run.candidates is not None
    _echo_candidates(run.candidates)
    echo(f"\n{run.name}: {run_text(run)}.")
    estimated = "Estimated with members and weights selected on other rows. "
    gain = "A gain is what the ensemble would lose without the run, in "
    gain += f"{metric_of(run).loss_title} and correct rows."
    echo(click.wrap_text((estimated if method == "greedy" else "") + gain, width=80))
    words = ["pipeline", "submit", str(data), "--run", run.name, "--runs", str(runs)]
    echo(f"\nSubmit it with: {shlex.join(words)}")
    echo(run.folder)


def _echo_candidates(table: "pd.DataFrame") -> None:
    rows = [
        (
            row["run"],
            str(row["weight"]),
            percent(row["accuracy"]),
            f"{row['loss']:.4f}",
            f"{row['loss_gain']:.4f}" if row["weight"] else "",
            f"{row['row_gain']:+,}" if row["weight"] else "",
        )
        for row in table.to_dict("records")
    ]
    echo_table(HEADER, rows, left=("run",))
