"""Which pixels a prediction depends on (Simonyan, Vedaldi and Zisserman, 2013)."""

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Images, Labels, Probabilities
from pipeline.networks.backend import keras


def saliency(
    model: keras.Model, images: Images, labels: Labels, probabilities: Probabilities
) -> npt.NDArray[np.float32]:
    """The absolute gradient of ln P(predicted) - ln P(label) with respect to each pixel.

    It is computed as one step of gradient descent with learning rate 1 on an offset added to the
    images, which works with every backend of Keras.

    Returns:
        (n, height, width) float32, the maximum over the channels.
    """
    classes = probabilities.shape[1]
    contrast = np.eye(classes)[probabilities.argmax(axis=1)] - np.eye(classes)[labels]
    offset = _Offset(images.shape)
    inputs = keras.Input(images.shape[1:])
    trainable = model.trainable
    model.trainable = False
    outer = keras.Model(inputs, model(offset(inputs), training=False))
    outer.compile(keras.optimizers.SGD(1.0), _contrast, run_eagerly=True)
    outer.train_on_batch(images.astype(np.float32), contrast.astype(np.float32))
    model.trainable = trainable
    gradient: npt.NDArray[np.float32] = np.asarray(keras.ops.convert_to_numpy(offset.offset))
    return np.abs(gradient).max(axis=3)


def _contrast(wanted: Any, probabilities: Any) -> Any:
    logs = keras.ops.log(keras.ops.maximum(probabilities, 1e-30))
    return keras.ops.sum(wanted * logs, axis=-1)


class _Offset(keras.layers.Layer):
    """Adds a weight with the shape of the batch, initially zero."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.offset = self.add_weight(shape=shape, initializer="zeros", name="offset")

    def call(self, images: Any) -> Any:
        return images + self.offset

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape
