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

    Returns:
        (n, height, width) float32, the maximum over the channels.
    """
    return Saliency(model, images.shape, once=True)(images, labels, probabilities)


class Saliency:
    """`saliency` for many batches of one size.

    It is computed as one step of gradient descent with learning rate 1 on an offset added to the
    images, which works with every backend of Keras.

    Args:
        shape: (n, height, width, channels) of the batches.
        once: whether there is a single batch, for which compiling would take longer.
    """

    def __init__(self, model: keras.Model, shape: tuple[int, ...], once: bool = False) -> None:
        self._model, self._offset = model, _Offset(shape)
        inputs = keras.Input(shape[1:])
        self._outer = keras.Model(inputs, model(self._offset(inputs), training=False))
        self._outer.compile(
            keras.optimizers.SGD(1.0), _contrast, run_eagerly=once, jit_compile=False
        )

    def __call__(
        self, images: Images, labels: Labels, probabilities: Probabilities
    ) -> npt.NDArray[np.float32]:
        """See `saliency`."""
        classes = np.eye(probabilities.shape[1], dtype=np.float32)
        contrast = classes[probabilities.argmax(axis=1)] - classes[labels]
        self._offset.offset.assign(keras.ops.zeros(images.shape))
        trainable = self._model.trainable
        self._model.trainable = False
        self._outer.train_on_batch(images.astype(np.float32), contrast)
        self._model.trainable = trainable
        gradient: npt.NDArray[np.float32] = np.asarray(
            keras.ops.convert_to_numpy(self._offset.offset)
        )
        deepest: npt.NDArray[np.float32] = np.abs(gradient).max(axis=3)
        return deepest


def _contrast(wanted: Any, probabilities: Any) -> Any:
    logs = keras.ops.log(keras.ops.maximum(probabilities, 1e-30))
    return keras.ops.sum(wanted * logs, axis=-1)


class _Offset(keras.layers.Layer):  # type: ignore[misc]
    """Adds a weight with the shape of the batch, initially zero."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.offset = self.add_weight(shape=shape, initializer="zeros", name="offset")

    def call(self, images: Any) -> Any:
        return images + self.offset

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape
