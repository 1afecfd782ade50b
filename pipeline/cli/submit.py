"""pipeline submit"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.leaderboard import echo_leaderboard
from pipeline.cli.main import BEGAN
from pipeline.cli.options import BUDGET, DATA, QUIET, RUNS, engine_options, schema_options
from pipeline.cli.output import echo, score_text
from pipeline.cli.sending import Destination, check_destination, send, sending_options
from pipeline.competition.sample import asks_for_probabilities
from pipeline.errors import PipelineError
from pipeline.tables import no_formula

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.competition.competition import Competition
    from pipeline.metrics.metric import Metric


@click.command()
@DATA
@click.option("--run", help="The run to submit. Default: the best run.")
@click.option(
    "--file", type=click.Path(path_type=Path), help="Send this file instead of that of a run."
)
@click.option("--output", type=click.Path(path_type=Path), help="The file to write.")
@BUDGET
@engine_options
@sending_options
@QUIET
@RUNS
@schema_options
def command(
    data: Path,
    run: str | None,
    file: Path | None,
    output: Path | None,
    budget: str | None,
    engine: str,
    workers: int | None,
    address: str | None,
    gpus: float,
    kaggle: str | None,
    local: Path | None,
    message: str,
    team: str | None,
    wait: float,
    again: bool,
    yes: bool,
    quiet: bool,
    runs: Path,
    **overrides: Any,
) -> None:
    """Write the submission of the best run, training first if there is no run.

    With --budget, train for that time: a first submission is written after a third of it, and
    replaced when there is a better one. If you interrupt the command, the best one so far stays.

    If the test rows have labels, the run is scored on them too. The last line
    printed is the path of the file.

    With --kaggle or --local, the file is also sent to be scored, and the last line is its score.
    Nothing is sent twice: after a cut connection or a kill, run the same command again.
    """
    import pipeline as pp
    from pipeline.search.budget import Budget
    from pipeline.search.engine import EngineChoice

    to = Destination(kaggle, local, message, team, wait, again, yes)
    if run and budget:
        raise PipelineError("both --run and --budget are given", expected="one of them")
    if not budget and (engine, workers, address, gpus) != ("auto", None, None, 0):
        raise PipelineError(
            "--engine, --workers, --address or --gpus without --budget", expected="a budget"
        )
    choice = EngineChoice(engine, workers, address, gpus)
    if file:
        _check_file_options(to, run, budget, output)
    check_destination(to)
    time_granted = Budget.start(budget, click.get_current_context().meta[BEGAN]) if budget else None
    competition = pp.load(data, **overrides)
    if file:
        send(to, competition, file, None, runs)
        return
    if time_granted:
        path, best = pp.submit_for(
            competition,
            time_granted,
            output=output,
            runs=runs,
            engine=choice,
            progress=not quiet,
        )
        name = best.name
    else:
        path = pp.submit(
            competition, run, output=output, runs=runs, progress=not quiet, on_damage=_skip
        )
        name = run or pp.best_run(competition, runs=runs, on_damage=_skip).name
    _echo_submission(competition, path, name, runs, bool(time_granted))
    send(to, competition, path, name, runs)


def _check_file_options(
    to: Destination, run: str | None, budget: str | None, output: Path | None
) -> None:
    if not (to.kaggle or to.local):
        raise PipelineError(
            "--file without --kaggle or --local",
            expected="where to send it",
            remedy="`pipeline check DATA FILE` checks a file.",
        )
    if run or budget or output:
        raise PipelineError("--file with --run, --budget or --output", expected="--file alone")


def _echo_submission(
    competition: "Competition", path: Path, name: str, runs: Path, in_time: bool
) -> None:
    """Prints the leaderboard, the score of the chosen run, and the path of its submission."""
    import pipeline as pp

    table = echo_leaderboard(competition, runs)
    if competition.test_labels is not None:
        scores = pp.score_test(competition, name, runs=runs)
        echo(f"\n{name} on the labelled test rows: {score_text(scores)}.")
        echo("No choice was based on this score.")
    texts = (*competition.classes, *(competition.test_ids or ()))
    if formula := next((text for text in texts if no_formula(text) != text), None):
        note = f"Note: to a spreadsheet {formula!r} is a formula; do not open the file in one."
        echo(note, err=True)
    metric = competition.metric
    header = competition.sample.header if competition.sample else ()
    if metric.needs_probabilities and not asks_for_probabilities(header):
        echo(
            f"Note: the metric is {metric.title}, but classes are submitted. A sample submission "
            "with a column for each class asks for probabilities.",
            err=True,
        )
    chosen = f", chosen by its {metric.loss_title}" if in_time else ""
    echo(f"\nThe submission of {name}{_score(table, name, metric)}{chosen}:")
    echo(path)


def _score(table: "pd.DataFrame", name: str, metric: "Metric") -> str:
    """The metric of a run on the leaderboard, corrected if it is the best of its rows."""
    if estimate := table.attrs["estimate"].get(name):
        return f", estimated {metric.title} {estimate}"
    for _, run in table[table["run"] == name].iterrows():
        text = metric.with_interval(run[metric.name], run["low"], run["high"])
        return f", {metric.title} {text}"
    return ""


def _skip(error: Exception) -> None:
    """Says nothing of a damaged run: the leaderboard that follows does."""
