"""Resizing images."""

import numpy as np

from pipeline.images.resize import shrink


def test_large_images_are_shrunk_and_small_ones_are_not_enlarged() -> None:
    assert shrink(np.zeros((2, 64, 96, 3), np.uint8), 32).shape == (2, 21, 32, 3)
    assert shrink(np.zeros((2, 8, 8, 1), np.uint8), 32).shape == (2, 8, 8, 1)
    assert shrink(np.zeros((2, 1, 400, 1), np.uint8), 32).shape == (2, 1, 32, 1)
