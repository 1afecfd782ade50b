"""Recipes x settings x seeds -> jobs."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.competition.folds import Fold
from pipeline.errors import PipelineError
from pipeline.networks.published import Published
from pipeline.networks.recipe import Recipe
from pipeline.recipes import ensembles, find_recipe
from pipeline.training.job import Job, differing, make_job, run_name


@dataclass(frozen=True)
class CombinedJob:
    """Jobs whose runs are combined.

    Attributes:
        name: name of the run that it makes.
        recipe: name of a recipe or ensemble.
        members: jobs that differ by seed, or one for each fold.
        folds: whether the members are the folds of a cross-validation.
        published: published score of the combination.
    """

    name: str
    recipe: str
    seed: int
    members: tuple["AnyJob", ...]
    folds: bool = False
    published: Published | None = None


AnyJob = Job | CombinedJob


def make_grid(
    recipes: Sequence[str | Recipe],
    folds: Sequence[Fold],
    sweep: Mapping[str, Sequence[Any]] | None = None,
    seeds: Sequence[int] = (0,),
) -> list[AnyJob]:
    """One job for each combination of a recipe, values of its settings, and a seed.

    Args:
        recipes: names of recipes and ensembles of the registry, or recipes.
        folds: the rows that train and that validate; several are a cross-validation.
        sweep: the values, or their text, of each setting that is changed.

    Raises:
        PipelineError: a recipe or setting is unknown, or a value is not valid.
    """
    sweep = sweep or {}
    for name, values in sweep.items():
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise PipelineError(f"{name} = {values!r}", where="sweep", expected="a list of values")
    combinations = [
        dict(zip(sweep, values, strict=True)) for values in itertools.product(*sweep.values())
    ]
    return [
        _job(recipe, changes, seed, folds)
        for recipe, changes, seed in itertools.product(dict.fromkeys(recipes), combinations, seeds)
    ]


def trainings_of(job: AnyJob) -> tuple[Job, ...]:
    """The job itself, or the trainings of a combined job."""
    if isinstance(job, Job):
        return (job,)
    return tuple(each for member in job.members for each in trainings_of(member))


def combinations_of(job: AnyJob) -> tuple[CombinedJob, ...]:
    """The combined jobs within a job and itself, members first."""
    if isinstance(job, Job):
        return ()
    return (*(each for member in job.members for each in combinations_of(member)), job)


def _job(
    recipe: str | Recipe, changes: Mapping[str, Any], seed: int, folds: Sequence[Fold]
) -> AnyJob:
    if len(folds) == 1:
        return _job_of_fold(recipe, changes, seed, folds[0])
    members = tuple(_job_of_fold(recipe, changes, seed, fold) for fold in folds)
    name, published, own = _describe(recipe)
    full_name = run_name(name, differing(own, own.change(**changes)), seed)
    return CombinedJob(
        f"{full_name}-folds={len(folds)}", name, seed, members, folds=True, published=published
    )


def _job_of_fold(recipe: str | Recipe, changes: Mapping[str, Any], seed: int, fold: Fold) -> AnyJob:
    name, published, own = _describe(recipe)
    ensemble = ensembles().get(name) if isinstance(recipe, str) else None
    if ensemble is None:
        return make_job(own, changes, seed, fold)
    seeds = range(seed, seed + ensemble.size)
    members = tuple(make_job(own, changes, each, fold) for each in seeds)
    full_name = run_name(name, differing(own, own.change(**changes)), seed, fold.name)
    return CombinedJob(full_name, name, seed, members, published=published)


def _describe(recipe: str | Recipe) -> tuple[str, Published | None, Recipe]:
    """Name and published score of a recipe or ensemble; the recipe that trains."""
    if isinstance(recipe, Recipe):
        return recipe.name, recipe.published, recipe
    if ensemble := ensembles().get(recipe):
        return recipe, ensemble.published, find_recipe(ensemble.member)
    found = find_recipe(recipe)
    return recipe, found.published, found
