"""A job: what an engine runs. One recipe, one seed, one fold, one name."""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline import config
from pipeline.competition.competition import Competition
from pipeline.competition.folds import HOLD_OUT, Fold
from pipeline.config import MAX_NAME
from pipeline.errors import PipelineError
from pipeline.networks.backbone import weights_hash
from pipeline.networks.backend import keras, resolve_precision
from pipeline.networks.build import Network, build, settling_steps
from pipeline.networks.recipe import FIXED, Recipe
from pipeline.networks.saving import architecture_hash
from pipeline.runs.record import Identity
from pipeline.training.pace import Pace

MAX_SEED = 2**32 - 1  # NumPy takes 32 bits


@dataclass(frozen=True)
class Job:
    """One training.

    Attributes:
        name: name of the run that it makes.
        recipe: with all changes made, and its precision resolved.
        seed: random seed of weights, order, augmentation and dropout.
        fold: the rows that train and that validate.
        deadline: Unix time at which its last epoch should have ended. The number of epochs is
            then chosen while it trains.
        at_most: whether there are never more epochs than those of the recipe, even if the
            deadline allows more.
    """

    name: str
    recipe: Recipe
    seed: int
    fold: Fold
    deadline: float | None = None
    at_most: bool = False

    @property
    def warm_up_epochs(self) -> int:
        return self.recipe.backbone.warm_up_epochs if self.recipe.backbone else 0

    @property
    def epochs(self) -> int:
        """The maximum number of epochs, with warm-up epochs."""
        return self.warm_up_epochs + self.recipe.epochs_for(len(self.fold.train))

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(len(self.fold.train) / self.recipe.batch_size)

    @property
    def steps(self) -> int:
        """The maximum number of training steps."""
        return self.epochs * self.steps_per_epoch

    @property
    def timed(self) -> bool:
        """Whether a deadline decides the number of epochs, or decided it."""
        return self.deadline is not None or bool(self.recipe.pace)

    def pace(self) -> Pace:
        """The pace of its epochs after the warm-up."""
        epochs = self.epochs - self.warm_up_epochs
        return Pace(epochs, self.recipe.pace, self.deadline, epochs if self.at_most else None)

    def as_trained(self, pace: Pace) -> "Job":
        """The job without a deadline that repeats a training of this one.

        Args:
            pace: the one that the training had.
        """
        if self.deadline is None:
            return self
        recipe = replace(self.recipe, epochs=pace.epochs, pace=pace.ends, min_steps=0)
        return replace(self, recipe=recipe, deadline=None)

    def plan(self) -> str:
        """How long it trains on its rows, in words, and whether that may be too short."""
        if self.deadline is not None:
            return f"epochs of {_count(self.steps_per_epoch, 'step')}, as many as the time allows"
        recipe, longest = self.recipe, self.epochs - self.warm_up_epochs
        text = f"{_count(self.epochs, 'epoch')} of {_count(self.steps_per_epoch, 'step')}"
        if recipe.early_stopping is not None:
            text = f"at most {text}"
        if longest > recipe.epochs:
            text += f", not {recipe.epochs}, to make {recipe.min_steps:,} steps"
        if recipe.published and self.steps < (enough := settling_steps(recipe)):
            text += (
                f". Its batch normalization needs about {_count(enough, 'step')} until validation "
                "accuracy means something"
            )
        return text

    def build(self, competition: Competition, pretrained: bool = True) -> Network:
        """The network that it trains."""
        # The steps of a timed training are not known beforehand.
        return build_for(self.recipe, competition, pretrained, None if self.timed else self.steps)

    def identity(self, competition: Competition) -> Identity:
        """Everything that changes the result of this job on that competition.

        Raises:
            PipelineError: pretrained weights are unavailable.
        """
        settings = config.flatten(self.recipe, without=FIXED)
        if self.recipe.hidden is None:
            del settings["hidden"]  # runs of recipes without it are older than the setting
        path = settings.pop("backbone.weights", None)  # the content counts, not the path
        return Identity(
            recipe=self.recipe.name,
            settings=settings,
            seed=self.seed,
            data=competition.fingerprint,
            fold=self.fold.digest,
            backend=keras.backend.backend(),
            architecture=architecture_hash(self.build(competition, pretrained=False).model),
            weights=None if path is None else weights_hash(path),
        )


def make_job(recipe: Recipe, changes: Mapping[str, Any], seed: int, fold: Fold) -> Job:
    """A job for a recipe of the registry with some settings changed.

    Args:
        changes: values or their text by setting, see `Recipe.change`.

    Raises:
        PipelineError: a change is not valid.
    """
    if not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise PipelineError(f"seed {seed}", expected=f"an integer in 0..{MAX_SEED}")
    changed = recipe.change(**changes)
    name = run_name(recipe.name, differing(recipe, changed), seed, fold.name)
    return Job(name, replace(changed, precision=resolve_precision(changed.precision)), seed, fold)


def build_for(
    recipe: Recipe,
    competition: Competition,
    pretrained: bool = True,
    steps: int | None = None,
) -> Network:
    """The recipe's network for the images and classes of a competition, see `build`."""
    schema = competition.schema
    shape, classes = recipe.image_shape(schema.shape), len(competition.classes)
    return build(recipe, shape, classes, schema.low, schema.high, pretrained, steps)


def differing(recipe: Recipe, changed: Recipe) -> dict[str, Any]:
    """The settings that were changed, as a run's name shows them."""
    found = config.differences(recipe, changed)
    if "epochs" in found and not changed.min_steps:
        found.pop("min_steps", None)  # follows from the epochs
    weights = found.get("backbone.weights")
    if weights not in (None, "imagenet", "none"):
        digest = weights_hash(weights) or ""
        stem = re.sub(r"[^\w.]", "_", Path(weights).stem)[:40]
        found["backbone.weights"] = f"{stem}@{digest[:8]}"
    return found


def run_name(
    recipe: str,
    changes: Mapping[str, Any],
    seed: int = 0,
    fold: str = HOLD_OUT,
    longest: int = MAX_NAME,
) -> str:
    """A run's name: the recipe, the changed settings, the fold and the seed if they are others.

    A name of more than `longest` characters ends with a hash of the settings instead.
    """
    parts = [f"{name}={_text(value)}" for name, value in sorted(changes.items())]
    end = [f"fold={fold}"] if fold != HOLD_OUT else []
    end += [f"seed={seed}"] if seed else []
    name = "-".join([recipe, *parts, *end])
    if len(name) <= longest:
        return name
    digest = hashlib.sha256("-".join(parts).encode()).hexdigest()[:8]
    end = [digest, *end]
    while parts and len("-".join([recipe, *parts, *end])) > longest:
        parts.pop()
    return "-".join([recipe, *parts, *end])


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _text(value: Any) -> str:
    """As the command line has it: none, true, 20, 0.001, 1e-06."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
