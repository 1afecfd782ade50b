"""What is tuned: a recipe with its changes, and what is left to search."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline import config
from pipeline.errors import PipelineError
from pipeline.networks.recipe import Recipe
from pipeline.networks.space import Space
from pipeline.recipes import ensembles, find_recipe, recipes
from pipeline.runs.folder import journal_path
from pipeline.training.job import differing, run_name
from pipeline.tuning.study import Place


@dataclass(frozen=True)
class Subject:
    """What is tuned.

    Attributes:
        name: of the recipe, with its changes and the seed, as in the name of a run.
        recipe: with its changes; its space has what is searched.
        seed: of the trials, and of the last training.
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
    """A recipe to tune, with some settings changed, which are not searched then.

    Raises:
        PipelineError: the recipe is unknown or has no space, or a value is not valid.
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
    changed = own.change(**changes)
    ranges = {
        name: each
        for name, each in own.space.ranges.items()
        if not {name, name.partition(".")[0]} & changes.keys()
    }
    for name in list(ranges):
        try:
            for bound in ranges[name].bounds():
                changed.change(**{name: bound})
        except PipelineError:
            if not changes:
                raise
            del ranges[name]  # it has no effect any more
    if not ranges:
        raise PipelineError("all settings are given; nothing is left to search", where=own.name)
    given = {name: value for name, value in config.flatten(changed).items() if name in changes}
    name = run_name(own.name, given | differing(own, changed), seed)
    space = replace(own.space, ranges=ranges)
    return Subject(name, replace(changed, space=space), seed)
