"""pipeline leaderboard"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.options import DATA, FORMAT, RUNS
from pipeline.cli.output import echo, echo_frame, echo_table, percent, warn_skipped

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.competition.competition import Competition
    from pipeline.metrics.metric import Metric

# What is shown besides the metric, unless it is the metric: its column, and its text.
OTHERS = {"accuracy": ("accuracy %", percent), "loss": ("loss", "{:.4f}".format)}
COSTS = ("parameters", "epochs", "fit s", "images/s")
OPTIONAL = ("images/s", "n", "parameters", "epochs", "loss", "fit s")


@click.command()
@DATA
@FORMAT
@RUNS
def command(data: Path, output_format: str, runs: Path) -> None:
    """Compare all runs on the same validation rows."""
    echo_leaderboard(data, runs, output_format)


def echo_leaderboard(
    competition: "Competition | Path | str", runs: Path, output_format: str = "table"
) -> "pd.DataFrame":
    """Prints the leaderboard with a note on selection bias, and returns it."""
    import pipeline as pp
    from pipeline.metrics.metric import METRICS

    table = pp.leaderboard(competition, runs=runs, on_damage=warn_skipped)
    if output_format != "table":
        echo_frame(table, output_format)
        return table
    metric, groups = METRICS[table.attrs["metric"]], table["scored_on"].unique()
    for scored_on in groups:
        if len(groups) > 1:
            echo(_heading(scored_on))
        _echo_runs(table[table["scored_on"] == scored_on], metric)
        echo()
    ties = f"Runs with = are tied with others in {metric.test} test. "
    tied = (table["rank"] < table["worst_rank"]).any()
    note = (ties if tied else "") + table.attrs["caution"]
    echo(click.wrap_text(note, width=80))
    return table


def _echo_runs(table: "pd.DataFrame", metric: "Metric") -> None:
    others = [name for name in OTHERS if name != metric.field]
    heads = [OTHERS[name][0] for name in others]
    rows = [
        (
            _rank(row["rank"], row["worst_rank"]),
            row["run"],
            metric.text(row[metric.name]),
            f"{metric.text(row['low'])} - {metric.text(row['high'])}",
            f"{row['n']:,}",
            *(OTHERS[name][1](row[name]) for name in others),
            f"{row['parameters']:,}",
            _epochs(row["best_epoch"], row["epochs"]),
            f"{row['fit_seconds']:.1f}",
            f"{row['predict_images_per_second']:,.0f}",
        )
        for row in table.to_dict("records")
    ]
    header = ("rank", "run", metric.column, "95 % interval", "n", *heads, *COSTS)
    echo_table(header, rows, left=("run",), optional=OPTIONAL)


def _heading(scored_on: str) -> str:
    """ "hold-out", "out of 5 folds" or "fold 1of5", in a sentence."""
    from pipeline.competition.folds import HOLD_OUT

    if scored_on == HOLD_OUT:
        return "Scored on the validation rows:"
    if scored_on.startswith("fold"):
        return f"Scored on the rows of {scored_on} alone:"
    return f"Scored {scored_on}, each row by a model that did not train on it:"


def _rank(best: int, worst: int) -> str:
    return f"{best}=" if best < worst else str(best)


def _epochs(best: object, epochs: object) -> str:
    """The best epoch of all epochs; nothing for an ensemble."""
    return f"{best}/{epochs}" if isinstance(epochs, int) else ""
