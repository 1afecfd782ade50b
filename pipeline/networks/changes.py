"""Settings of a recipe changed by text, as the command line gives it."""

import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from pipeline.errors import PipelineError, nearest
from pipeline.images.augmentation import FILLS, INTERPOLATIONS
from pipeline.networks.recipe import WITH_MOMENTUM, Base, Recipe

FIXED = ("name", "origin", "layers", "published")
CHOICES = {
    "optimizer": ("adadelta", "adam", "adamw", "lion", "nadam", "rmsprop", "sgd"),
    "keep": ("best", "last"),
    "precision": ("auto", "float32", "bfloat16"),
    "schedule": ("constant", "one-cycle"),
    "views": ("1", "5", "9"),
    "channels": ("1", "3", "none"),
    "plateau.monitor": ("val_loss", "val_accuracy", "loss", "accuracy"),
    "augmentation.fill": tuple(FILLS),
    "augmentation.interpolation": ("auto", *INTERPOLATIONS),
    "base.frozen_until": ("none", *(f"block{block}_pool" for block in range(1, 6))),
}
# The least that a number may be, and what it must be below, where not (0, infinity).
LIMITS = {
    "epochs": (1, math.inf),
    "batch_size": (1, math.inf),
    "min_side": (1, math.inf),
    "momentum": (0, 1),
    "plateau.factor": (0, 1),
}


def change(recipe: Recipe, changes: Mapping[str, str]) -> Recipe:
    """The recipe with fields set from text: {"epochs": "5", "augmentation.rotation": "20"}.

    "none" takes an optional part away. Epochs that are asked for are the most there will be.

    Raises:
        PipelineError: there is no such field, the text is no value for it, or it would change
            nothing.
    """
    changed = recipe
    for name, text in changes.items():
        changed = _set(changed, recipe.name, name.split("."), name, text)
    if "epochs" in changes and "min_steps" not in changes:
        changed = replace(changed, min_steps=0)
    _refuse_idle(recipe, changed, changes)
    return changed


def _refuse_idle(recipe: Recipe, changed: Recipe, changes: Mapping[str, str]) -> None:
    """Refuses settings that would change nothing, or leave another nothing to do."""
    if "l2" in changes and not recipe.l2:
        raise PipelineError(
            f"The recipe {recipe.name!r} has no L2 penalty in its layers: l2 would change nothing. "
            "Name another recipe, or another setting."
        )
    if "momentum" in changes and changed.optimizer not in WITH_MOMENTUM:
        raise PipelineError(
            f"The recipe {recipe.name!r} is trained with {changed.optimizer}, which has no "
            f"momentum to set. Of the optimizers {' and '.join(WITH_MOMENTUM)} have one."
        )
    if changed.schedule == "one-cycle" and changed.plateau:
        raise PipelineError(
            f"The recipe {recipe.name!r} lowers its learning rate on a plateau, which one-cycle "
            "leaves no room for. Add --set plateau=none, or leave the schedule constant."
        )


def _set(part: Any, recipe_name: str, path: list[str], name: str, text: str) -> Any:
    """The part (a recipe, or a dataclass in it) with the field at the end of the path set."""
    first, rest = path[0], path[1:]
    kinds = typing.get_type_hints(type(part))
    known = [field.name for field in fields(part) if field.name not in FIXED]
    if first not in known:
        raise PipelineError(
            f"The recipe {recipe_name!r} has no setting {name!r}.{nearest(first, known)} "
            f"There are: {', '.join(known)}."
        )
    options = typing.get_args(kinds[first]) or (kinds[first],)
    if not rest:
        return replace(part, **{first: _value(options, name, text)})
    inner = getattr(part, first)
    if not is_dataclass(inner):
        inner = _new_part(options, recipe_name, name)
    return replace(part, **{first: _set(inner, recipe_name, rest, name, text)})


def _new_part(options: tuple[Any, ...], recipe_name: str, name: str) -> Any:
    """A part that the recipe has not had: an augmentation or a plateau, with their defaults."""
    kind = next((option for option in options if is_dataclass(option)), None)
    if kind is None or kind is Base:
        raise PipelineError(f"The recipe {recipe_name!r} has nothing of which to set {name!r}.")
    make: Callable[[], Any] = typing.cast(Any, kind)
    return make()


def _value(options: tuple[Any, ...], name: str, text: str) -> Any:
    """The text as a value of one of the types."""
    if name in CHOICES and text not in CHOICES[name]:
        raise PipelineError(f"--set {name}={text}: expected one of {', '.join(CHOICES[name])}.")
    if text.lower() == "none" and types.NoneType in options:
        return None
    kind = next((kind for kind in (int, float, str) if kind in options), None)
    least, limit = LIMITS.get(name, (0, math.inf))
    try:
        value = kind(text) if kind else None
    except ValueError:
        value = None
    if isinstance(value, str) or (value is not None and least <= value < limit):
        return value
    numbers = {int: "a whole number", float: "a number"}
    expected = "'none', or a setting of its own after a dot"
    if kind in numbers:
        expected = f"{numbers[kind]} of at least {least}"
        expected += f" and below {limit}" if limit < math.inf else ""
    raise PipelineError(f"--set {name}={text}: expected {expected}.")
