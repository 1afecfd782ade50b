"""A training session: which runs are asked for, which of them are there, and which to make."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from pipeline.data.competition import Competition
from pipeline.data.splits import hold_out
from pipeline.errors import PipelineError
from pipeline.models import find_recipe
from pipeline.models.recipe import change
from pipeline.runs.leaderboard import refuse_mixed
from pipeline.runs.run import RECORD, Run, list_runs, load_run
from pipeline.training.train import Plan, train


def train_all(
    competition: Competition,
    folder: Path,
    names: Sequence[str],
    changes: Mapping[str, str],
    seed: int = 0,
    fresh: bool = False,
) -> list[Run]:
    """Trains recipes by name on the competition's split; finished runs are reused.

    Args:
        folder: the competition's runs.
        changes: recipe settings as text, see `change`.
        fresh: train again what is finished.

    Raises:
        PipelineError: a recipe or setting is unknown, or the folder holds runs of other data.
    """
    settings = competition.settings
    split = hold_out(
        competition.train_pixels, competition.labels, settings.validation, settings.split_seed
    )
    plans = {}
    for name in names:
        recipe = change(find_recipe(name), changes)
        plans[run_name(name, changes, seed)] = Plan(competition, split, recipe, seed)
    origin = competition.fingerprint, split.fingerprint
    refuse_mixed([run for run in list_runs(folder) if not (fresh and run.name in plans)], origin)
    for note in split.notes:
        click.echo(f"Note: {note}.", err=True)
    return [_reuse_or_train(plan, folder / name, fresh) for name, plan in plans.items()]


def run_name(recipe: str, changes: Mapping[str, str], seed: int) -> str:
    """The run's folder: the recipe, and what differs from it."""
    short = {name: Path(text).stem if "/" in text else text for name, text in changes.items()}
    parts = [f"{name}={text}" for name, text in sorted(short.items())]
    return "-".join([recipe, *parts, *([f"seed={seed}"] if seed else [])])


def _reuse_or_train(plan: Plan, folder: Path, fresh: bool) -> Run:
    if fresh or not (folder / RECORD).exists():
        return train(plan, folder)
    run = load_run(folder)
    if run.record["recipe"] != plan.recipe.settings():
        raise PipelineError(
            f"{folder} was trained with other settings of the recipe {plan.recipe.name!r} than "
            "it has now. Train it again with --fresh, or move the folder away."
        )
    click.echo(f"{run.name}: finished before, reused", err=True)
    return run
