"""Draws are uniform within their limits, each image has its own, and the seed decides."""

from dataclasses import replace
from typing import get_args

import cv2
import numpy as np
import pytest

from pipeline.images.augmentation import Augmentation, Fill, augment, choose_interpolation

COUNT, SIDE = 1200, 41
LINEAR = Augmentation(interpolation="linear", fill="constant")


def blobs(spread: tuple[float, float], at: tuple[float, float] = (0, 0)) -> np.ndarray:
    """COUNT equal float images of a soft spot: (down, across) standard deviations and centre."""
    down, across = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    spot = np.exp(-(((down - at[0]) / spread[0]) ** 2 + ((across - at[1]) / spread[1]) ** 2) / 2)
    return np.tile((spot * 200).astype(np.float32)[..., None], (COUNT, 1, 1, 1))


def moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) centres and (n, 2, 2) covariances, down and across, of what is bright."""
    place = np.stack(np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2, axis=-1).reshape(-1, 2)
    weight = images.reshape(len(images), -1).astype(np.float64)
    weight /= weight.sum(axis=1, keepdims=True)
    centre = weight @ place
    off = place[None] - centre[:, None]
    return centre, np.einsum("np,npi,npj->nij", weight, off, off)


def angles(images: np.ndarray) -> np.ndarray:
    """Degrees by which a bar that lies across is turned."""
    spread = moments(images)[1]
    turned = np.arctan2(2 * spread[:, 0, 1], spread[:, 1, 1] - spread[:, 0, 0]) / 2
    return np.rad2deg(turned)


def assert_uniform(draws: np.ndarray, limit: float, slack: float) -> None:
    """Draws from -limit to limit: their extent, mean, spread and quartiles."""
    assert abs(draws).max() <= limit + slack
    assert draws.min() < -0.97 * limit + slack
    assert draws.max() > 0.97 * limit - slack
    assert abs(draws.mean()) < limit * 0.07 + slack
    assert draws.std() == pytest.approx(limit / np.sqrt(3), rel=0.06)
    assert np.quantile(draws, [0.25, 0.75]) == pytest.approx([-limit / 2, limit / 2], abs=limit / 9)


def augmented(images: np.ndarray, seed: int = 0, **limits: float) -> np.ndarray:
    return augment(images, replace(LINEAR, **limits), np.random.default_rng(seed))


def test_shifts_are_uniform_in_both_directions() -> None:
    centre, _ = moments(augmented(blobs((2, 2)), shift=5))
    for axis in (0, 1):
        assert_uniform(centre[:, axis], 5, 0.05)
    assert abs(np.corrcoef(centre.T)[0, 1]) < 0.1


def test_a_shift_below_1_is_a_share_of_each_side() -> None:
    images = blobs((2, 2))[:, 8:33]  # 25 high, 41 wide
    found = augmented(images, shift=0.1)
    mass = found.sum(axis=3)
    down = (mass.sum(axis=2) * np.arange(25)).sum(axis=1) / mass.sum(axis=(1, 2)) - 12
    across = (mass.sum(axis=1) * np.arange(41)).sum(axis=1) / mass.sum(axis=(1, 2)) - 20
    assert_uniform(down, 2.5, 0.05)
    assert_uniform(across, 4.1, 0.05)


def test_rotations_are_uniform() -> None:
    assert_uniform(angles(augmented(blobs((1.5, 6)), rotation=30)), 30, 0.5)


def test_rotations_keep_the_size_and_the_centre() -> None:
    before, after = (
        moments(images) for images in (blobs((2, 5)), augmented(blobs((2, 5)), rotation=40))
    )
    assert abs(after[0]).max() < 0.05
    size = [np.sqrt(np.linalg.det(spread)) for _, spread in (before, after)]
    np.testing.assert_allclose(size[1], size[0], rtol=0.05)


def test_zooms_are_uniform_and_the_axes_draw_alone() -> None:
    before, after = (
        moments(images)[1] for images in (blobs((4, 4)), augmented(blobs((4, 4)), zoom=0.2))
    )
    factors = np.stack([np.sqrt(before[:, k, k] / after[:, k, k]) for k in (0, 1)])
    for drawn in factors:
        assert_uniform(drawn - 1, 0.2, 0.02)
    assert abs(np.corrcoef(factors)[0, 1]) < 0.1


def test_shears_are_uniform_and_leave_level_lines_level() -> None:
    upright = augmented(blobs((6, 1.5)), shear=20)
    spread = moments(upright)[1]
    leaning = np.rad2deg(np.arctan2(spread[:, 0, 1], spread[:, 0, 0]))
    assert_uniform(leaning, 20, 1.5)
    assert abs(angles(augmented(blobs((1.2, 6)), shear=20))).max() < 3


@pytest.mark.parametrize("limits", [{"rotation": 9}, {"shift": 2}, {"shear": 9}, {"zoom": 0.1}])
def test_each_image_has_its_own_draw(limits) -> None:
    found = augmented(blobs((2, 5), at=(1, 2))[:50], **limits)
    assert len({image.tobytes() for image in found}) == 50


def noise(dtype: type, channels: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 9, 12, channels)).astype(dtype)


@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
@pytest.mark.parametrize("fill", get_args(Fill))
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_zero_limits_leave_images_as_they_are(dtype, channels, fill, interpolation) -> None:
    images = noise(dtype, channels)
    still = Augmentation(fill=fill, interpolation=interpolation)
    found = augment(images, still, np.random.default_rng(0))
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, images)


@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
@pytest.mark.parametrize("fill", get_args(Fill))
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_shape_type_and_range_stay(dtype, channels, fill, interpolation) -> None:
    images = noise(dtype, channels)
    before = images.copy()
    every = Augmentation(30, 0.3, 0.2, 20, fill, interpolation)
    found = augment(images, every, np.random.default_rng(0))
    assert (found.shape, found.dtype) == (images.shape, dtype)
    assert 0 <= found.min() <= found.max() <= 255
    assert not np.array_equal(found, images)
    np.testing.assert_array_equal(images, before)
    if interpolation == "nearest":
        assert set(np.unique(found)) <= {0, *np.unique(images)}


def test_a_batch_of_large_images_is_transformed_image_by_image() -> None:
    images = np.random.default_rng(0).integers(0, 256, (70, 500, 8, 1)).astype(np.uint8)
    shifted = Augmentation(shift=3, fill="constant", interpolation="nearest")
    found = augment(images, shifted, np.random.default_rng(0))
    for before, after in zip(images, found, strict=True):
        assert after[250:253, 3:5].tobytes() in {
            before[down : down + 3, across : across + 2].tobytes()
            for down in range(246, 255)
            for across in range(7)
        }


def test_the_seed_decides() -> None:
    images = blobs((2, 5))[:30]
    limits = {"rotation": 20.0, "zoom": 0.1, "shift": 2.0, "shear": 5.0}
    np.testing.assert_array_equal(augmented(images, 3, **limits), augmented(images, 3, **limits))
    assert not np.array_equal(augmented(images, 3, **limits), augmented(images, 4, **limits))


def test_colours_move_together() -> None:
    grey = noise(np.float32, 1)
    found = augmented(np.concatenate([grey, grey * 0.5, grey * 0.25], axis=3), rotation=30, shift=2)
    np.testing.assert_allclose(found[..., 1], found[..., 0] * 0.5, atol=1e-3)
    np.testing.assert_allclose(found[..., 2], found[..., 0] * 0.25, atol=1e-3)


FILLED = [("nearest", 90), ("reflect", 90), ("constant", 0), ("noise", 90)]


@pytest.mark.parametrize(("fill", "expected"), FILLED)
def test_what_comes_in_from_outside_follows_fill(fill, expected) -> None:
    images = np.full((200, 9, 9, 1), 90, np.uint8)
    far = Augmentation(shift=4, fill=fill, interpolation="nearest")
    assert augment(images, far, np.random.default_rng(0)).min() == expected


def test_reflection_mirrors_at_the_edge() -> None:
    images = np.tile(np.arange(1, 10, dtype=np.float32)[None, None, :, None], (300, 3, 1, 1))
    far = Augmentation(shift=6, fill="reflect", interpolation="nearest")
    rows = {tuple(row) for row in augment(images, far, np.random.default_rng(0))[:, 1, :, 0]}
    assert (3, 2, 1, 1, 2, 3, 4, 5, 6) in rows
    assert (4, 5, 6, 7, 8, 9, 9, 8, 7) in rows
    assert len(rows) == 13


def test_noise_is_drawn_from_the_border() -> None:
    """An inside of -1 behind a border of random values: what comes in looks like the border."""
    random = np.random.default_rng(0)
    images = random.integers(0, 50, (400, 12, 12, 1)).astype(np.float32)
    images += 1000 * np.arange(400, dtype=np.float32)[:, None, None, None]
    images[:, 1:-1, 1:-1] = -1
    turned = Augmentation(shift=5, fill="noise", interpolation="nearest")
    found = augment(images, turned, np.random.default_rng(0))
    others = found[found[..., 0] >= 0]
    assert len(others) > 400 * 44
    np.testing.assert_array_equal(found[:, :, :, 0].max(axis=(1, 2)) // 1000, np.arange(400))
    drawn = others[:, 0] % 1000
    assert abs(drawn.mean() - 24.5) < 0.5
    assert drawn.std() == pytest.approx(50 / np.sqrt(12), rel=0.03)
    # Neighbours know nothing of each other: the corner that a far shift exposes has no bars.
    corner = np.concatenate([found[:, :3, :3, 0], found[:, -3:, -3:, 0]])
    exposed = corner[(corner >= 0).all(axis=(1, 2))] % 1000
    assert len(exposed) > 100
    for one, two in ((exposed[:, 0, 0], exposed[:, 0, 1]), (exposed[:, 0, 0], exposed[:, 1, 0])):
        assert abs(np.corrcoef(one, two)[0, 1]) < 0.2


def test_interpolation_is_chosen_by_how_alike_neighbours_are(digits) -> None:
    auto = Augmentation(rotation=10)
    large = np.stack([cv2.resize(image, (28, 28)) for image in digits[0][:200]])
    drawn = (large[..., None] * 255).astype(np.uint8)
    random = np.random.default_rng(0).integers(0, 256, drawn.shape).astype(np.uint8)
    behind = np.where(drawn > 100, drawn, random)
    assert choose_interpolation(auto, drawn).interpolation == "linear"
    assert choose_interpolation(auto, random).interpolation == "nearest"
    assert choose_interpolation(auto, behind).interpolation == "nearest"
    assert choose_interpolation(auto, np.zeros_like(drawn)).interpolation == "linear"
    assert choose_interpolation(auto, drawn) == replace(auto, interpolation="linear")


@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
def test_a_given_interpolation_stays(digits, interpolation) -> None:
    augmentation = Augmentation(interpolation=interpolation)
    for images in (digits[0][:50, :, :, None], noise(np.uint8, 1)):
        assert choose_interpolation(augmentation, images) is augmentation
