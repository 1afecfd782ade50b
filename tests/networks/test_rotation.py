"""Convolutions whose filters are shared by several angles."""

import keras
import numpy as np
import pytest

from pipeline.networks.rotation import RotatedConv2D, with_plain_layers

layers = keras.layers
IMAGES = np.random.default_rng(0).random((3, 8, 8, 1), np.float32)


def network(angles: int) -> keras.Model:
    keras.utils.set_random_seed(0)
    stack = [RotatedConv2D(3, angles, first=True), layers.ReLU(), RotatedConv2D(5, angles)]
    stack += [layers.GlobalMaxPooling2D(), layers.Reshape((angles, 5))]
    return keras.Sequential([keras.Input((8, 8, 1)), *stack, layers.GlobalMaxPooling1D()])


@pytest.mark.parametrize("angles", [4, 8])
def test_the_output_is_the_same_for_a_turned_image(angles: int) -> None:
    model = network(angles)
    expected = model.predict(IMAGES, verbose=0)
    for quarters in (1, 2, 3):
        turned = np.rot90(IMAGES, quarters, axes=(1, 2))
        np.testing.assert_allclose(model.predict(turned, verbose=0), expected, atol=1e-5)


@pytest.mark.parametrize("angles", [4, 8])
def test_the_orientations_of_a_turned_image_are_its_own_moved_on(angles: int) -> None:
    """A layer finds a pattern at another angle with the next filter, not with the same one."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((8, 8, 1)), RotatedConv2D(2, angles, first=True)])
    found = model.predict(IMAGES, verbose=0).reshape(3, 8, 8, angles, 2)
    turned = model.predict(np.rot90(IMAGES, -1, axes=(1, 2)), verbose=0)
    turned = np.rot90(turned, 1, axes=(1, 2)).reshape(3, 8, 8, angles, 2)
    np.testing.assert_allclose(turned, np.roll(found, angles // 4, axis=3), atol=1e-5)
    assert abs(turned - found).max() > 0.1


@pytest.mark.parametrize("angles", [4, 8])
def test_plain_layers_give_the_same_output(angles: int) -> None:
    model = network(angles)
    plain = with_plain_layers(model)
    assert not any(isinstance(layer, RotatedConv2D) for layer in plain.layers)
    expected = model.predict(IMAGES, verbose=0)
    np.testing.assert_array_equal(plain.predict(IMAGES, verbose=0), expected)
