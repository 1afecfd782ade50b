"""Convolutions that keep the image's size, in pairs, and ensembles of such networks."""

from dataclasses import replace
from typing import Any

from keras import layers

from pipeline.images.augmentation import Augmentation
from pipeline.networks.published import EXERCISE, MNIST_TEST, Published
from pipeline.networks.recipe import EnsembleRecipe, Plateau, Recipe


def conv_10(recipe: Recipe) -> list[Any]:
    """Two convolutions of 10 filters, then 64 units."""
    return [
        layers.Conv2D(10, 5, padding="same", activation="relu"),
        layers.Conv2D(10, 5, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.2),
    ]


def conv_deep(recipe: Recipe) -> list[Any]:
    """Two pairs of convolutions of 32 and 64 filters, then 256 units."""
    return [
        layers.Conv2D(32, 5, padding="same", activation="relu"),
        layers.Conv2D(32, 5, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Dropout(0.25),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(256, activation="relu"),
        layers.Dropout(0.2),
    ]


CONV_10 = Recipe(
    name="conv-10",
    origin=EXERCISE,
    layers=conv_10,
    published=Published(128_924, 0.9907, 0.0432, on=MNIST_TEST),
    min_side=4,
    optimizer="adam",
    batch_size=86,
    epochs=40,
    restore_best=False,
)

CONV_10_AUGMENTED = replace(
    CONV_10,
    name="conv-10-augmented",
    published=Published(128_924, 0.9937, 0.0209, on=MNIST_TEST),
    augmentation=Augmentation(rotation=10, zoom=0.1, shift=0.1),
)

CONV_10_PLATEAU = replace(
    CONV_10_AUGMENTED,
    name="conv-10-plateau",
    published=Published(128_924, 0.9944, 0.0180, on=MNIST_TEST),
    epochs=30,
    plateau=Plateau(monitor="val_accuracy", factor=0.5, patience=3, min_learning_rate=1e-5),
)

CONV_DEEP = replace(
    CONV_10_PLATEAU,
    name="conv-deep",
    layers=conv_deep,
    # Members of the published ensemble: 0.9957-0.9971.
    published=Published(887_530, 0.9957, on=MNIST_TEST),
)

RECIPES = [CONV_10, CONV_10_AUGMENTED, CONV_10_PLATEAU, CONV_DEEP]

ENSEMBLES = [
    EnsembleRecipe(
        name="conv-10-committee",
        origin=EXERCISE,
        member="conv-10-plateau",
        size=5,
        published=Published(5 * 128_924, 0.9950, 0.0145, on=MNIST_TEST),
    ),
    EnsembleRecipe(
        name="conv-deep-committee",
        origin=EXERCISE,
        member="conv-deep",
        size=5,
        published=Published(5 * 887_530, 0.9974, 0.0076, on=MNIST_TEST),
    ),
]
