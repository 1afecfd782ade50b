"""What commands have in common: their arguments and options, and how their errors are shown."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pipeline.errors import PipelineError

Command = TypeVar("Command", bound=Callable[..., Any])

DATA = click.argument("data", type=click.Path(path_type=Path), default=Path("data/digits"))
RUNS = click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="Where runs are kept, a folder a competition.",
)
FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="Of what is printed.",
)


def _sides(
    context: click.Context, option: click.Parameter, text: str | None
) -> list[int | str] | None:
    """28x28 -> [28, 28]; what is no number stays as it is, for the settings to refuse."""
    if text is None:
        return None
    return [int(side) if side.isdigit() else side for side in text.lower().split("x")]


SCHEMA = (
    click.option("--label", help="The label's column: its name, 'first' or 'last'."),
    click.option("--id", help="The ids' column: its name, 'first' or 'last'."),
    click.option("--header/--no-header", default=None, help="Whether the first rows hold names."),
    click.option("--delimiter", help="comma, semicolon, tab or pipe."),
    click.option("--shape", callback=_sides, help="An image's shape, as 28x28 or 32x32x3."),
    click.option("--range", type=float, nargs=2, help="The ends of the grey scale, as 0 255."),
)


def schema_options(command: Command) -> Command:
    """What can be told about a competition; each option stands above every guess."""
    for option in reversed(SCHEMA):
        command = option(command)
    return command


class Commands(click.Group):
    """Turns what goes wrong into one message and an exit status; --debug adds the traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PipelineError:
            if ctx.params.get("debug"):
                traceback.print_exc()
            raise
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            click.echo("Interrupted. Finished runs are kept, the unfinished one is not.", err=True)
            ctx.exit(130)
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            advice = "`pipeline --debug` before the command shows the traceback."
            click.echo(f"Error: {type(error).__name__}: {error}\n{advice}", err=True)
            ctx.exit(1)
