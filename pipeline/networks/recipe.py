"""The Recipe dataclass: everything that defines a model and its training."""

import math
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from pipeline.images.augmentation import Augmentation

WITH_MOMENTUM = ("rmsprop", "sgd")  # of Keras' optimizers


@dataclass(frozen=True)
class Published:
    """What somebody reached with this recipe on 28 x 28 x 1 images of 10 classes.

    Attributes:
        parameters: of the whole model.
        accuracy: in 0..1, on the rows that `on` names; so is the loss, where it is known.
    """

    parameters: int
    accuracy: float
    loss: float | None = None
    on: str = ""


@dataclass(frozen=True)
class Plateau:
    """Keras' ReduceLROnPlateau: the learning rate times `factor` after `patience` flat epochs."""

    monitor: str = "val_loss"
    factor: float = 0.1
    patience: int = 5
    minimum: float = 0.0


@dataclass(frozen=True)
class Base:
    """A VGG16 without its top, below the recipe's own layers.

    Attributes:
        frozen_until: layers up to this one keep their weights; None trains all of them.
        warm_up: epochs in which the layers above `frozen_until` stay as they are too, so that
            the new top does not spoil them (at the learning rate `warm_up_rate`).
        weights: "imagenet", "none", or the path of a file in the layout of Keras' no-top file.
    """

    frozen_until: str | None = "block5_pool"
    warm_up: int = 0
    warm_up_rate: float = 1e-3
    weights: str = "imagenet"


@dataclass(frozen=True)
class Recipe:
    """Everything that defines a model.

    Attributes:
        origin: where it comes from.
        layers: recipe -> Keras layers between the scaled images and the softmax over classes.
        min_side: smaller images are enlarged to it; larger ones are taken as they are.
        channels: 1 or 3, or None to take the images' own.
        early_stopping: epochs without a smaller validation loss after which training ends.
        keep: "best" for the weights of the epoch of smallest validation loss, or "last".
        momentum: of the optimizer, where it is one of WITH_MOMENTUM.
        l2: the L2 penalty, for recipes whose layers have one.
        schedule: "one-cycle" raises the learning rate from a 25th to its full value in the first
            30 % of the steps, and lowers it to zero along a cosine in the rest (Smith and Topin,
            2018); "constant" leaves it to the plateau.
        final_unaugmented_epochs: number of final epochs without augmentation.
        precision: of the arithmetic, "float32", "bfloat16", or "auto" for what the machine is
            fast in; weights and probabilities are float32 in any case.
        views: how many views of an image its probabilities are the mean of: 1, itself; 5, with
            those shifted by a pixel along a side; 9, along the diagonals too.
        min_steps: few rows are gone through more often, until they make so many steps.
    """

    name: str
    origin: str
    layers: Callable[["Recipe"], list[Any]]
    published: Published | None = None
    min_side: int = 2
    channels: int | None = None
    base: Base | None = None
    optimizer: str = "rmsprop"
    learning_rate: float = 1e-3
    momentum: float = 0.0
    batch_size: int = 128
    epochs: int = 100
    early_stopping: int | None = None
    plateau: Plateau | None = None
    keep: str = "best"
    augmentation: Augmentation | None = None
    l2: float = 0.0
    schedule: str = "constant"
    final_unaugmented_epochs: int = 0
    precision: str = "float32"
    views: int = 1
    min_steps: int = 0

    def epochs_for(self, rows: int) -> int:
        """How many epochs it trains on so many rows at most, not counting a base's warm-up."""
        steps_an_epoch = math.ceil(rows / self.batch_size)
        return max(self.epochs, math.ceil(self.min_steps / steps_an_epoch))

    def image_shape(self, shape: tuple[int, int, int]) -> tuple[int, int, int]:
        """The (height, width, channels) it takes for images of that shape."""
        height, width, channels = shape
        scale = max(1.0, self.min_side / min(height, width))
        return round(height * scale), round(width * scale), self.channels or channels

    def settings(self) -> dict[str, Any]:
        """All that makes it what it is, as run.json holds it."""
        settings: dict[str, Any] = asdict(self) | {"layers": self.layers.__name__}
        del settings["origin"], settings["published"]
        return settings


def with_defaults(recorded: dict[str, Any]) -> dict[str, Any]:
    """A run's record of its recipe or committee, with the settings that recipes had not then."""
    if "member" in recorded:
        return recorded | {"settings": with_defaults(recorded["settings"])}
    optional = (field for field in fields(Recipe) if field.default is not MISSING)
    return {field.name: field.default for field in optional if field.name != "published"} | recorded


@dataclass(frozen=True)
class EnsembleRecipe:
    """A committee of one recipe: members that differ by seed, their probabilities averaged.

    Attributes:
        member: the members' recipe.
        size: how many there are.
    """

    name: str
    origin: str
    member: str
    size: int
    published: Published | None = None
