"""Networks that train quickly: narrow early layers, wide late ones, one learning cycle.

A stage is convolutions of 3 x 3, each followed by batch normalization; between two stages the
image is halved, before it is normalized, which costs a quarter then. Global max pooling at the
end makes the network independent of the digit's position.
"""

from dataclasses import replace
from typing import Any

from keras import layers

from pipeline.images.augmentation import Augmentation
from pipeline.networks.recipe import Recipe
from pipeline.networks.space import Choice, Float, Space


def stages(*widths: tuple[int, ...]) -> list[Any]:
    """The layers of stages with these numbers of filters."""
    stack: list[Any] = []
    for stage, filters in enumerate(widths):
        for index, count in enumerate(filters):
            stack.append(layers.Conv2D(count, 3, padding="same", use_bias=False))
            if index == len(filters) - 1 and stage < len(widths) - 1:
                stack.append(layers.MaxPooling2D())
            stack += [layers.BatchNormalization(momentum=0.9), layers.ReLU()]
    return [*stack, layers.GlobalMaxPooling2D()]


def fast(recipe: Recipe) -> list[Any]:
    """Stages of 16, 32 and twice 64 filters."""
    return stages((16,), (32,), (64, 64))


def best(recipe: Recipe) -> list[Any]:
    """Stages of 32, 64 and twice 128 filters."""
    return stages((32,), (64,), (128, 128))


SPACE = Space(
    {
        "learning_rate": Float(1e-3, 3e-2, log=True),
        "batch_size": Choice((64, 128, 256)),
        "augmentation.rotation": Float(0, 30),
        "augmentation.zoom": Float(0, 0.3),
        "augmentation.shift": Float(0, 0.2),
        "augmentation.shear": Float(0, 20),
    }
)

FAST = Recipe(
    name="fast",
    origin="this project",
    layers=fast,
    space=SPACE,
    min_side=16,
    optimizer="adam",
    learning_rate=0.01,
    schedule="one-cycle",
    precision="auto",
    batch_size=128,
    epochs=5,
    min_steps=1000,
    restore_best=False,
    tta_views=5,
    final_unaugmented_epochs=1,
    augmentation=Augmentation(rotation=10, zoom=0.1, shift=0.06, shear=8, fill="reflect"),
)

# Ten minutes on two cores for 33,600 images.
BEST = replace(FAST, name="best", layers=best, epochs=12, min_steps=2500, tta_views=9)

RECIPES = [FAST, BEST]
