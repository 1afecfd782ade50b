"""Augmented images are distributed as those of Keras' ImageDataGenerator are."""

from functools import cache

import numpy as np
import pytest
from keras.src.legacy.preprocessing.image import ImageDataGenerator

from pipeline.images.augmentation import Augmentation, augment

OURS, THEIRS, SIDE = 15_000, 2_500, 16
# Two transforms at a time and far, for their order to show.
TRANSFORMS = {
    "rotation": {"rotation": 50.0},
    "zoom": {"zoom": 0.4},
    "shift": {"shift": 0.2},
    "shift in pixels": {"shift": 3.5},
    "shear": {"shear": 40.0},
    "rotation and shift": {"rotation": 45.0, "shift": 0.4},
    "rotation and zoom": {"rotation": 60.0, "zoom": 0.7},
    "rotation and shear": {"rotation": 60.0, "shear": 60.0},
    "shift and zoom": {"shift": 0.3, "zoom": 0.7},
    "shear and zoom": {"shear": 60.0, "zoom": 0.7},
    "all": {"rotation": 30.0, "zoom": 0.3, "shift": 0.15, "shear": 30.0},
}
# The largest of 512 differences, in their standard errors, is beyond this by chance once in
# 50,000 comparisons.
MOST = 5.5


def picture() -> np.ndarray:
    """(SIDE, SIDE, 1) float32: two spots of different shape off the centre, on a slope."""
    down, across = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    spots = 150 * np.exp(-(((down - 4) / 1.5) ** 2) - ((across - 11) / 3) ** 2)
    spots += 90 * np.exp(-(((down - 12) / 2) ** 2) - ((across - 5) / 1.2) ** 2)
    return (spots + 2 * down + 3 * across)[..., None]


def copies(count: int) -> np.ndarray:
    return np.tile(picture(), (count, 1, 1, 1))


@cache
def theirs(move: str, fill: str) -> np.ndarray:
    limits = TRANSFORMS[move]
    generator = ImageDataGenerator(
        rotation_range=limits.get("rotation", 0),
        zoom_range=limits.get("zoom", 0),
        width_shift_range=limits.get("shift", 0),
        height_shift_range=limits.get("shift", 0),
        shear_range=limits.get("shear", 0),
        fill_mode=fill,
    )
    return generator.flow(copies(THEIRS), batch_size=THEIRS, shuffle=False, seed=0)[0]


def ours(limits: dict[str, float], fill: str) -> np.ndarray:
    augmentation = Augmentation(**limits, fill=fill, interpolation="linear")
    return augment(copies(OURS), augmentation, np.random.default_rng(0))


def difference(one: np.ndarray, two: np.ndarray) -> float:
    """The largest difference of pixels' means and mean squares, in standard errors of it."""
    largest = 0.0
    for power in (1, 2):
        a, b = (
            images.astype(np.float64).reshape(len(images), -1) ** power for images in (one, two)
        )
        error = np.sqrt(a.var(axis=0) / len(a) + b.var(axis=0) / len(b))
        apart = np.abs(a.mean(axis=0) - b.mean(axis=0))
        largest = max(largest, (apart / np.maximum(error, 1e-3)).max())
    return largest


CASES = [
    *((move, "nearest") for move in TRANSFORMS),
    *((move, "constant") for move in ("rotation", "zoom", "shift", "shear", "all")),
    ("all", "reflect"),
]


@pytest.mark.parametrize(("move", "fill"), CASES)
def test_pixels_have_the_same_means_and_variances(move: str, fill: str) -> None:
    assert difference(ours(TRANSFORMS[move], fill), theirs(move, fill)) < MOST


@pytest.mark.parametrize("move", ["rotation", "zoom", "shift", "shear"])
def test_a_limit_that_is_a_tenth_too_large_would_be_noticed(move: str) -> None:
    limits = {name: 1.1 * limit for name, limit in TRANSFORMS[move].items()}
    assert difference(ours(limits, "nearest"), theirs(move, "nearest")) > MOST
