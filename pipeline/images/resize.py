"""Pixels -> images: reshape, resize, convert channels."""

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.arrays import Images, Pixels


def to_images(
    pixels: Pixels, shape: tuple[int, int, int], planes: bool = False, transpose: bool = False
) -> Images:
    """(n, pixels) -> (n, height, width, channels), with the same values and dtype.

    Args:
        shape: (height, width, channels).
        planes: whether colours are stored plane by plane: all reds, all greens, all blues.
        transpose: whether images are stored column by column, as those of EMNIST.
    """
    height, width, channels = shape
    sides = (width, height) if transpose else (height, width)
    if planes:
        images = pixels.reshape(-1, channels, *sides).transpose(0, 2, 3, 1)
    else:
        images = pixels.reshape(-1, *sides, channels)
    return np.ascontiguousarray(images.transpose(0, 2, 1, 3) if transpose else images)


def fit_to(images: Images, height: int, width: int, channels: int) -> Images:
    """Images of the requested size and channels, in the same dtype and range.

    Enlarging interpolates bilinearly, shrinking averages; grey becomes three equal channels, and
    colours become their luminance (ITU-R BT.601).

    Args:
        images: (n, h, w, c), c being 1 or 3.

    Returns:
        (n, height, width, channels).
    """
    if channels == 1 and images.shape[3] == 3:
        images = np.stack([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images])[..., None]
    if images.shape[1:3] != (height, width):
        smaller = height * width < images.shape[1] * images.shape[2]
        how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        resized = np.empty((len(images), height, width, images.shape[3]), images.dtype)
        for target, image in zip(resized, images, strict=True):
            target[...] = cv2.resize(image, (width, height), interpolation=how).reshape(
                target.shape
            )
        images = resized
    if channels == 3 and images.shape[3] == 1:
        images = np.repeat(images, 3, axis=3)
    return images


def shrink(images: Images, side: int) -> Images:
    """Images whose longer side is at most `side`; smaller ones are returned as they are.

    Args:
        images: (n, height, width, channels).
    """
    height, width, channels = images.shape[1:]
    scale = min(1.0, side / max(height, width))
    return fit_to(images, max(1, round(height * scale)), max(1, round(width * scale)), channels)


def to_grey_levels(images: Images, low: float, high: float) -> npt.NDArray[np.uint8]:
    """The images as uint8 in 0..255, for display.

    Args:
        low, high: the values that become 0 and 255; others are clipped.
    """
    levels = (images.astype(np.float32) - low) / (high - low) * 255
    return levels.clip(0, 255).round().astype(np.uint8)
