"""Several images as one."""

import numpy as np

from pipeline.arrays import GreyLevels


def mosaic(images: GreyLevels, columns: int) -> GreyLevels:
    """(n, height, width, channels) -> one picture, from left to right and down."""
    count, height, width, channels = images.shape
    rows = max(1, -(-count // columns))
    grid = np.zeros((rows * columns, height, width, channels), np.uint8)
    grid[:count] = images
    lines = grid.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return lines.reshape(rows * height, columns * width, channels)
