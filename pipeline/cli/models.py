"""pipeline models"""

from pathlib import Path

import click

from pipeline.cli.options import DATA, FORMAT, RUNS
from pipeline.cli.output import echo_frame, echo_table, percent

HEADER = ("recipe", "parameters", "input", "epochs", "published %", "loss", "best run %", "origin")


@click.command()
@DATA
@FORMAT
@RUNS
def command(data: Path, output_format: str, runs: Path) -> None:
    """List the recipes: parameters, input, published score, and your best run on DATA."""
    import pipeline as pp

    table = pp.models(data, runs=runs)
    if output_format != "table":
        echo_frame(table, output_format)
        return
    rows = [
        (
            row["name"],
            f"{row['parameters']:,}",
            row["input"],
            str(row["epochs"]),
            percent(row["published_accuracy"]),
            f"{loss:.4f}" if (loss := row["published_loss"]) == loss and loss else "",
            percent(row["our_accuracy"]),
            row["origin"],
        )
        for row in table.to_dict("records")
    ]
    echo_table(HEADER, rows, left=("recipe", "origin"), optional=("origin", "loss", "input"))
