"""A small network that learns quickly: narrow early layers, wide late ones, one learning cycle."""

from typing import Any

from keras import layers

from pipeline.data.augmentation import Augmentation
from pipeline.models.recipe import Recipe


def fast(recipe: Recipe) -> list[Any]:
    return [
        *_convolution(24),
        layers.MaxPooling2D(),
        *_convolution(48),
        *_convolution(48),
        layers.MaxPooling2D(),
        *_convolution(96),
        *_convolution(96),
        layers.GlobalMaxPooling2D(),
    ]


def _convolution(filters: int) -> list[Any]:
    return [
        layers.Conv2D(filters, 3, padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
    ]


RECIPES = [
    Recipe(
        name="fast",
        origin="this project",
        layers=fast,
        smallest_side=16,
        optimizer="adam",
        learning_rate=3e-3,
        schedule="one-cycle",
        precision="auto",
        batch_size=128,
        epochs=10,
        least_steps=1500,
        keep="last",
        augmentation=Augmentation(rotation=10, zoom=0.1, shift=0.1, shear=8, fill="reflect"),
    ),
]
