"""After LeNet-5: 5 x 5 convolutions and pooling, then dense layers."""

from typing import Any

from keras import layers, regularizers

from pipeline.networks.published import ASSIGNMENT_7, MNIST_TEST, Published
from pipeline.networks.recipe import Plateau, Recipe


def conv_20_40(recipe: Recipe) -> list[Any]:
    """Two convolutions of 20 and 40 filters with pooling, then 100 units."""
    return [
        layers.Conv2D(20, 5, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(40, 5, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(100, activation="sigmoid"),
    ]


def lenet5_v2(recipe: Recipe) -> list[Any]:
    """Two pairs of convolutions of 32 and 64 filters, then 256, 128 and 84 units."""
    return [
        *_convolutions(32, 5),
        *_convolutions(64, 3),
        layers.Flatten(),
        *_dense(256),
        *_dense(128),
        *_dense(84, kernel_regularizer=regularizers.L2(recipe.l2)),
    ]


def _convolutions(filters: int, kernel: int) -> list[Any]:
    return [
        layers.Conv2D(filters, kernel, activation="relu"),
        layers.Conv2D(filters, kernel, activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(),
    ]


def _dense(units: int, **options: Any) -> list[Any]:
    return [
        layers.Dense(units, activation="relu", **options),
        layers.BatchNormalization(),
        layers.Dropout(0.25),
    ]


RECIPES = [
    Recipe(
        name="conv-20-40",
        origin=ASSIGNMENT_7,
        layers=conv_20_40,
        published=Published(85_670, 0.9913, 0.0263, on=MNIST_TEST),
        min_side=16,
        optimizer="sgd",
        learning_rate=0.1,
        epochs=60,
        restore_best=False,
    ),
    Recipe(
        name="lenet5-v2",
        origin=ASSIGNMENT_7,
        layers=lenet5_v2,
        published=Published(276_438, 0.9950, 0.0205, on=MNIST_TEST),
        min_side=20,
        optimizer="adam",
        batch_size=64,
        epochs=30,
        plateau=Plateau(factor=0.2, patience=2),
        restore_best=False,
        l2=0.1,
    ),
]
