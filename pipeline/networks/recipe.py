"""The Recipe dataclass: everything that defines a model and its training."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from msgspec import Meta

from pipeline import config
from pipeline.errors import PipelineError
from pipeline.images.augmentation import Augmentation
from pipeline.networks.published import Published
from pipeline.networks.space import Space

Count = Annotated[int, Meta(ge=1)]
NonNegativeInt = Annotated[int, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0, lt=config.UNLIMITED)]
NonNegative = Annotated[float, Meta(ge=0, lt=config.UNLIMITED)]
BelowOne = Annotated[float, Meta(ge=0, lt=1)]
Share = Annotated[float, Meta(gt=0, le=1)]

NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)  # it is the name of a folder
FIXED = ("name", "origin", "layers", "published", "space")  # not settings
WITH_MOMENTUM = ("rmsprop", "sgd")  # the optimizers of Keras that have one


@dataclass(frozen=True)
class Plateau:
    """Keras' ReduceLROnPlateau: lowers the learning rate when training no longer improves.

    Attributes:
        monitor: what has to improve.
        factor: what the learning rate is multiplied by.
        patience: number of epochs without improvement before that.
        min_learning_rate: lower limit of the learning rate.
    """

    monitor: Literal["val_loss", "val_accuracy", "loss", "accuracy"] = "val_loss"
    factor: BelowOne = 0.1
    patience: NonNegativeInt = 5
    min_learning_rate: NonNegative = 0.0

    def __post_init__(self) -> None:
        config.check(self)


@dataclass(frozen=True)
class Backbone:
    """A VGG16 without its head (include_top=False), below the recipe's own layers.

    Attributes:
        frozen_until: layers up to this one keep their weights; None trains all of them.
        warm_up_epochs: first epochs, in which only the recipe's own layers are trained.
        warm_up_learning_rate: learning rate of these epochs.
        weights: "imagenet", "none", or the path of a weights file for VGG16
            without its head.
    """

    frozen_until: (
        Literal["block1_pool", "block2_pool", "block3_pool", "block4_pool", "block5_pool"] | None
    ) = "block5_pool"
    warm_up_epochs: NonNegativeInt = 0
    warm_up_learning_rate: Positive = 1e-3
    weights: str = "imagenet"

    def __post_init__(self) -> None:
        config.check(self)


@dataclass(frozen=True)
class Hidden:
    """The dense layer before the classes, in recipes whose layers take it from their settings.

    Attributes:
        units: number of units of the dense layer.
        activation: activation of the dense layer.
        dropout: share of its outputs that is dropped in training.
    """

    units: Count = 64
    activation: Literal["relu", "sigmoid"] = "relu"
    dropout: BelowOne = 0.25

    def __post_init__(self) -> None:
        config.check(self)


@dataclass(frozen=True)
class Recipe:
    """Everything that defines a model and its training.

    Attributes:
        name: the recipe's name on the command line.
        origin: where the recipe comes from.
        layers: function from the recipe to the Keras layers that follow the scaled images. The last
            layer, a softmax over the classes, is added to them.
        published: the score that was published for it, if there is one.
        space: the settings that `pipeline tune` searches, if there are any.
        min_side: smaller images are enlarged until their shorter side has this many pixels.
        channels: 1 or 3; None keeps the channels of the images.
        backbone: pretrained layers below the recipe's own, if there are any.
        optimizer: name of a Keras optimizer.
        learning_rate: learning rate of the optimizer; the maximum, if the schedule is one-cycle.
        momentum: momentum of the optimizer, for rmsprop and sgd.
        batch_size: number of images in a training step.
        epochs: maximum number of epochs.
        early_stopping: stop after this many epochs without a lower validation loss.
        plateau: lower the learning rate when training no longer improves.
        restore_best: keep the weights of the epoch with the lowest validation loss; otherwise
            those of the last epoch.
        augmentation: random transforms of the training images.
        l2: factor of the L2 penalty, in recipes whose layers have one.
        hidden: the dense layer before the classes, in recipes whose layers take it from here.
        schedule: "one-cycle" raises the learning rate from 1/25 of its maximum during the first
            30 % of the training and lowers it to zero along a cosine during the rest (Smith and
            Topin, 2018); "constant" keeps it.
        pace: progress of the schedule at the end of each epoch, from 0 to 1; evenly if it is
            empty. A training whose time is limited sets it.
        final_unaugmented_epochs: number of final epochs without augmentation.
        precision: "float32", "bfloat16", or "auto" for the faster one on this machine. Weights
            and probabilities are float32 in any case.
        tta_views: number of shifted copies of an image whose probabilities are averaged: 1 for
            the image itself, 5 with shifts by a pixel along the sides, 9 with diagonal ones too.
        tta_angles: number of angles around the circle at which each of these copies is seen.
        min_steps: minimum number of training steps; raises the number of epochs on small data.
    """

    name: str
    origin: str
    layers: Callable[["Recipe"], list[Any]]
    published: Published | None = None
    space: Space | None = None
    min_side: Count = 2
    channels: Literal[1, 3] | None = None
    backbone: Backbone | None = None
    optimizer: Literal["adadelta", "adam", "adamw", "lion", "nadam", "rmsprop", "sgd"] = "rmsprop"
    learning_rate: Positive = 1e-3
    momentum: BelowOne = 0.0
    batch_size: Count = 128
    epochs: Count = 100
    early_stopping: NonNegativeInt | None = None
    plateau: Plateau | None = None
    restore_best: bool = True
    augmentation: Augmentation | None = None
    l2: NonNegative = 0.0
    hidden: Hidden | None = None
    schedule: Literal["constant", "one-cycle"] = "constant"
    pace: tuple[Share, ...] = ()
    final_unaugmented_epochs: NonNegativeInt = 0
    precision: Literal["auto", "float32", "bfloat16"] = "float32"
    tta_views: Literal[1, 5, 9] = 1
    tta_angles: Literal[1, 5, 9] = 1
    min_steps: NonNegativeInt = 0

    def __post_init__(self) -> None:
        config.check(self, without=FIXED)
        if self.space is not None and not isinstance(self.space, Space):
            raise PipelineError(f"space = {self.space!r}", where="Recipe", expected="a Space")
        if not NAME.fullmatch(self.name) or self.name in config.RESERVED:
            raise PipelineError(
                f"name = {self.name!r}",
                where="Recipe",
                expected="letters, digits, '.', '_' and '-', beginning with a letter or digit; "
                f"not {', '.join(config.RESERVED)}",
            )

    @property
    def views(self) -> int:
        """The number of TTA views."""
        return self.tta_views * self.tta_angles

    def epochs_for(self, rows: int) -> int:
        """The maximum number of epochs for this number of training rows, without warm-up epochs."""
        if self.pace:
            return len(self.pace)
        steps_per_epoch = math.ceil(rows / self.batch_size)
        return max(self.epochs, math.ceil(self.min_steps / steps_per_epoch))

    def image_shape(self, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """The (height, width, channels) that the model takes for images of that shape."""
        height, width, channels = shape
        scale = max(1.0, self.min_side / min(height, width))
        return round(height * scale), round(width * scale), self.channels or channels

    def change(self, **changes: Any) -> "Recipe":
        """A copy with some settings changed.

        Args:
            changes: values or their text, by setting: `epochs=5`, `augmentation=None`,
                `**{"augmentation.rotation": 20}`. With only `epochs`, `min_steps` becomes 0.

        Raises:
            PipelineError: a setting is unknown, a value is not valid, or it would have no effect.

        Example:
            >>> from pipeline.recipes import find_recipe
            >>> find_recipe("fast").change(epochs="3").epochs
            3
        """
        where = f"recipe {self.name!r}"
        if self.backbone is None and any(name.startswith("backbone") for name in changes):
            raise PipelineError(
                "it has no pretrained backbone",
                where=where,
                remedy="--weights and backbone settings are for recipes that have one, such as "
                "transfer.",
            )
        if self.hidden is None and any(name.partition(".")[0] == "hidden" for name in changes):
            raise PipelineError(
                "its layers take no hidden layer from the settings; hidden has no effect",
                where=where,
                remedy="Choose another recipe, such as tuned, or another setting.",
            )
        changed = config.change(self, changes, where, FIXED)
        if "epochs" in changes and "min_steps" not in changes:
            changed = replace(changed, min_steps=0)
        _check_effect(self, changed, changes, where)
        return changed


@dataclass(frozen=True)
class EnsembleRecipe:
    """Several runs of one recipe that differ by seed, their probabilities averaged.

    Attributes:
        member: name of the members' recipe.
        size: number of members.
    """

    name: str
    origin: str
    member: str
    size: int
    published: Published | None = None


def _check_effect(before: Recipe, after: Recipe, changes: dict[str, Any], where: str) -> None:
    """Raises PipelineError for settings without effect, and for settings that exclude others."""
    if "l2" in changes and not before.l2:
        raise PipelineError(
            "its layers have no L2 penalty; l2 has no effect",
            where=where,
            remedy="Choose another recipe, such as dense-500-300, or another setting.",
        )
    if before.hidden and not after.hidden:
        raise PipelineError(
            "its layers need a hidden layer", where=where, expected="settings such as hidden.units"
        )
    if "momentum" in changes and after.optimizer not in WITH_MOMENTUM:
        raise PipelineError(
            f"its optimizer {after.optimizer} has no momentum",
            where=where,
            expected=f"one of the optimizers {', '.join(WITH_MOMENTUM)}",
        )
    if after.schedule == "one-cycle" and after.plateau:
        raise PipelineError(
            "a one-cycle schedule cannot be combined with a plateau",
            where=where,
            remedy="Add --set plateau=none, or keep schedule=constant.",
        )
