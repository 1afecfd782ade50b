"""Training images in the memory of a GPU, where they are also augmented.

Only the numbers of the rows and a matrix for each image are sent to the GPU in each step.
"""

from typing import Any

import numpy as np

from pipeline.arrays import Images, Rows
from pipeline.images.augmentation import REACH, Augmentation, border_pixels, draw_matrices
from pipeline.networks.backend import keras, uses_accelerator

MAX_SIZE = 2 << 30  # bytes of images as float32; several trainings may share a GPU
INTERPOLATIONS = {"linear": "bilinear", "nearest": "nearest"}

ops = keras.ops


class Resident:
    """Images or features (n, ...) in the memory of the backend's device, as float32."""

    def __init__(self, inputs: Images) -> None:
        self._inputs = ops.convert_to_tensor(inputs, "float32")

    def __getitem__(self, rows: Rows) -> Any:
        """A tensor with these rows."""
        return ops.take(self._inputs, rows, axis=0)


def place(inputs: Images) -> Images | Resident:
    """The inputs in the memory of the GPU, if there is one and they are not too large."""
    size = inputs.size * np.dtype(np.float32).itemsize
    return Resident(inputs) if uses_accelerator() and size <= MAX_SIZE else inputs


def augment_resident(images: Any, augmentation: Augmentation, random: np.random.Generator) -> Any:
    """`augment` on the device, with the same matrices.

    The results differ from those of `augment` by the rounding of coordinates and values. "noise"
    draws other pixels of the border.

    Args:
        images: a float32 tensor (n, height, width, channels).
    """
    count, height, width, _ = images.shape
    matrices = draw_matrices(count, height, width, augmentation, random).astype(np.float32)
    fill = augmentation.fill
    warped = ops.image.affine_transform(
        images,
        np.pad(matrices.reshape(count, 6), ((0, 0), (0, 2))),  # no perspective
        interpolation=INTERPOLATIONS[augmentation.interpolation],
        fill_mode="reflect" if fill == "reflect" else "nearest",
        data_format="channels_last",
    )
    if fill in ("nearest", "reflect"):
        return warped
    outside = _outside(matrices, height, width, REACH[augmentation.interpolation])
    filling = _draw_border(images, int(random.integers(1 << 31))) if fill == "noise" else 0.0
    return ops.where(outside[..., None], filling, warped)


def _draw_border(images: Any, seed: int) -> Any:
    """For each pixel of each image, one that is drawn from the image's own border."""
    count, height, width, channels = images.shape
    across, down = border_pixels(height, width)
    border = (down * width + across).astype(np.int32)
    drawn = keras.random.randint((count, height * width), 0, len(border), seed=seed)
    pixels = ops.take(border, drawn)
    flat = ops.reshape(images, (count, height * width, channels))
    return ops.reshape(ops.take_along_axis(flat, pixels[..., None], axis=1), images.shape)


def _outside(matrices: Any, height: int, width: int, reach: float) -> Any:
    """(n, height, width): whether the source of a pixel is beyond the edge of the image."""
    down, across = np.mgrid[:height, :width].astype(np.float32)
    grid = np.stack([across, down, np.ones_like(down)]).reshape(3, -1)
    source = ops.matmul(matrices, grid)
    last = np.array([[width - 1], [height - 1]], np.float32)
    beyond = ops.logical_or(source < -reach, source > last + reach)
    return ops.reshape(ops.any(beyond, axis=1), (-1, height, width))
