"""pipeline submit"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.leaderboard import echo_leaderboard
from pipeline.cli.main import BEGAN
from pipeline.cli.options import BUDGET, DATA, QUIET, RUNS, schema_options
from pipeline.cli.output import echo, score_text
from pipeline.errors import PipelineError
from pipeline.tables import no_formula

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.metrics.metric import Metric


@click.command()
@DATA
@click.option("--run", help="The run to submit. Default: the best run.")
@click.option("--output", type=click.Path(path_type=Path), help="The file to write.")
@BUDGET
@QUIET
@RUNS
@schema_options
def command(
    data: Path,
    run: str | None,
    output: Path | None,
    budget: str | None,
    quiet: bool,
    runs: Path,
    **overrides: Any,
) -> None:
    """Write the submission of the best run, training first if there is no run.

    With --budget, train for that time: a first submission is written after a third of it, and
    replaced when there is a better one. If you interrupt the command, the best one so far stays.

    If the test rows have labels (--test-label), the run is scored on them too. The last line
    printed is the path of the file.
    """
    import pipeline as pp
    from pipeline.search.budget import Budget

    if run and budget:
        raise PipelineError("both --run and --budget are given", expected="one of them")
    time_granted = Budget.start(budget, click.get_current_context().meta[BEGAN]) if budget else None
    competition = pp.load(data, **overrides)
    if time_granted:
        path, best = pp.submit_for(
            competition, time_granted, output=output, runs=runs, progress=not quiet
        )
        name = best.name
    else:
        path = pp.submit(
            competition, run, output=output, runs=runs, progress=not quiet, on_damage=_skip
        )
        name = run or pp.best_run(competition, runs=runs, on_damage=_skip).name
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
    chosen = f", chosen by its {metric.loss_title}" if time_granted else ""
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
