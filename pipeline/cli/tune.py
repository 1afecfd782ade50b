"""pipeline tune"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.main import BEGAN
from pipeline.cli.options import (
    DATA,
    EPOCHS,
    FORMAT,
    QUIET,
    RUNS,
    SEED,
    Integer,
    engine_options,
    schema_options,
    settings_option,
    sweep_of,
)
from pipeline.cli.output import echo, echo_frame, echo_table, run_text
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 10  # trials
UNCOUNTED = ("failed", "interrupted")  # states; these settings are tried again
OPTIONAL = ("epochs", "seconds", "loss", "state")  # what a narrow terminal leaves out


@click.command()
@DATA
@click.option(
    "--model", "recipes", multiple=True, default=("fast",), show_default=True, help="A recipe."
)
@click.option(
    "--trials",
    type=Integer(1),
    metavar="N",
    help="Number of finished trials, those of earlier commands included: completed and pruned "
    "ones count, failed and interrupted ones do not.  [default: 40, or as many as the budget "
    "allows]",
)
@click.option(
    "--budget",
    metavar="TIME",
    help="Time for everything, such as 30m, with the training of the best settings.",
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
@engine_options
@FORMAT
@QUIET
@RUNS
@schema_options
def command(
    data: Path,
    recipes: tuple[str, ...],
    trials: int | None,
    budget: str | None,
    storage: str | None,
    epochs: int | None,
    seed: int,
    settings: tuple[str, ...],
    show: bool,
    engine: str,
    workers: int | None,
    address: str | None,
    gpus: float,
    output_format: str,
    quiet: bool,
    runs: Path,
    **overrides: Any,
) -> None:
    """Search the settings of a recipe, and train with the best.

    Trials are scored by the competition's metric on a part of the training rows. The validation
    rows, which compare runs, are not used. Hyperband prunes bad trials early. After Ctrl-C, a crash
    or a kill, the same command continues. `pipeline models NAME` shows the search space.

    The best becomes the run NAME-tuned; its path is the last line. A page shows all trials and
    which settings matter.

    \b
    Examples:
      pipeline tune data/digits --model fast --trials 40
      pipeline tune data/digits --model tuned --budget 30m
      pipeline tune data/digits --model fast --show
    """
    import pipeline as pp
    from pipeline.runs.folder import TUNED, tuning_page_path
    from pipeline.search.budget import Budget
    from pipeline.search.engine import EngineChoice

    recipe = _only(recipes)
    sweep = sweep_of(settings, {} if epochs is None else {"epochs": epochs})
    changes = {name: _one(name, values) for name, values in sweep.items()}
    same: dict[str, Any] = {"storage": storage, "seed": seed, "runs": runs, **changes}
    if show:
        competition = pp.load(data, **overrides) if data.is_dir() else data
        table = pp.trials(competition, recipe, **same)
        _warn_changed(table.attrs.get("changed", []))
        echo_trials(table, output_format)
        return
    choice = EngineChoice(engine, workers, address, gpus)
    began = click.get_current_context().meta[BEGAN]
    time_granted = Budget.start(budget, began) if budget else None
    competition = pp.load(data, **overrides)
    run = pp.tune(
        competition,
        recipe,
        trials=trials,
        budget=time_granted,
        engine=choice,
        progress=not quiet,
        **same,
    )
    echo_trials(pp.trials(competition, recipe, **same), output_format)
    if output_format == "table":
        page = tuning_page_path(run.folder.parent, run.name.removesuffix(TUNED))
        echo(f"\nAll trials: {page}")
        echo(f"\n{run.name}: {run_text(run)}.")
        echo(run.folder)


def _only(recipes: tuple[str, ...]) -> str:
    names = [name for each in recipes for name in each.split(",")]
    if len(names) > 1:
        raise PipelineError(
            f"--model {', '.join(names)}",
            expected="one recipe",
            remedy="Tune them one after another.",
        )
    return names[0]


def _one(name: str, values: list[Any]) -> Any:
    if len(values) > 1:
        raise PipelineError(f"--set {name} with {len(values)} values", expected="one value")
    return values[0]


def _warn_changed(changed: list[str]) -> None:
    """Warns that the same command would not continue the trials that are shown."""
    if changed:
        echo("Warning: these trials were made with other data, rows or metric:", err=True)
        for line in changed:
            echo(f"  {line}", err=True)


def echo_trials(table: "pd.DataFrame", output_format: str = "table") -> None:
    """Prints the best trials, or all of them as JSON or CSV."""
    if output_format != "table":
        echo_frame(table, output_format)
        return
    from pipeline.metrics.metric import LOG_LOSS, METRICS
    from pipeline.networks.space import short_name, text_of
    from pipeline.tuning.summary import FACTS

    metric = METRICS[table.attrs["metric"]]
    counted = table[~table["state"].isin(UNCOUNTED)]
    shown = (table if counted.empty else counted).head(SHOWN)
    shown = shown.astype(object).where(shown.notna(), None)
    columns = {
        "trial": [*map(str, shown["trial"])],
        "state": [*shown["state"]],
        metric.column: _texts(shown["score"], metric.text),
        "loss": _texts(shown["loss"], "{:.4f}".format),
        "epochs": _texts(shown["epochs"], str),
        "seconds": _texts(shown["seconds"], "{:.1f}".format),
        **{short_name(name).replace("_", " "): _texts(shown[name], text_of)
           for name in table.columns if name not in FACTS},
    }  # fmt: skip
    if metric is LOG_LOSS:
        del columns["loss"]
    rows = [*zip(*columns.values(), strict=True)]
    echo_table([*columns], rows, left=("state",), optional=OPTIONAL)


def _texts(values: "pd.Series[Any]", text: Callable[[Any], str]) -> list[str]:
    return ["" if value is None else text(value) for value in values]
