"""Convolutional networks, plain and with augmented training images."""

from dataclasses import replace
from typing import Any

from keras import layers

from pipeline.images.augmentation import Augmentation
from pipeline.networks.published import IN_CLASS, IN_CLASS_VALIDATION, Published
from pipeline.networks.recipe import Plateau, Recipe


def conv(recipe: Recipe) -> list[Any]:
    """Three convolutions with pooling, then 64 units."""
    return [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
    ]


def conv2(recipe: Recipe) -> list[Any]:
    """Five convolutions with batch normalization and dropout, then 64 units."""
    return [
        layers.Conv2D(64, 3, activation="relu"),
        layers.Conv2D(64, 3, activation="relu"),
        layers.BatchNormalization(momentum=0.9),
        layers.MaxPooling2D(),
        layers.Dropout(0.05),
        layers.Conv2D(128, 3, activation="relu"),
        layers.Conv2D(128, 3, activation="relu"),
        layers.BatchNormalization(momentum=0.9),
        layers.MaxPooling2D(),
        layers.Dropout(0.05),
        layers.Conv2D(128, 3, activation="relu"),
        layers.Dropout(0.125),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.25),
    ]


CONV = Recipe(
    name="conv",
    origin=IN_CLASS,
    layers=conv,
    published=Published(93_322, 0.959, on=IN_CLASS_VALIDATION),
    min_side=18,
    early_stopping=10,
    plateau=Plateau(),
)

CONV2 = replace(
    CONV,
    name="conv2",
    layers=conv2,
    published=Published(440_842, 0.976, on=IN_CLASS_VALIDATION),
    min_side=24,
    learning_rate=1e-4,
    momentum=0.9,
    batch_size=100,
    plateau=Plateau(factor=0.2),
)

AUGMENTED = replace(
    CONV2,
    name="augmented",
    published=Published(440_842, 0.983, on=IN_CLASS_VALIDATION),
    augmentation=Augmentation(rotation=15, shift=2, fill="nearest"),
)

RECIPES = [CONV, CONV2, AUGMENTED]
