"""Recipes, one file a family: a module here with RECIPES is a family, and needs no other edit."""

import importlib
import pkgutil
from functools import cache

import pipeline.models.backend  # noqa: F401  first of all, for it silences the others' imports
from pipeline.errors import PipelineError, nearest
from pipeline.models.recipe import Recipe

DEFAULTS = ("dense", "conv", "augmented")


@cache
def recipes() -> dict[str, Recipe]:
    """Every recipe by its name, family by family."""
    found: dict[str, Recipe] = {}
    for module in pkgutil.iter_modules(__path__):
        family = importlib.import_module(f"{__name__}.{module.name}")
        for recipe in getattr(family, "RECIPES", ()):
            assert recipe.name not in found, f"two recipes are named {recipe.name}"
            found[recipe.name] = recipe
    return found


def find_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        PipelineError: there is none.
    """
    if name not in recipes():
        raise PipelineError(
            f"There is no recipe {name!r}.{nearest(name, recipes())} "
            f"Choose from: {', '.join(recipes())}."
        )
    return recipes()[name]
