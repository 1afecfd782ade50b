"""pipeline tune"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.main import BEGAN
from pipeline.cli.options import (
    DATA,
    ENGINE,
    EPOCHS,
    FORMAT,
    QUIET,
    RUNS,
    SEED,
    schema_options,
    settings_option,
    sweep_of,
)
from pipeline.cli.output import echo, echo_frame, echo_table, percent, score_text
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 10  # trials


@click.command()
@DATA
@click.option("--model", "recipe", default="fast", show_default=True, help="A recipe.")
@click.option(
    "--trials",
    type=click.IntRange(1),
    metavar="N",
    help="Number of finished trials, those of earlier commands included: completed and pruned "
    "ones count, failed and interrupted ones do not.  [default: 40, or as many as the budget "
    "allows]",
)
@click.option(
    "--budget",
    metavar="TIME",
    help="End after this time, such as 30m, with the training of the best settings.",
)
@click.option(
    "--storage",
    metavar="URL",
    help="Optuna storage that several machines can share, such as sqlite:///tuning.db or "
    "postgresql+psycopg://user:password@host/database.  [default: a journal file beside the runs]",
)
@EPOCHS
@SEED
@settings_option("Change a setting of the recipe; it is not searched then.")
@click.option(
    "--show",
    is_flag=True,
    help="Show the best ten trials, and train nothing. JSON and CSV have all trials.",
)
@ENGINE
@FORMAT
@QUIET
@RUNS
@schema_options
def command(
    data: Path,
    recipe: str,
    trials: int | None,
    budget: str | None,
    storage: str | None,
    epochs: int | None,
    seed: int,
    settings: tuple[str, ...],
    show: bool,
    engine: str,
    output_format: str,
    quiet: bool,
    runs: Path,
    **overrides: Any,
) -> None:
    """Search the settings of a recipe, and train with the best.

    Trials are scored on a part of the training rows; the validation rows, which compare runs,
    decide nothing. Hyperband prunes bad trials early. After Ctrl-C, a crash or a kill the same
    command continues. `pipeline models NAME` shows what is searched.

    The best becomes the run NAME-tuned; its path is the last line. A page shows all trials and
    which settings matter.

    \b
    Examples:
      pipeline tune data/digits --model fast --trials 40
      pipeline tune data/digits --model tuned --budget 30m
      pipeline tune data/digits --model fast --show
    """
    import pipeline as pp
    from pipeline.search.budget import Budget

    sweep = sweep_of(settings, {} if epochs is None else {"epochs": epochs})
    changes = {name: _one(name, values) for name, values in sweep.items()}
    same: dict[str, Any] = {"storage": storage, "seed": seed, "runs": runs, **changes}
    if show:
        _echo(pp.trials(data, recipe, **same), output_format)
        return
    began = click.get_current_context().meta[BEGAN]
    time_granted = Budget.start(budget, began) if budget else None
    competition = pp.load(data, **overrides)
    run = pp.tune(
        competition,
        recipe,
        trials=trials,
        budget=time_granted,
        engine=engine,
        progress=not quiet,
        **same,
    )
    page = pp.write_tuning_page(competition, recipe, **same)
    _echo(pp.trials(competition, recipe, **same), output_format)
    if output_format == "table":
        echo(f"\nAll trials: {page}")
        echo(f"\n{run.name}: {score_text(run.scores)}.")
        echo(run.folder)


def _one(name: str, values: list[Any]) -> Any:
    if len(values) > 1:
        raise PipelineError(f"--set {name} with {len(values)} values", expected="one value")
    return values[0]


def _echo(table: "pd.DataFrame", output_format: str) -> None:
    """Prints the best trials, or all of them as JSON or CSV."""
    if output_format != "table":
        echo_frame(table, output_format)
        return
    from pipeline.networks.space import short_name, text_of
    from pipeline.tuning.study import FACTS

    settings = [name for name in table.columns if name not in FACTS]
    names = [short_name(name).replace("_", " ") for name in settings]  # spaces can wrap
    header = ("trial", "state", "score %", "loss", "epochs", "seconds", *names)
    rows = [
        (
            str(row["trial"]),
            row["state"],
            percent(row["score"]),
            _number(row["loss"], ".4f"),
            _number(row["epochs"], "d"),
            _number(row["seconds"], ".1f"),
            *("" if row[name] is None else text_of(row[name]) for name in settings),
        )
        for row in table.head(SHOWN).astype(object).where(table.notna(), None).to_dict("records")
    ]
    echo_table(header, rows, left=("state",), optional=("epochs", "seconds", "loss"))


def _number(value: Any, form: str) -> str:
    return "" if value is None else format(value, form)
