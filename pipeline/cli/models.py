"""pipeline models"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.options import FORMAT, RUNS
from pipeline.cli.output import echo, echo_frame, echo_table, echo_wrapped, percent, warn_skipped

if TYPE_CHECKING:
    from pipeline.search.catalogue import RecipeDescription

HEADER = ("recipe", "parameters", "input", "epochs", "published %", "loss", "best run %", "origin")


@click.command()
@click.argument("name", required=False)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("data/digits"),
    show_default=True,
    help="Competition whose best runs are listed.",
)
@FORMAT
@RUNS
def command(name: str | None, data: Path, output_format: str, runs: Path) -> None:
    """List the recipes: parameters, input, published score, and your best run.

    With NAME, show one recipe: its layers, and its settings with their meaning, default, and the
    range that `pipeline tune` searches. With --format csv, print the settings.

    \b
    Example: pipeline models fast
    """
    import pipeline as pp

    if name:
        _echo_recipe(pp.describe(name), output_format)
        return
    table = pp.models(data, runs=runs, on_damage=warn_skipped)
    if output_format != "table":
        echo_frame(table, output_format)
        return
    rows = [
        (
            row["name"],
            f"{row['parameters']:,}",
            row["input"],
            _epochs(row["epochs"], row["min_steps"]),
            percent(row["published_accuracy"]),
            f"{loss:.4f}" if (loss := row["published_loss"]) == loss and loss else "",
            percent(row["our_accuracy"]) + " *" * (row["comparable"] is False),
            row["origin"],
        )
        for row in table.to_dict("records")
    ]
    echo_table(HEADER, rows, left=("recipe", "origin"), optional=("origin", "loss", "input"))
    if (table["comparable"] == False).any():  # noqa: E712 (missing is neither)
        echo("\n* on images of another shape or other classes than the published score")


def _echo_recipe(recipe: "RecipeDescription", output_format: str) -> None:
    if output_format == "json":
        echo(json.dumps(recipe.to_dict(), indent=2))
        return
    if output_format == "csv":
        echo_frame(recipe.settings, output_format)
        return
    facts = {
        "origin": recipe.origin,
        "layers": recipe.summary,
        "members": f"{recipe.size} of {recipe.member}" if recipe.member else "",
        "input": "x".join(map(str, recipe.image_shape)),
        "parameters": f"{recipe.parameters:,}, for images of 28x28x1 and 10 classes",
        "epochs": _epochs(recipe.epochs, recipe.min_steps),
    }
    if published := recipe.published:
        loss = f", loss {published.loss:.4f}" if published.loss else ""
        facts["published"] = f"{percent(published.accuracy)} %{loss}, on {published.on}"
    echo(f"{recipe.name}\n")
    for fact, text in facts.items():
        if text:
            echo(f"{fact:12}{text}")
    echo()
    layers = [
        (layer, kind, output, f"{parameters:,}")
        for layer, kind, output, parameters in recipe.layers.values
    ]
    header = ("layer", "kind", "output", "parameters")
    echo_table(header, layers, left=header[:3])
    echo("\nSettings, for --set NAME=VALUE:\n")
    rows = recipe.settings.to_dict("records")
    for row in sorted(rows, key=lambda row: not row["space"]):  # the searched ones come first
        echo(f"  {row['name']}={_text(row['value'])}")
        searched = f" Searched: {row['space']}." if row["space"] else ""
        echo_wrapped(f"{row['meaning']} Accepts {row['accepts']}.{searched}", indent=6)


def _epochs(epochs: int, min_steps: int) -> str:
    return f"{epochs}, or {min_steps:,} steps if more" if min_steps else str(epochs)


def _text(value: Any) -> str:
    """As --set takes it: none, true, 0.001."""
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
