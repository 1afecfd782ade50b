"""Recipes, one file a family: a module here with RECIPES is a family, and needs no other edit."""

import importlib
import pkgutil
from functools import cache
from typing import Any

import pipeline.networks.backend  # noqa: F401  first of all, for it silences the others' imports
from pipeline.errors import PipelineError, nearest
from pipeline.networks.recipe import EnsembleRecipe, Recipe

DEFAULTS = ("dense", "fast")


@cache
def recipes() -> dict[str, Recipe]:
    """Every recipe by its name, family by family."""
    return {recipe.name: recipe for recipe in _collect("RECIPES")}


@cache
def ensembles() -> dict[str, EnsembleRecipe]:
    """Every committee of one recipe, by its name."""
    return {committee.name: committee for committee in _collect("ENSEMBLES")}


def find_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        PipelineError: there is none.
    """
    if name not in recipes():
        known = [*recipes(), *ensembles()]
        raise PipelineError(
            f"There is no recipe {name!r}.{nearest(name, known)} Choose from: {', '.join(known)}."
        )
    return recipes()[name]


def _collect(what: str) -> list[Any]:
    """All entries of the families' lists of that name.

    Raises:
        ValueError: two of them have one name.
    """
    families = [
        importlib.import_module(f"{__name__}.{module.name}")
        for module in pkgutil.iter_modules(__path__)
    ]
    found = [entry for family in families for entry in getattr(family, what, ())]
    names = [entry.name for entry in found]
    if len(set(names)) < len(names):
        raise ValueError(f"two {what} have one name: {sorted(names)}")
    return found
