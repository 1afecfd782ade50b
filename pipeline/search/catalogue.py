"""Every recipe and committee as a row of a table."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pipeline.networks.build import build
from pipeline.networks.recipe import EnsembleRecipe, Recipe
from pipeline.recipes import ensembles, recipes
from pipeline.runs.leaderboard import columns_text
from pipeline.runs.run import Run

COLUMNS = (
    "name",
    "parameters",
    "input",
    "epochs",
    "published_accuracy",
    "published_loss",
    "published_on",
    "our_accuracy",
    "our_run",
    "origin",
)


def table(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """A row of COLUMNS each; parameters and input for 28 x 28 x 1 images of 10 classes.

    Args:
        runs: of one competition; a recipe's best one is shown beside what is published.
    """
    best: dict[str, Run] = {}
    for run in sorted(runs, key=lambda run: float(run.scores["accuracy"])):
        best[run.record["recipe"]["name"]] = run
    rows = [_row(recipe, recipe, best.get(recipe.name)) for recipe in recipes().values()]
    return rows + [
        _row(committee, recipes()[committee.member], best.get(committee.name))
        for committee in ensembles().values()
    ]


def _row(entry: Recipe | EnsembleRecipe, recipe: Recipe, best: Run | None) -> dict[str, Any]:
    height, width, channels = shape = recipe.image_shape((28, 28, 1))
    published = entry.published
    return {
        "name": entry.name,
        "parameters": published.parameters if published else _parameters(recipe, shape),
        "input": f"{height}x{width}x{channels}",
        "epochs": recipe.epochs,
        "published_accuracy": published.accuracy if published else None,
        "published_loss": published.loss if published else None,
        "published_on": published.on if published else None,
        "our_accuracy": best.scores["accuracy"] if best else None,
        "our_run": best.name if best else None,
        "origin": entry.origin,
    }


def _parameters(recipe: Recipe, shape: tuple[int, int, int]) -> int:
    if recipe.base:
        recipe = replace(recipe, base=replace(recipe.base, weights="none"))
    return int(build(recipe, shape, 10, 0, 255).model.count_params())


def text(rows: list[dict[str, Any]]) -> str:
    """The table for people."""
    cells = [
        (
            row["name"],
            f"{row['parameters']:,}",
            row["input"],
            str(row["epochs"]),
            _percent(row["published_accuracy"]),
            f"{row['published_loss']:.4f}" if row["published_loss"] else "",
            _percent(row["our_accuracy"]),
            row["origin"],
        )
        for row in rows
    ]
    header = ("recipe", "parameters", "input", "epochs", "published %", "loss", "ours %", "origin")
    return columns_text(header, cells, left=(0, 7))


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f}"
