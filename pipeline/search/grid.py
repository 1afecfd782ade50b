"""Recipes x settings x seeds -> jobs."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.competition.folds import Fold
from pipeline.networks.recipe import EnsembleRecipe, Recipe
from pipeline.recipes import ensembles, find_recipe
from pipeline.training.job import Job, differing, make_job, run_name


@dataclass(frozen=True)
class EnsembleJob:
    """An ensemble of runs of one recipe.

    Attributes:
        name: name of the run that it makes.
        members: jobs that differ by seed.
    """

    name: str
    recipe: EnsembleRecipe
    seed: int
    members: tuple[Job, ...]


def make_grid(
    recipes: Sequence[str | Recipe],
    fold: Fold,
    sweep: Mapping[str, Sequence[Any]] | None = None,
    seeds: Sequence[int] = (0,),
) -> list[Job | EnsembleJob]:
    """One job for each combination of a recipe, values of its settings, and a seed.

    Args:
        recipes: names of recipes and ensembles of the registry, or recipes.
        fold: the rows that train and that validate.
        sweep: the values, or their text, of each setting that is changed.

    Raises:
        PipelineError: a recipe or setting is unknown, or a value is not valid.
    """
    sweep = sweep or {}
    combinations = [
        dict(zip(sweep, values, strict=True)) for values in itertools.product(*sweep.values())
    ]
    return [
        _job(recipe, changes, seed, fold)
        for recipe, changes, seed in itertools.product(dict.fromkeys(recipes), combinations, seeds)
    ]


def trainings_of(job: Job | EnsembleJob) -> tuple[Job, ...]:
    """The job itself, or the members of an ensemble."""
    return job.members if isinstance(job, EnsembleJob) else (job,)


def _job(
    recipe: str | Recipe, changes: Mapping[str, Any], seed: int, fold: Fold
) -> Job | EnsembleJob:
    if isinstance(recipe, Recipe):
        return make_job(recipe, changes, seed, fold)
    ensemble = ensembles().get(recipe)
    if ensemble is None:
        return make_job(find_recipe(recipe), changes, seed, fold)
    name, recipe = recipe, find_recipe(ensemble.member)
    seeds = range(seed, seed + ensemble.size)
    members = tuple(make_job(recipe, changes, each, fold) for each in seeds)
    full_name = run_name(name, differing(recipe, recipe.change(**changes)), seed, fold.name)
    return EnsembleJob(full_name, ensemble, seed, members)
