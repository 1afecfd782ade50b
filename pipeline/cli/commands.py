"""The command line: one command a verb. Each parses, calls and echoes; TensorFlow comes in late."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import click

from pipeline import __version__
from pipeline.cli.options import DATA, FORMAT, RUNS, Commands, schema_options
from pipeline.errors import PipelineError


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option("--debug", is_flag=True, help="Show the traceback of errors.")
def main(debug: bool) -> None:
    """From a folder of pixel CSVs to a submission you can trust.

    DATA is a competition's folder, data/digits where none is given.
    """


@main.command()
@DATA
@RUNS
@schema_options
def inspect(data: Path, runs: Path, **told: Any) -> None:
    """Show what a folder holds: schema, classes, duplicates, samples.

    \b
    Example: pipeline inspect data/my-competition
    """
    from pipeline.competition.competition import Competition
    from pipeline.competition.inspection import choose_samples, describe
    from pipeline.files import write_bytes
    from pipeline.report.figures import png, samples

    competition = Competition.load(data, **told)
    click.echo(describe(competition))
    picture = runs / competition.name / "samples.png"
    write_bytes(picture, png(samples(*choose_samples(competition))))
    click.echo(f"\nsamples      {picture}")


@main.command()
@DATA
@FORMAT
@RUNS
def models(data: Path, form: str, runs: Path) -> None:
    """List every recipe: origin, parameters, input, published score, and ours on DATA."""
    from pipeline.runs.run import list_runs
    from pipeline.search.catalogue import COLUMNS, table, text

    rows = table(list_runs(runs / data.resolve().name))
    click.echo(text(rows) if form == "table" else _export(COLUMNS, rows, form))


@main.command()
@DATA
@click.option("--model", "names", multiple=True, help="A recipe; repeat it for more.")
@click.option("--epochs", type=click.IntRange(1), help="At most so many epochs.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all that is random."
)
@click.option("--replicates", type=click.IntRange(1), default=1, help="So many seeds from --seed.")
@click.option("--weights", help="Of a pretrained base: imagenet, none, or a file.")
@click.option(
    "--precision",
    type=click.Choice(["auto", "float32", "bfloat16"]),
    help="Of the arithmetic; published recipes have float32, the project's own auto.",
)
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a setting of the recipe; NAME=A,B,C trains each.",
)
@click.option("--fresh", is_flag=True, help="Train again what is finished.")
@RUNS
@schema_options
def train(
    data: Path,
    names: tuple[str, ...],
    epochs: int | None,
    seed: int,
    replicates: int,
    weights: str | None,
    precision: str | None,
    changes: tuple[str, ...],
    fresh: bool,
    runs: Path,
    **told: Any,
) -> None:
    """Train recipes and show the leaderboard; finished runs are reused.

    \b
    Examples: pipeline train data/digits --model conv --model augmented --epochs 20
              pipeline train --model dense-500-300 --set l2=1e-6,1e-4,1e-3 --replicates 3
    """
    short = {"epochs": epochs, "base.weights": weights, "precision": precision}
    settings = _changes(changes, short)
    from pipeline.competition.competition import Competition

    competition = Competition.load(data, **told)
    from pipeline.recipes import DEFAULTS  # TensorFlow, after the folder has been understood
    from pipeline.search.session import train_all

    seeds = range(seed, seed + replicates)
    train_all(competition, runs / competition.name, names or DEFAULTS, settings, seeds, fresh)
    _echo_leaderboard(runs / competition.name)


@main.command()
@DATA
@FORMAT
@RUNS
def leaderboard(data: Path, form: str, runs: Path) -> None:
    """Compare all runs on the same validation rows."""
    folder = runs / data.resolve().name
    if form == "table":
        _echo_leaderboard(folder)
        return
    from pipeline.runs.leaderboard import COLUMNS, table
    from pipeline.runs.run import list_runs

    click.echo(_export(COLUMNS, table(list_runs(folder)), form))


@main.command()
@DATA
@RUNS
@schema_options
def report(data: Path, runs: Path, **told: Any) -> None:
    """Write pages about all runs, to be opened in a browser.

    The last line printed is the first page's path.

    \b
    Example: pipeline report data/digits
    """
    from pipeline.competition.competition import Competition
    from pipeline.report.report import write_report

    competition = Competition.load(data, **told)
    folder = runs / competition.name
    found = _finished(folder)
    for run in found:
        _refuse_stale(run, competition)
    click.echo(write_report(competition, found, folder))


@main.command()
@DATA
@click.option("--run", "name", help="The run to submit; the best one where none is given.")
@click.option("--output", type=click.Path(path_type=Path), help="The file to write.")
@RUNS
@schema_options
def submit(data: Path, name: str | None, output: Path | None, runs: Path, **told: Any) -> None:
    """Write the best run's submission, training first where there is no run.

    The last line printed is the file's path.
    """
    from pipeline.competition.competition import Competition
    from pipeline.runs.leaderboard import rank
    from pipeline.runs.run import find_run, list_runs
    from pipeline.submission.write import write_submission

    competition = Competition.load(data, **told)
    folder = runs / competition.name
    if not list_runs(folder):
        from pipeline.recipes import DEFAULTS
        from pipeline.search.session import train_all

        train_all(competition, folder, DEFAULTS, {})
    _echo_leaderboard(folder)
    ranked = rank(list_runs(folder))
    run = find_run(ranked, name, folder) if name else ranked[0]
    _refuse_stale(run, competition)
    path = output or Path("submissions") / competition.name / f"{run.name}.csv"
    write_submission(competition, run.test(), path)
    click.echo(f"\nThe submission of {run.name}:")
    click.echo(path)


@main.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@schema_options
def check(data: Path, file: Path, **told: Any) -> None:
    """Tell whether a grader would accept FILE, naming every fault at once."""
    from pipeline.competition.competition import Competition
    from pipeline.submission.check import check_file
    from pipeline.submission.format import submission_format

    form = submission_format(Competition.load(data, **told))
    check_file(form, file)
    click.echo(f"{file}: valid, {len(form.ids):,} rows of {','.join(form.header)}")


def _changes(changes: tuple[str, ...], short: dict[str, Any]) -> dict[str, list[str]]:
    """--set, and the options that are short for it, as recipe settings and their values."""
    settings = {}
    for text in changes:
        name, _, values = text.partition("=")
        settings[name] = values.split(",")
        if not name or not all(settings[name]):
            raise PipelineError(f"--set {text}: expected NAME=VALUE, as in --set batch_size=64.")
    return settings | {name: [str(value)] for name, value in short.items() if value is not None}


def _finished(folder: Path) -> list[Any]:
    """The competition's runs, at least one."""
    from pipeline.runs.run import list_runs

    runs = list_runs(folder)
    if not runs:
        raise PipelineError(f"{folder} has no finished runs yet. Train some: pipeline train.")
    return runs


def _echo_leaderboard(folder: Path) -> None:
    from pipeline.runs.leaderboard import text

    click.echo(text(_finished(folder)))


def _refuse_stale(run: Any, competition: Any) -> None:
    if run.record["data"]["fingerprint"] != competition.fingerprint:
        raise PipelineError(
            f"{run.folder} was trained on other data than {competition.folder} holds now. "
            f"Move {run.folder.parent} away and train again."
        )


def _export(columns: tuple[str, ...], rows: list[dict[str, Any]], form: str) -> str:
    """Rows as JSON or CSV, without a newline at the end."""
    if form == "json":
        return json.dumps(rows, indent=2)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().rstrip("\n")
