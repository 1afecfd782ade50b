"""Every recipe as a row of a table."""

from typing import Any

from pipeline.models import recipes
from pipeline.runs.leaderboard import columns_text

COLUMNS = ("name", "parameters", "input", "epochs", "published_accuracy", "published_on", "origin")


def table() -> list[dict[str, Any]]:
    """A row of COLUMNS for each recipe; parameters and input for 28 x 28 x 1, 10 classes."""
    rows = []
    for recipe in recipes().values():
        published = recipe.published
        height, width, channels = recipe.image_shape((28, 28, 1))
        rows.append(
            {
                "name": recipe.name,
                "parameters": published.parameters if published else None,
                "input": f"{height}x{width}x{channels}",
                "epochs": recipe.epochs,
                "published_accuracy": published.accuracy if published else None,
                "published_on": published.on if published else None,
                "origin": recipe.origin,
            }
        )
    return rows


def text(rows: list[dict[str, Any]]) -> str:
    """The table for people."""
    cells = [
        (
            row["name"],
            f"{row['parameters']:,}" if row["parameters"] else "",
            row["input"],
            str(row["epochs"]),
            f"{100 * row['published_accuracy']:.2f}" if row["published_accuracy"] else "",
            row["origin"],
        )
        for row in rows
    ]
    header = ("recipe", "parameters", "input", "epochs", "published %", "origin")
    return columns_text(header, cells, left=(0, 5))
