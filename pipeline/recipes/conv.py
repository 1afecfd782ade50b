"""Convolutional networks, plain and with augmented training images."""

from dataclasses import replace
from typing import Any

from keras import layers

from pipeline.images.augmentation import Augmentation
from pipeline.networks.published import IN_CLASS, IN_CLASS_VALIDATION, Published
from pipeline.networks.recipe import Hidden, Plateau, Recipe
from pipeline.networks.space import Choice, Float, Integer, Range, Space


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
        *five_convolutions(),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.25),
    ]


def tuned(recipe: Recipe) -> list[Any]:
    """The convolutions of conv2, then units, activation and dropout of the settings."""
    hidden = recipe.hidden
    assert hidden is not None
    return [
        *five_convolutions(),
        layers.Flatten(),
        layers.Dense(hidden.units, activation=hidden.activation),
        layers.Dropout(hidden.dropout),
    ]


def five_convolutions() -> list[Any]:
    """Five convolutions with batch normalization and dropout."""
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
    ]


RATE = Float(1e-5, 1e-2, log=True)

CONV = Recipe(
    name="conv",
    origin=IN_CLASS,
    layers=conv,
    published=Published(93_322, 0.959, on=IN_CLASS_VALIDATION),
    min_side=18,
    space=Space({"learning_rate": RATE, "batch_size": Choice((32, 64, 128, 256))}),
    early_stopping=10,
    plateau=Plateau(),
)

TRAINING: dict[str, Range] = {
    "learning_rate": RATE,
    "batch_size": Choice((50, 100, 200)),
    "momentum": Choice((0.0, 0.5, 0.9)),
}

CONV2 = replace(
    CONV,
    name="conv2",
    layers=conv2,
    published=Published(440_842, 0.976, on=IN_CLASS_VALIDATION),
    space=Space(TRAINING),
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
    space=Space(
        TRAINING
        | {
            "augmentation.rotation": Float(0, 30),
            "augmentation.zoom": Float(0, 0.3),
            "augmentation.shift": Float(1, 4, step=0.5),
            "augmentation.shear": Float(0, 20),
        }
    ),
    augmentation=Augmentation(rotation=15, shift=2, fill="nearest"),
)

TUNED = replace(
    CONV2,
    name="tuned",
    layers=tuned,
    published=Published(624_938, 0.976, on=IN_CLASS_VALIDATION),
    space=Space(
        {
            "hidden.units": Integer(64, 512, step=32),
            "hidden.activation": Choice(("relu", "sigmoid")),
            "hidden.dropout": Float(0, 0.5, step=0.1),
            "learning_rate": Choice((1e-1, 1e-2, 1e-3, 1e-4)),
        },
        executions=2,
    ),
    hidden=Hidden(units=416, activation="sigmoid", dropout=0.1),
    epochs=30,
)

RECIPES = [CONV, CONV2, AUGMENTED, TUNED]
