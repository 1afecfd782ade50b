"""TTA views: shifted copies of images whose probabilities are averaged."""

import numpy as np

from pipeline.arrays import Images

# Shifts in pixels down and across: the image itself, along the sides, along the diagonals.
SHIFTS = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))


def shift(images: Images, down: int, across: int) -> Images:
    """Images (n, height, width, channels) shifted by at most one pixel; edge pixels are repeated.

    Args:
        down, across: -1, 0 or 1.
    """
    if not down and not across:
        return images
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = images.shape[1:3]
    return padded[:, 1 - down : 1 - down + height, 1 - across : 1 - across + width]
