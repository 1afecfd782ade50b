"""Convolutions that share their weights between orientations, for images at every angle.

A pattern that one filter has learned is found at 4 or 8 angles (group convolutions: Cohen and
Welling, 2016; 3 x 3 filters turned by 45 degrees along their ring: Zhou et al., 2017).
"""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.networks.backend import keras

RING = (0, 1, 2, 5, 8, 7, 6, 3)  # places of a 3 x 3 filter, clockwise around its centre


class RotatedConv2D(keras.layers.Layer):  # type: ignore[misc]
    """Convolution with filters of 3 x 3 at several angles, without bias; keeps the image's size.

    Takes (n, height, width, channels): of images if `first`, else the output of another such
    layer. Returns (n, height, width, angles * filters), all filters of the first angle first.

    Args:
        filters: number of filters for each angle.
        angles: 4 or 8 angles around the circle.
        first: whether the input has no orientations yet.
    """

    def __init__(self, filters: int, angles: int, first: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.filters, self.angles, self.first = filters, angles, first

    def build(self, input_shape: tuple[Any, ...]) -> None:
        orientations = 1 if self.first else self.angles
        fan = 9 * (input_shape[-1] + self.angles * self.filters)
        limit = float(np.sqrt(6 / fan))  # Keras' default for a plain convolution of this size
        self.kernel = self.add_weight(
            (9, orientations, input_shape[-1] // orientations, self.filters),
            keras.initializers.RandomUniform(-limit, limit),
            name="kernel",
        )

    def call(self, inputs: Any) -> Any:
        kernel = keras.ops.cast(self.kernel, self.compute_dtype)
        return keras.ops.conv(inputs, turn(kernel, self.angles), padding="same")

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        return (*input_shape[:-1], self.angles * self.filters)

    def get_config(self) -> dict[str, Any]:
        own = {"filters": self.filters, "angles": self.angles, "first": self.first}
        return {**super().get_config(), **own}


def turn(kernel: Any, angles: int) -> Any:
    """The filters at all angles.

    Args:
        kernel: (9, orientations of the input, channels, filters).

    Returns:
        (3, 3, orientations * channels, angles * filters), for a plain convolution.
    """
    _, orientations, channels, filters = kernel.shape
    turns = keras.ops.cast(_turns(angles), kernel.dtype)
    turned = keras.ops.matmul(turns, keras.ops.reshape(kernel, (9, -1)))
    turned = keras.ops.reshape(turned, (angles, 3, 3, orientations, channels, filters))
    # A filter that is turned finds the orientations of its input turned as well.
    of_angle = [
        keras.ops.roll(turned[angle], angle if orientations > 1 else 0, axis=2)
        for angle in range(angles)
    ]
    flat = (3, 3, orientations * channels, filters)
    return keras.ops.concatenate([keras.ops.reshape(one, flat) for one in of_angle], axis=-1)


@cache
def _turns(angles: int) -> npt.NDArray[np.float32]:
    """(angles, 9, 9) matrices that turn a flat 3 x 3 filter to each angle."""
    matrices = np.zeros((angles, 9, 9), np.float32)
    for angle in range(angles):
        step = angle * len(RING) // angles
        matrices[angle, 4, 4] = 1
        for at, place in enumerate(RING):
            matrices[angle, place, RING[at - step]] = 1
    return matrices


def with_plain_layers(model: keras.Model) -> keras.Model:
    """The model with Keras' own convolutions for rotated ones, and the same outputs.

    Keras opens it without this module. A model without rotated convolutions is returned as it is.
    """
    if not any(isinstance(layer, RotatedConv2D) for layer in model.layers):
        return model
    copy = keras.models.clone_model(model, clone_function=_plain)
    for old, new in zip(model.layers, copy.layers, strict=True):
        if isinstance(old, RotatedConv2D):
            new.set_weights([keras.ops.convert_to_numpy(turn(old.kernel, old.angles))])
        else:
            new.set_weights(old.get_weights())
    return copy


def _plain(layer: Any) -> Any:
    """A new layer like this one, without its weights."""
    if not isinstance(layer, RotatedConv2D):
        return type(layer).from_config(layer.get_config())
    return keras.layers.Conv2D(
        layer.angles * layer.filters, 3, padding="same", use_bias=False, name=layer.name,
        dtype=layer.dtype_policy,
    )  # fmt: skip
