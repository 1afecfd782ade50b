"""TTA views: shifted and turned copies of images whose probabilities are averaged."""

from collections.abc import Iterator

import numpy as np

from pipeline.arrays import Images
from pipeline.images.augmentation import turn

# Shifts in pixels down and across: the image itself, along the sides, along the diagonals.
SHIFTS = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))


def make_views(images: Images, shifts: int = 1, angles: int = 1) -> Iterator[Images]:
    """The images in each of `shifts * angles` views, the first as they are.

    Args:
        images: (n, height, width, channels).
        shifts: 1, 5 or 9, see `SHIFTS`.
        angles: number of angles, evenly around the circle. An odd number of them is even within a
            quarter of the circle too, where the angles of a network with 4 orientations repeat.
    """
    for angle in range(angles):
        turned = turn(images, 360 * angle / angles) if angle else images
        for down, across in SHIFTS[:shifts]:
            yield shift(turned, down, across)


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
