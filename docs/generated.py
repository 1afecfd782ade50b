"""Writes the tables of the reference that follow from the code, before Sphinx reads the pages."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

import pipeline as pp

FOLDER = "_generated"
EXAMPLE = "transfer"  # a recipe that has a backbone, a plateau and an augmentation


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", write_tables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_tables(app: Sphinx) -> None:
    folder = Path(app.srcdir) / FOLDER
    folder.mkdir(exist_ok=True)
    for name, text in {"recipes": recipes(), "settings": settings()}.items():
        (folder / f"{name}.md").write_text(text)


def recipes() -> str:
    """All recipes, as `pipeline models` lists them."""
    rows = [
        (
            f"`{row['name']}`",
            pp.describe(row["name"]).summary,
            f"{row['parameters']:,}",
            row["input"],
            row["epochs"],
            _published(row),
            row["origin"],
        )
        for row in pp.models().to_dict("records")
    ]
    header = ("recipe", "layers", "parameters", "input", "epochs", "published %", "origin")
    return table(header, rows)


def _published(row: dict[str, Any]) -> str:
    accuracy = row["published_accuracy"]
    return "" if accuracy != accuracy else f"{100 * accuracy:.2f} ({row['published_on']})"


def settings() -> str:
    """The settings of recipes, as `pipeline models NAME` lists them."""
    found = {
        row["name"]: (f"`{row['name']}`", row["meaning"], row["accepts"])
        for name in (EXAMPLE, "tuned")
        for row in pp.describe(name).settings.to_dict("records")
    }
    return table(("setting", "meaning", "accepts"), found.values())


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(str(c).replace('|', '/') for c in row)} |\n" for row in lines)
