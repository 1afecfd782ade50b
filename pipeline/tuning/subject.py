"""The subject of a tuning: a recipe with its changes, and the settings to search."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline import config
from pipeline.config import MAX_NAME
from pipeline.errors import PipelineError
from pipeline.networks.recipe import Recipe
from pipeline.networks.space import Range, Space
from pipeline.recipes import ensembles, find_recipe, recipes
from pipeline.runs.folder import TUNED, journal_path
from pipeline.training.job import differing, run_name
from pipeline.tuning.study import Place


@dataclass(frozen=True)
class Subject:
    """What is tuned.

    Attributes:
        name: name of the recipe with its changes, the settings that are given instead of searched,
            and the seed, as in the name of a run.
        recipe: the recipe with its changes; its space has the settings to search.
        seed: seed of the trials and of the last training.
    """

    name: str
    recipe: Recipe
    seed: int

    @property
    def space(self) -> Space:
        assert self.recipe.space is not None
        return self.recipe.space

    def place(self, competition: str, folder: Path, url: str | None) -> Place:
        """Where its study is.

        Args:
            folder: the competition's runs.
            url: of a storage, if it is not the journal in that folder.
        """
        if url is not None and "://" not in url:
            raise PipelineError(f"storage {url!r}", expected="a URL, such as sqlite:///tuning.db")
        return Place(f"{competition}/{self.name}", journal_path(folder, self.name), url)


def make_subject(recipe: str | Recipe, changes: Mapping[str, Any], seed: int) -> Subject:
    """A recipe to tune. Settings that are changed are not searched.

    Raises:
        PipelineError: the recipe is unknown or has no space, or a value is not valid, or it
            refuses a value of its space.
    """
    if isinstance(recipe, str) and recipe in ensembles():
        raise PipelineError(
            f"{recipe} is an ensemble", remedy=f"Tune its members: {ensembles()[recipe].member}."
        )
    own = find_recipe(recipe) if isinstance(recipe, str) else recipe
    if own.space is None:
        raise PipelineError(
            "it has no search space",
            where=f"recipe {own.name!r}",
            expected="one of " + ", ".join(each.name for each in recipes().values() if each.space),
        )
    changed, searched = own.change(**changes), own.space.ranges
    for name, each in searched.items():
        if not _accepts(name, each, changed):
            _check_range(name, each, own)
    given = {name for name in searched if {name, _part(name)} & changes.keys()}
    ranges = {
        name: each
        for name, each in searched.items()
        if name not in given and _has_effect(name, each, changed)
    }
    if not ranges:
        raise PipelineError("all settings are given; nothing is left to search", where=own.name)
    fixed = {name: each for name, each in config.flatten(changed).items() if name in given}
    named = fixed | differing(own, changed)
    name = run_name(own.name, named, seed, longest=MAX_NAME - len(TUNED))
    space = replace(own.space, ranges=ranges)
    return Subject(name, replace(changed, space=space), seed)


def _part(setting: str) -> str:
    """ "augmentation.rotation" -> "augmentation"."""
    return setting.partition(".")[0]


def _check_range(setting: str, searched: Range, recipe: Recipe) -> None:
    """Raises PipelineError if the recipe refuses a value of the range."""
    for bound in searched.bounds():
        recipe.change(**{setting: bound})


def _accepts(setting: str, searched: Range, recipe: Recipe) -> bool:
    try:
        _check_range(setting, searched, recipe)
    except PipelineError:
        return False
    return True


def _has_effect(setting: str, searched: Range, recipe: Recipe) -> bool:
    """Whether a searched setting still has an effect when the recipe is changed."""
    if not _accepts(setting, searched, recipe):
        return False
    plain = recipe.final_unaugmented_epochs >= recipe.epochs and not recipe.min_steps
    return not (plain and _part(setting) == "augmentation")
