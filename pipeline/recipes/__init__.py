"""Recipes, one file for each family.

A module in this folder with a list RECIPES (and perhaps ENSEMBLES) is a family. A new recipe is an
entry of such a list; the command line, the tests and the leaderboard find it.
"""

import importlib
import pkgutil
from functools import cache
from types import ModuleType
from typing import Any

import pipeline.networks.backend  # noqa: F401  first, because it silences the other imports
from pipeline.errors import PipelineError, suggest
from pipeline.networks.recipe import EnsembleRecipe, Recipe

DEFAULTS = ("dense", "fast")
"""What is trained if no recipe is named: a baseline, and a fast, accurate model."""


@cache
def recipes() -> dict[str, Recipe]:
    """Every recipe by name, family by family."""
    return {recipe.name: recipe for recipe in _collect("RECIPES")}


@cache
def ensembles() -> dict[str, EnsembleRecipe]:
    """Every ensemble of one recipe, by name."""
    return {ensemble.name: ensemble for ensemble in _collect("ENSEMBLES")}


def find_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        PipelineError: there is no such recipe.
    """
    if name not in recipes():
        known = [*recipes(), *ensembles()]
        close = suggest(name, known)
        raise PipelineError(
            f"there is no recipe {name!r}",
            expected=None if close else f"one of {', '.join(known)}",
            remedy=f"{close} `pipeline models` lists all recipes.".strip(),
        )
    return recipes()[name]


def _collect(kind: str) -> list[Any]:
    """All entries of the families' lists of that name.

    Raises:
        PipelineError: a module cannot be imported, or two entries have the same name.
    """
    entries: dict[str, Any] = {}
    files: dict[str, str] = {}
    for module in pkgutil.iter_modules(__path__):
        for entry in getattr(_import(module.name), kind, ()):
            if entry.name in entries:
                raise PipelineError(
                    f"two {kind} have the name {entry.name!r}",
                    where=f"{files[entry.name]} and {_path(module.name)}",
                    remedy="Rename one of them.",
                )
            entries[entry.name], files[entry.name] = entry, _path(module.name)
    return list(entries.values())


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"{__name__}.{name}")
    except PipelineError:
        raise
    except Exception as error:
        raise PipelineError(
            f"{type(error).__name__}: {error}",
            where=_path(name),
            expected="a module with a list RECIPES",
            remedy="Correct the file. --debug shows the traceback.",
        ) from error


def _path(name: str) -> str:
    return f"pipeline/recipes/{name}.py"
