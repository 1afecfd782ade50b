"""Images as text, for a terminal: each character shows two pixels, one above the other."""

from collections.abc import Sequence

import numpy as np

from pipeline.arrays import GreyLevels
from pipeline.images.resize import shrink

SIDE, GAP = 24, 2  # characters
BLOCKS = " \N{UPPER HALF BLOCK}\N{LOWER HALF BLOCK}\N{FULL BLOCK}"


def draw(images: GreyLevels, titles: Sequence[str], width: int = 80) -> str:
    """The first images side by side, with their titles below.

    Args:
        images: (n, height, width, channels) uint8 in 0..255.
        titles: n texts.
        width: maximum number of characters in a line.
    """
    bright = shrink(images, SIDE).mean(axis=3)
    middle = (bright.min(axis=(1, 2)) + bright.max(axis=(1, 2))) / 2
    on = bright > middle[:, None, None]
    on = np.pad(on, ((0, 0), (0, on.shape[1] % 2), (0, 0)))
    kinds = on[:, ::2] + 2 * on[:, 1::2]
    side = kinds.shape[2]
    count = max(1, min(len(kinds), (width + GAP) // (side + GAP)))
    lines = [[("".join(BLOCKS[kind] for kind in row)) for row in image] for image in kinds[:count]]
    lines = [
        [*image, title[:side].ljust(side)] for image, title in zip(lines, titles, strict=False)
    ]
    return "\n".join((" " * GAP).join(line).rstrip() for line in zip(*lines, strict=True))
