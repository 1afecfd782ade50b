"""VGG16 networks: a pretrained backbone with a small head."""

from dataclasses import replace
from typing import Any

from keras import layers

from pipeline.networks.published import IN_CLASS_VALIDATION, Published
from pipeline.networks.recipe import Backbone, Recipe
from pipeline.recipes.conv import AUGMENTED


def head(recipe: Recipe) -> list[Any]:
    """One hidden layer of 64 units with dropout."""
    return [
        layers.Flatten(),
        layers.Dropout(0.125),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.25),
    ]


TRANSFER = replace(
    AUGMENTED,
    name="transfer",
    layers=head,
    published=Published(14_748_170, 0.578, on=IN_CLASS_VALIDATION),
    space=None,
    min_side=32,
    channels=3,
    backbone=Backbone(),
)

# Frozen features of 32 x 32 digits are poor: a larger input, and the last block is trained too.
TRANSFER_TUNED = replace(
    TRANSFER,
    name="transfer-tuned",
    origin="transfer, with a larger input and the last block trained after a warm-up",
    published=None,
    min_side=64,
    backbone=Backbone(frozen_until="block4_pool", warm_up_epochs=5),
    optimizer="adam",
    momentum=0.0,
    epochs=30,
    augmentation=None,
)

# Trained from scratch; its backbone can be used by `transfer` on other competitions.
VGG16 = replace(
    TRANSFER_TUNED,
    name="vgg16",
    origin="Simonyan and Zisserman (2014), trained from scratch",
    min_side=32,
    backbone=Backbone(frozen_until=None, weights="none"),
)

RECIPES = [TRANSFER, TRANSFER_TUNED, VGG16]
