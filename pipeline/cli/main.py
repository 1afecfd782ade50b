"""The `pipeline` command: its subcommands, and how errors are shown."""

import errno
import importlib
import signal
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click

from pipeline import __version__
from pipeline.cli.output import TEXT, echo
from pipeline.errors import PipelineError, printable, suggest

COMMANDS = (
    "fetch", "inspect", "models", "train", "tune", "ensemble", "leaderboard", "report", "draw",
    "predict", "export", "submit", "submissions", "reveal", "check", "host", "doctor",
)  # fmt: skip


BEGAN = "pipeline.began"  # Unix time at which the command began, for its budget


class Terminated(KeyboardInterrupt):
    """SIGTERM: another program asks this process to end."""


class Commands(click.Group):
    """Imports a command when it is used, and turns every error into a message and a status."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"pipeline.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and (hint := suggest(args[0], COMMANDS)):
            ctx.fail(f"No such command {args[0]!r}. {hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        ctx.meta[BEGAN] = time.time()
        stops: list[int] = []
        try:
            with _sigterm_raises(stops):
                return super().invoke(ctx)
        except click.UsageError as error:
            error.message = printable(error.message, TEXT)  # type: ignore[misc]
            if isinstance(error, click.NoSuchOption):
                error.possibilities = _similar(error.option_name, error.possibilities or ())  # type: ignore[misc]
            raise
        except (click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            ctx.exit(_interrupted(stops))
        except Exception as error:
            if isinstance(error.__cause__, KeyboardInterrupt):  # while a class was made
                ctx.exit(_interrupted(stops))
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # click ends quietly when the reader of a pipe has gone
            ctx.exit(_show(error, debug=bool(ctx.params.get("debug"))))


def _interrupted(stops: Sequence[int]) -> int:
    """Says what stopped the command, and returns the exit status."""
    word, status = ("Terminated", 143) if stops else ("Interrupted", 130)
    echo(f"{word}. Run the same command again to continue.", err=True)
    return status


def _similar(option: str, choices: Iterable[str]) -> list[str]:
    """The choices that are similar to the option, without the dashes."""
    return [one for one in choices if suggest(option.lstrip("-"), [one.lstrip("-")])]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option("--debug", is_flag=True, help="Show the traceback of errors.")
def main(debug: bool) -> None:
    """From a folder of pixel CSVs to a submission you can trust.

    DATA is a competition folder, by default data/digits; --run names one of its runs, by default
    the best.

    Exit status: 2 for invalid input, 1 for a failure, 130 for Ctrl-C, 143 for SIGTERM.
    """


@contextmanager
def _sigterm_raises(stops: list[int]) -> Iterator[None]:
    """In the block, SIGTERM raises `Terminated`, so that unfinished files are removed.

    Args:
        stops: gets the signal: Ray raises a plain KeyboardInterrupt in place of `Terminated`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return

    def terminate(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not stop the cleaning
        stops.append(number)
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _show(error: Exception, debug: bool) -> int:
    """Prints an error, or each of several, and returns the exit status."""
    if isinstance(error, ExceptionGroup):
        return min(_show(one, debug) for one in error.exceptions)
    if debug:
        echo("".join(traceback.format_exception(error)), err=True, nl=False)
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        error = PipelineError("the name is too long", where=str(error.filename)[:200])
    if isinstance(error, PipelineError):
        error.show()
        return error.exit_code
    advice = "" if debug else "\n`pipeline --debug` before the command shows the traceback."
    echo(f"Error: {type(error).__name__}: {error}{advice}", err=True)
    return 1
