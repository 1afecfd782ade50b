"""Probabilities: the model's own, of any rows, of images larger than memory, of shifted views."""

import tracemalloc
from pathlib import Path

import keras
import numpy as np
import pytest

from pipeline.images.views import SHIFTS, shift
from pipeline.networks.build import build
from pipeline.networks.predict import BATCH, predict
from pipeline.recipes import find_recipe

COUNT = 2 * BATCH + 37


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    return build(find_recipe("conv"), (18, 18, 1), 3, 0, 255).model


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (COUNT, 18, 18, 1)).astype(np.uint8)


def test_probabilities_are_what_keras_predicts_in_the_same_order(model, images) -> None:
    found = predict(model, images)
    assert (found.shape, found.dtype) == ((COUNT, 3), np.float32)
    expected = model.predict(images, batch_size=BATCH, verbose=0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert len(np.unique(expected[:, 0])) > COUNT / 2


def test_the_same_bytes_come_every_time(model, images) -> None:
    first = predict(model, images)
    for _ in range(5):
        np.testing.assert_array_equal(predict(model, images), first)


def test_rows_are_predicted_in_the_order_asked_for(model, images) -> None:
    rows = np.random.default_rng(1).permutation(COUNT)[: BATCH + 5]
    found = predict(model, images, rows)
    np.testing.assert_allclose(found, predict(model, images)[rows], rtol=0, atol=1e-5)


def test_a_single_row_has_probabilities(model, images) -> None:
    np.testing.assert_allclose(predict(model, images[:1]).sum(), 1, atol=1e-5)


def test_an_error_in_a_batch_is_not_lost(model, images) -> None:
    with pytest.raises(IndexError):
        predict(model, images, np.array([*range(BATCH), COUNT]))


@pytest.mark.parametrize("some_rows", [False, True])
def test_a_memory_map_is_read_batch_by_batch(some_rows, model, tmp_path: Path) -> None:
    path = tmp_path / "images.npy"
    mapped = np.lib.format.open_memmap(path, "w+", np.uint8, (40 * BATCH, 18, 18, 1))
    mapped[:] = 7
    del mapped
    images = np.load(path, mmap_mode="r")
    predict(model, images[: 2 * BATCH])
    tracemalloc.start()
    predict(model, images, np.arange(1, len(images)) if some_rows else None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < images.nbytes / 2


def test_views_are_the_image_and_its_shifts_by_a_pixel() -> None:
    images = np.arange(2 * 3 * 4 * 1, dtype=np.uint8).reshape(2, 3, 4, 1)
    assert len(set(SHIFTS)) == 9
    still, down, up, right, left = (shift(images, *by) for by in SHIFTS[:5])
    np.testing.assert_array_equal(still, images)
    np.testing.assert_array_equal(down[:, 1:], images[:, :-1])
    np.testing.assert_array_equal(down[:, 0], images[:, 0])
    np.testing.assert_array_equal(up[:, :-1], images[:, 1:])
    np.testing.assert_array_equal(up[:, -1], images[:, -1])
    np.testing.assert_array_equal(right[:, :, 1:], images[:, :, :-1])
    np.testing.assert_array_equal(left[:, :, :-1], images[:, :, 1:])
    corner = shift(images, 1, -1)
    np.testing.assert_array_equal(corner[:, 1:, :-1], images[:, :-1, 1:])
    assert {view.dtype for view in (still, down, up, right, left)} == {np.dtype(np.uint8)}


@pytest.mark.parametrize("count", [5, 9])
def test_probabilities_of_views_are_their_mean(count, model, images) -> None:
    found = predict(model, images, tta_views=count)
    assert (found.shape, found.dtype) == ((COUNT, 3), np.float32)
    expected = np.mean([predict(model, shift(images, *at)) for at in SHIFTS[:count]], axis=0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert abs(found - predict(model, images)).max() > 1e-4
    rows = np.array([5, 3, 200])
    np.testing.assert_allclose(predict(model, images, rows, count), found[rows], rtol=0, atol=1e-5)
