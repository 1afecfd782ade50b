"""Which random transforms fit: decided by the images, without labels."""

import numpy as np
import pytest

from pipeline.images.augmentation import Augmentation, augment
from pipeline.images.fitting import choose_fill, fit_augmentation, has_all_angles

UPRIGHT = Augmentation(rotation=15, shift=0.1, fill="reflect")


@pytest.fixture(scope="module")
def images(digits) -> np.ndarray:
    """(1437, 16, 16, 1) real digits with a margin, in 0..255."""
    grey = (digits[0].repeat(2, axis=1).repeat(2, axis=2)[..., None] * 255).astype(np.uint8)
    return np.pad(grey, ((0, 0), (4, 4), (4, 4), (0, 0)))


def test_upright_digits_keep_their_small_rotation(images, digits) -> None:
    assert fit_augmentation(UPRIGHT, images, digits[1]).rotation == 15


def test_digits_at_every_angle_are_rotated_to_every_angle(images, digits) -> None:
    everywhere = Augmentation(rotation=180, interpolation="linear")
    turned = augment(images, everywhere, np.random.default_rng(0))
    assert has_all_angles(turned)
    assert fit_augmentation(UPRIGHT, turned, digits[1]).rotation == 180
    levels = np.random.default_rng(0).integers(0, 40, (len(turned), 1, 1, 1), dtype=np.uint8)
    grey = np.maximum(turned, levels)
    assert choose_fill(grey) is None
    fitted = fit_augmentation(UPRIGHT, grey[:300], digits[1][:300])
    assert fitted.fill == "nearest"  # a mirrored stroke would be new


def test_digits_at_some_angles_are_not_rotated_to_every_angle(images) -> None:
    tilted = Augmentation(rotation=45, interpolation="linear")
    assert not has_all_angles(augment(images, tilted, np.random.default_rng(0)))


@pytest.mark.parametrize("background", ["black", "white", "colour", "noise", "gradient"])
def test_the_fill_continues_the_background(background: str, images) -> None:
    random = np.random.default_rng(0)
    if background == "white":
        images = 255 - images
    if background == "colour":
        images = np.concatenate([images, 255 - images, np.maximum(images, 90)], axis=3)
    if background == "noise":
        images = np.maximum(images, random.integers(0, 256, images.shape, dtype=np.uint8))
    if background == "gradient":
        levels = np.linspace(0, 200, images.shape[2], dtype=np.uint8)[None, None, :, None]
        images = np.maximum(images, levels + random.integers(0, 55, (len(images), 1, 1, 1)))
    expected = {"noise": "noise", "gradient": None}.get(background, "nearest")
    assert choose_fill(images) == expected


def test_images_that_are_not_square_count_as_upright(images) -> None:
    assert not has_all_angles(images[:, :12])


def test_images_in_which_nothing_can_be_told_count_as_upright() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 12, 12, 1), dtype=np.uint8)
    assert not has_all_angles(noise)


def test_images_whose_angle_is_their_class_are_not_rotated() -> None:
    """A bright side: at every angle, but another class when it is turned."""
    labels = np.arange(400) % 4
    images = np.random.default_rng(0).integers(0, 60, (400, 12, 12, 1), dtype=np.uint8)
    images[:, :4] += 150
    images = np.stack([np.rot90(image, label) for image, label in zip(images, labels, strict=True)])
    assert has_all_angles(images)
    assert fit_augmentation(UPRIGHT, images, labels).rotation == 15
