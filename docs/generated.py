"""Writes the tables of the reference that follow from the code, before Sphinx reads the pages."""

import inspect
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click
from sphinx.application import Sphinx

import pipeline as pp
from pipeline.cli import main

FOLDER = "_generated"
EXAMPLE = "transfer"  # a recipe that has a backbone, a plateau and an augmentation


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", write_tables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_tables(app: Sphinx) -> None:
    folder = Path(app.srcdir) / FOLDER
    folder.mkdir(exist_ok=True)
    tables = {"commands": commands(), "recipes": recipes(), "settings": settings()}
    for name, text in tables.items():
        (folder / f"{name}.md").write_text(text)


def commands() -> str:
    """A section for each command: what `--help` says."""
    context = click.Context(main, info_name="pipeline")
    sections = [_command(main, context)]
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        sections.append(_command(command, click.Context(command, context, info_name=name)))
    return "\n".join(sections)


def _command(command: click.Command, context: click.Context) -> str:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    paragraphs = [_paragraph(text) for text in inspect.cleandoc(command.help or "").split("\n\n")]
    records = [p.get_help_record(context) for p in command.params if isinstance(p, click.Option)]
    options = [(f"`{record[0]}`", _literal(record[1])) for record in records if record]
    parts = [f"## {context.command_path}", f"```text\n{usage}\n```", *paragraphs]
    return "\n\n".join([*parts, table(("option", "meaning"), options)])


def _paragraph(text: str) -> str:
    """A paragraph of a help text in Markdown; click keeps the lines of one that begins with \\b."""
    if text.startswith("\b"):
        return f"```text\n{text[1:].strip()}\n```"
    return _literal(text)


def _literal(text: str) -> str:
    """The text with options as code."""
    return re.sub(r"(?<![`\w-])(--[\w-]+)", r"`\1`", text).replace("<", "&lt;")


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
        )
        for row in pp.models().to_dict("records")
    ]
    header = ("recipe", "layers", "parameters", "input", "epochs", "published %")
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
    texts = ([str(cell).replace("|", "\\|") for cell in row] for row in lines)
    return "".join(f"| {' | '.join(row)} |\n" for row in texts)
