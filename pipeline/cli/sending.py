"""Sends a submission file to be scored: by Kaggle, or by a hosted competition."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.options import Command
from pipeline.cli.output import echo
from pipeline.errors import PipelineError
from pipeline.metrics.metric import METRICS
from pipeline.submission.format import submission_format

if TYPE_CHECKING:
    from pipeline.competition.competition import Competition
    from pipeline.submission.kaggle import Quota
    from pipeline.submission.ledger import Entry, OwnScore

OPTIONS = (
    click.option(
        "--kaggle",
        metavar="SLUG",
        help="Send the file to this Kaggle competition, and wait for its score. The slug is the "
        "last part of its address.",
    ),
    click.option(
        "--local",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="FOLDER",
        help="Have the file scored by this competition that `pipeline host` made.",
    ),
    click.option(
        "-m",
        "--message",
        default="",
        help="Your description of the submission; required with --kaggle.",
    ),
    click.option("--team", help="The team, for --local.  [default: your user name]"),
    click.option(
        "--wait",
        type=click.FloatRange(0),
        default=600,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait for Kaggle's score; 0 does not wait.",
    ),
    click.option("--again", is_flag=True, help="Send it even if the same file was sent before."),
    click.option("--yes", is_flag=True, help="Send it to Kaggle without asking."),
)


@dataclass(frozen=True)
class Destination:
    """Where a file is sent, and how: the values of OPTIONS."""

    kaggle: str | None
    local: Path | None
    message: str
    team: str | None
    wait: float
    again: bool
    yes: bool


def sending_options(command: Command) -> Command:
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def check_destination(to: Destination) -> None:
    """Says what would keep a file from being sent, before it is made."""
    import pipeline as pp

    if not (to.kaggle or to.local) and (to.message or to.team or to.again or to.yes):
        raise PipelineError(
            "--message, --team, --again or --yes without --kaggle or --local",
            expected="where to send the submission",
        )
    if to.kaggle and to.local:
        raise PipelineError("both --kaggle and --local are given", expected="one of them")
    if to.kaggle:
        if not to.message.strip():
            raise PipelineError(
                "--kaggle without a message",
                expected='your description of what is sent, such as -m "fast, 5 folds"',
            )
        if not to.yes and not sys.stdin.isatty():
            raise PipelineError(
                "a submission uses up the day's quota, and there is no terminal to ask in",
                where="--kaggle",
                remedy="Add --yes to send it without being asked.",
            )
        pp.kaggle_quota(to.kaggle)
    if to.local:
        pp.hosted_leaderboard(to.local)


def send(
    to: Destination, competition: "Competition", file: Path, run: str | None, runs: Path
) -> None:
    """Sends the file, and prints its score. Does nothing without a destination."""
    import pipeline as pp

    if to.kaggle and competition.sample is None:
        header = ",".join(submission_format(competition).header)
        assumed = f"there is no sample submission, so {header} is assumed"
        if to.yes:
            raise PipelineError(
                assumed,
                where=competition.folder,
                expected="the competition's sample_submission.csv in the folder",
                remedy="Copy it there, or send without --yes and confirm.",
            )
        echo(f"Warning: {assumed}", err=True)

    def warn(doubt: str) -> None:
        echo(f"Warning: {file}: {doubt}", err=True)

    if to.local:
        entry = pp.send_to_hosted(
            competition,
            to.local,
            file,
            run=run,
            runs=runs,
            team=to.team,
            message=to.message,
            again=to.again,
            on_doubt=warn,
        )
        _show(entry, f"`pipeline host {to.local} --board` shows the leaderboard.")
    elif to.kaggle:
        sent = pp.send_to_kaggle(
            competition,
            to.kaggle,
            to.message,
            file,
            run=run,
            runs=runs,
            wait=to.wait,
            again=to.again,
            on_doubt=warn,
            agree=lambda entry, quota: _agree(entry, quota, to.yes),
            on_sent=lambda entry: _say_sent(entry, to.wait),
        )
        if sent is None:
            echo("Nothing was sent.", err=True)
            click.get_current_context().exit(1)
        _show(sent, "`pipeline submissions` compares it with earlier ones.")


def _agree(entry: "Entry", quota: "Quota", yes: bool) -> bool:
    own = f"{entry.run}, {_own_score(entry.own)}" if entry.own else "of no known run"
    echo(f"\n{entry.file}: {own}.", err=True)
    echo(f"Submissions to {entry.place}: {quota}.", err=True)
    return yes or click.confirm("Send it?", err=True)


def _own_score(own: "OwnScore") -> str:
    metric = METRICS[own.metric]
    return f"{metric.title} {metric.with_interval(own.value, own.low, own.high)}"


def _say_sent(entry: "Entry", wait: float) -> None:
    number = f", as submission {entry.ref}" if entry.ref else ""
    waiting = " Waiting for the score ..." if wait else ""
    echo(f"Kaggle has it{number}.{waiting}", err=True)


def _show(entry: "Entry", hint: str) -> None:
    echo(hint, err=True)
    known = "not known yet" if entry.public is None else f"{entry.public:.5f}"
    echo(f"Public score: {known}")
