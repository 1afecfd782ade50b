"""Training images in the memory of a GPU, where they are also augmented.

In each step, only the numbers of the rows, their labels and a matrix for each image are sent there.
"""

from typing import Any

import numpy as np

from pipeline.arrays import Images, Rows
from pipeline.images.augmentation import Augmentation, draw_matrices
from pipeline.machine import release_memory
from pipeline.networks.backend import keras, uses_accelerator

MAX_SIZE = 1 << 30  # bytes of images as float32; several trainings may share a GPU
FILLS = ("nearest", "reflect")  # that Keras has, with the same meaning up to a shift of a side
INTERPOLATIONS = {"linear": "bilinear", "nearest": "nearest"}


class Resident:
    """Images or features (n, ...) in the memory of the backend's device, as float32."""

    def __init__(self, inputs: Images) -> None:
        self._inputs = keras.ops.convert_to_tensor(inputs, "float32")
        release_memory()  # of the float32 copy on the way to the GPU

    def __getitem__(self, rows: Rows) -> Any:
        """A tensor with these rows."""
        return keras.ops.take(self._inputs, rows, axis=0)


def place_on_gpu(inputs: Images, augmentation: Augmentation | None) -> Images | Resident:
    """The inputs in the memory of the GPU, if there is one.

    They stay where they are if they are too large, or if their augmentation needs the processor.
    """
    size = inputs.size * np.dtype(np.float32).itemsize
    possible = augmentation is None or augmentation.fill in FILLS
    return Resident(inputs) if uses_accelerator() and possible and size <= MAX_SIZE else inputs


def augment_on_device(images: Any, augmentation: Augmentation, random: np.random.Generator) -> Any:
    """`augment` with the operations of Keras: the same random transforms, up to rounding.

    Args:
        images: a float32 tensor (n, height, width, channels).
        augmentation: with one of FILLS.
    """
    count, height, width, _ = images.shape
    matrices = draw_matrices(count, height, width, augmentation, random).astype(np.float32)
    return keras.ops.image.affine_transform(
        images,
        np.pad(matrices.reshape(count, 6), ((0, 0), (0, 2))),  # no perspective
        interpolation=INTERPOLATIONS[augmentation.interpolation],
        fill_mode=augmentation.fill,
        data_format="channels_last",
    )
