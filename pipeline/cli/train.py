"""pipeline train"""

from pathlib import Path
from typing import Any

import click

from pipeline.cli.leaderboard import echo_leaderboard
from pipeline.cli.main import BEGAN
from pipeline.cli.options import (
    BUDGET,
    DATA,
    EPOCHS,
    QUIET,
    RUNS,
    SEED,
    Integer,
    engine_options,
    schema_options,
    settings_option,
    sweep_of,
)
from pipeline.errors import PipelineError


@click.command()
@DATA
@click.option("--model", "recipes", multiple=True, help="A recipe. Repeat for more recipes.")
@EPOCHS
@SEED
@click.option(
    "--replicates",
    type=Integer(1, 1000),
    default=1,
    help="Number of runs per setting, with consecutive seeds.",
)
@click.option(
    "--folds",
    type=Integer(2),
    metavar="K",
    help="Cross-validate: train on K folds, so that every training row is scored.",
)
@BUDGET
@click.option(
    "--plan",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Repeat the trainings of a budget: the plan-....json that it left beside the runs.",
)
@click.option("--weights", help="Backbone weights: imagenet, none, or a file.")
@click.option(
    "--precision",
    type=click.Choice(["auto", "float32", "bfloat16"]),
    help="Numeric precision; published recipes use float32, the project's own auto.",
)
@settings_option("Change a setting of the recipe. NAME=A,B,C makes one run per value.")
@click.option("--fresh", is_flag=True, help="Retrain existing runs.")
@engine_options
@QUIET
@RUNS
@schema_options
def command(
    data: Path,
    recipes: tuple[str, ...],
    epochs: int | None,
    seed: int,
    replicates: int,
    folds: int | None,
    budget: str | None,
    plan: Path | None,
    weights: str | None,
    precision: str | None,
    settings: tuple[str, ...],
    fresh: bool,
    engine: str,
    workers: int | None,
    address: str | None,
    gpus: float,
    quiet: bool,
    runs: Path,
    **overrides: Any,
) -> None:
    """Train recipes and show the leaderboard. Finished runs are reused.

    \b
    Examples:
      pipeline train data/digits --model conv --model augmented --epochs 20
      pipeline train --model dense-500-300 --set l2=1e-6,1e-4 --replicates 3
      pipeline train data/digits --budget 10m
    """
    import pipeline as pp
    from pipeline.search.budget import Budget
    from pipeline.search.engine import EngineChoice

    short = {"epochs": epochs, "backbone.weights": weights, "precision": precision}
    sweep = sweep_of(settings, {name: value for name, value in short.items() if value is not None})
    own = sweep or recipes or folds or seed or replicates > 1 or fresh
    if (budget or plan) and (own or (budget and plan)):
        raise PipelineError(
            f"{'--budget' if budget else '--plan'} with other settings of the training",
            expected="none",
            remedy="A budget chooses recipes, folds, epochs and seeds itself; a plan has them. "
            "Leave out options such as --model, --epochs, --set, --folds and --seed.",
        )
    choice = EngineChoice(engine, workers, address, gpus)
    time_granted = Budget.start(budget, click.get_current_context().meta[BEGAN]) if budget else None
    competition = pp.load(data, **overrides)
    if time_granted:
        pp.train_for(competition, time_granted, runs=runs, engine=choice, progress=not quiet)
    elif plan:
        pp.train_plan(competition, plan, runs=runs, engine=choice, progress=not quiet)
    else:
        pp.train_all(
            competition,
            recipes or None,
            sweep=sweep,
            seeds=range(seed, seed + replicates),
            folds=folds,
            runs=runs,
            fresh=fresh,
            engine=choice,
            progress=not quiet,
        )
    echo_leaderboard(competition, runs)
