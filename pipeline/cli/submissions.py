"""pipeline submissions"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.options import DATA, FORMAT
from pipeline.cli.output import echo, echo_frame, echo_table
from pipeline.metrics.metric import METRICS

if TYPE_CHECKING:
    import pandas as pd

HEADER = (
    "team", "date", "file", "sha256", "run", "own score", "95 % interval", "public", "private",
    "status", "message",
)  # fmt: skip
OPTIONAL = ("sha256", "file", "message", "95 % interval", "private")


@click.command()
@DATA
@click.option("--offline", is_flag=True, help="Show what is stored, without a network request.")
@FORMAT
def command(data: Path, offline: bool, output_format: str) -> None:
    """List what was sent to be scored, with its own and its public score.

    Scores that are not known yet are requested. With three or more submissions, Spearman's rank
    correlation says whether your own score orders them as the public score does.
    """
    import pipeline as pp

    table = pp.submissions(data, refresh=not offline)
    for note in table.attrs["notes"].values():
        echo(f"Not up to date: {note}", err=True)
    if output_format != "table":
        echo_frame(table, output_format)
        return
    if not len(table):
        echo("Nothing was sent so far. `pipeline submit --kaggle SLUG` sends a submission.")
        return
    for place, some in table.groupby("place", sort=False):
        echo(f"{place}:")
        _echo_submissions(some)
        echo()
        for (of, metric), (value, count) in table.attrs["correlations"].items():
            if of == place:
                title = METRICS[metric].title
                echo(
                    f"Rank correlation (Spearman) of own {title} and public score: {value:.2f}, "
                    f"n = {count}."
                )
        if place in table.attrs["quotas"]:
            echo(f"Submissions: {table.attrs['quotas'][place]}.")


def _echo_submissions(table: "pd.DataFrame") -> None:
    known = table.astype(object).where(table.notna(), None)
    first = 0 if table["team"].any() else 1  # Kaggle's entries have no team
    rows = [_cells(row)[first:] for row in known.to_dict("records")]
    left = ("team", "date", "file", "sha256", "run", "status", "message")
    echo_table(HEADER[first:], rows, left, OPTIONAL)
    for _, row in table[table["error"] != ""].iterrows():
        echo(f"{row['file']}: {row['error']}")


def _cells(row: Any) -> tuple[str, ...]:
    metric = METRICS[row["metric"]] if row["metric"] else None
    return (
        row["team"],
        row["created"][:16].replace("T", " "),
        row["file"],
        row["sha256"][:8],
        row["run"] or "",
        metric.with_unit(row["score"]) if metric else "",
        f"{metric.text(row['low'])} - {metric.text(row['high'])}" if metric else "",
        *("" if row[name] is None else f"{row[name]:.5f}"
          for name in ("public_score", "private_score")),
        row["status"],
        row["message"],
    )  # fmt: skip
