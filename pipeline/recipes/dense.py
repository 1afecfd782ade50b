"""Dense networks: fully connected layers."""

from typing import Any

from keras import layers, regularizers

from pipeline.networks.published import (
    ASSIGNMENT_7,
    EXERCISE,
    IN_CLASS,
    IN_CLASS_VALIDATION,
    MNIST_TEST,
    Published,
)
from pipeline.networks.recipe import Plateau, Recipe
from pipeline.networks.space import Choice, Float, Space


def dense(recipe: Recipe) -> list[Any]:
    """One hidden layer of 64 units."""
    return [layers.Flatten(), layers.Dense(64, activation="relu")]


def dense_512_256(recipe: Recipe) -> list[Any]:
    """Two hidden layers of 512 and 256 units with dropout."""
    return [
        layers.Flatten(),
        layers.Dense(512, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(256, activation="relu"),
        layers.Dropout(0.2),
    ]


def dense_64_64(recipe: Recipe) -> list[Any]:
    """Two hidden layers of 64 units."""
    return [
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
    ]


def dense_500_300(recipe: Recipe) -> list[Any]:
    """Two hidden layers of 500 and 300 units with an L2 penalty."""
    return [
        layers.Flatten(),
        layers.Dense(500, activation="relu", kernel_regularizer=regularizers.L2(recipe.l2)),
        layers.Dense(300, activation="relu", kernel_regularizer=regularizers.L2(recipe.l2)),
    ]


BATCHES = Choice((32, 64, 128, 256))

RECIPES = [
    Recipe(
        name="dense",
        origin=IN_CLASS,
        layers=dense,
        published=Published(50_890, 0.801, on=IN_CLASS_VALIDATION),
        space=Space({"learning_rate": Float(1e-4, 1e-1, log=True), "batch_size": BATCHES}),
        early_stopping=10,
        plateau=Plateau(),
    ),
    Recipe(
        name="dense-512-256",
        origin=EXERCISE,
        layers=dense_512_256,
        published=Published(535_818, 0.9806, 0.1149, on=MNIST_TEST),
        optimizer="adam",
        batch_size=86,
        epochs=40,
        restore_best=False,
    ),
    Recipe(
        name="dense-64-64",
        origin=ASSIGNMENT_7,
        layers=dense_64_64,
        published=Published(55_050, 0.9720, 0.0888, on=MNIST_TEST),
        optimizer="sgd",
        learning_rate=0.1,
        epochs=10,
        restore_best=False,
    ),
    Recipe(
        name="dense-500-300",
        origin=ASSIGNMENT_7,
        layers=dense_500_300,
        published=Published(545_810, 0.9833, on=MNIST_TEST),
        space=Space(
            {
                "learning_rate": Float(1e-2, 1.0, log=True),
                "batch_size": BATCHES,
                "l2": Float(1e-7, 1e-2, log=True),
            }
        ),
        optimizer="sgd",
        learning_rate=0.1,
        epochs=40,
        restore_best=False,
        l2=1e-6,
    ),
]
