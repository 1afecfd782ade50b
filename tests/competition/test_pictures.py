"""Pixels become images, and images are made to fit a model, without losing range or type."""

import numpy as np
import pytest

from pipeline.images.resize import fit_to, to_grey_levels, to_images


def test_pixels_become_rows_of_the_image(folder) -> None:
    truth = folder.fill()
    competition = folder.load()
    images = to_images(
        competition.train_pixels, competition.schema.shape, competition.schema.planes
    )
    assert images.shape == (40, 8, 8, 1)
    assert images.dtype == competition.train_pixels.dtype
    np.testing.assert_array_equal(images[3, 5, :, 0], truth.train[3, 40:48])


@pytest.mark.parametrize("planes", [False, True])
def test_colours_are_the_last_axis_in_either_order(folder, planes) -> None:
    truth = folder.fill(planes=planes, scale="0..255")
    competition = folder.load()
    images = to_images(
        competition.train_pixels, competition.schema.shape, competition.schema.planes
    )
    assert images.shape == (40, 8, 8, 3)
    stored = truth.train.reshape((40, 3, 8, 8) if planes else (40, 8, 8, 3))
    for colour in range(3):
        expected = stored[:, colour] if planes else stored[..., colour]
        np.testing.assert_array_equal(images[..., colour], expected)


def test_an_overridden_shape_need_not_be_square(folder) -> None:
    truth = folder.fill()
    competition = folder.load(shape=[4, 16])
    images = to_images(
        competition.train_pixels, competition.schema.shape, competition.schema.planes
    )
    np.testing.assert_array_equal(images[0, 1, :, 0], truth.train[0, 16:32])


def some(dtype: type, channels: int = 1, height: int = 8, width: int = 8) -> np.ndarray:
    values = np.random.default_rng(0).integers(0, 256, (5, height, width, channels))
    return values.astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "wanted", [(8, 8, 1), (8, 8, 3), (16, 16, 1), (32, 24, 3), (4, 4, 1), (3, 5, 3)]
)
def test_images_fit_in_every_direction(dtype, channels, wanted) -> None:
    images = some(dtype, channels)
    fitted = fit_to(images, *wanted)
    assert fitted.shape == (5, *wanted)
    assert fitted.dtype == dtype
    assert images.min() <= fitted.min()
    assert fitted.max() <= images.max()
    assert abs(float(fitted.mean()) - float(images.mean())) < 12


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_that_fit_stay_as_they_are(dtype, channels) -> None:
    images = some(dtype, channels)
    np.testing.assert_array_equal(fit_to(images, 8, 8, channels), images)


def test_grey_becomes_three_equal_channels() -> None:
    images = some(np.uint8)
    np.testing.assert_array_equal(fit_to(images, 8, 8, 3), np.concatenate([images] * 3, axis=3))


def test_colours_become_their_luminance() -> None:
    images = some(np.float32, 3)
    expected = images @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(fit_to(images, 8, 8, 1)[..., 0], expected, rtol=1e-4)


def test_shrinking_averages() -> None:
    images = some(np.float32)
    expected = images.reshape(5, 4, 2, 4, 2, 1).mean(axis=(2, 4))
    np.testing.assert_allclose(fit_to(images, 4, 4, 1), expected, rtol=1e-5)


def test_enlarging_keeps_a_slope_a_slope() -> None:
    slope = np.repeat(np.arange(8, dtype=np.float32), 8).reshape(1, 8, 8, 1)
    large = fit_to(slope, 16, 16, 1)[0, :, :, 0]
    assert (np.diff(large, axis=0) >= 0).all()
    np.testing.assert_allclose(np.diff(large, axis=0)[1:-1], 0.5)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 16), (-1, 1), (0, 255)])
def test_grey_levels_go_from_0_to_255(low, high) -> None:
    values = np.linspace(low, high, 256, dtype=np.float32).reshape(1, 16, 16, 1)
    levels = to_grey_levels(values, low, high)
    assert levels.dtype == np.uint8
    np.testing.assert_array_equal(levels.ravel(), np.arange(256))


def test_grey_levels_stay_in_their_range() -> None:
    beyond = np.array([-5.0, 300.0], np.float32).reshape(1, 1, 2, 1)
    assert to_grey_levels(beyond, 0, 255).ravel().tolist() == [0, 255]
