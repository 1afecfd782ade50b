"""32 filters first: from a single convolution to two with a dense layer."""

from dataclasses import replace
from typing import Any

from keras import layers

from pipeline.networks.published import EXERCISE_5, MNIST_TEST, TECHNIQUES, Published
from pipeline.networks.recipe import Recipe


def conv_32_linear(recipe: Recipe) -> list[Any]:
    """One convolution of 32 filters."""
    return [layers.Conv2D(32, 3, activation="relu"), layers.Flatten()]


def conv_32_dense(recipe: Recipe) -> list[Any]:
    """One convolution of 32 filters, then 128 units."""
    return [layers.Conv2D(32, 3, activation="relu"), *_dropout_dense()]


def conv_32_64(recipe: Recipe) -> list[Any]:
    """Two convolutions of 3 x 3, then 128 units."""
    return _two_convolutions(first_kernel=3)


def conv_4x4(recipe: Recipe) -> list[Any]:
    """Two convolutions, the first of 4 x 4, then 128 units."""
    return _two_convolutions(first_kernel=4)


def _two_convolutions(first_kernel: int) -> list[Any]:
    return [
        layers.Conv2D(32, first_kernel, activation="relu"),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        *_dropout_dense(),
    ]


def _dropout_dense() -> list[Any]:
    return [
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.5),
    ]


CONV_32_LINEAR = Recipe(
    name="conv-32-linear",
    origin=EXERCISE_5,
    layers=conv_32_linear,
    published=Published(216_650, 0.9805, 0.0656, on=MNIST_TEST),
    min_side=8,
    optimizer="adam",
    batch_size=32,  # Keras' default: not stated in the source
    epochs=10,
    restore_best=False,
)

RECIPES = [
    CONV_32_LINEAR,
    replace(
        CONV_32_LINEAR,
        name="conv-32-dense",
        layers=conv_32_dense,
        published=Published(2_770_634, 0.9843, 0.0484, on=MNIST_TEST),
    ),
    replace(
        CONV_32_LINEAR,
        name="conv-32-64",
        layers=conv_32_64,
        published=Published(1_199_882, 0.9908, 0.0325, on=MNIST_TEST),
    ),
    replace(
        CONV_32_LINEAR,
        name="conv-4x4",
        origin=TECHNIQUES,
        layers=conv_4x4,
        published=Published(1_011_690, 0.9931, 0.0232, on=MNIST_TEST),
        optimizer="adadelta",
        learning_rate=1.0,
        batch_size=128,
        epochs=12,
    ),
]
