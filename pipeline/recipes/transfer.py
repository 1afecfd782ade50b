"""VGG16 networks: features learnt elsewhere, a small top learnt here."""

from dataclasses import replace
from typing import Any

from keras import layers

from pipeline.networks.origins import IN_CLASS_VALIDATION
from pipeline.networks.recipe import Base, Published, Recipe
from pipeline.recipes.conv import AUGMENTED


def top(recipe: Recipe) -> list[Any]:
    return [
        layers.Flatten(),
        layers.Dropout(0.125),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.25),
    ]


TRANSFER = replace(
    AUGMENTED,
    name="transfer",
    layers=top,
    published=Published(14_748_170, 0.578, on=IN_CLASS_VALIDATION),
    min_side=32,
    channels=3,
    base=Base(),
)

# The features of 32 x 32 images of digits are poor: a larger input, and the last block learns too.
TRANSFER_TUNED = replace(
    TRANSFER,
    name="transfer-tuned",
    origin="transfer, with a larger input and the last block trained after a warm-up",
    published=None,
    min_side=64,
    base=Base(frozen_until="block4_pool", warm_up=5),
    optimizer="adam",
    momentum=0.0,
    epochs=30,
    augmentation=None,
)

# The whole network learnt here: what other competitions' `transfer` can then start from.
VGG16 = replace(
    TRANSFER_TUNED,
    name="vgg16",
    origin="Simonyan and Zisserman (2014), trained from nothing",
    min_side=32,
    base=Base(frozen_until=None, weights="none"),
)

RECIPES = [TRANSFER, TRANSFER_TUNED, VGG16]
