"""Random affine transforms of training images: a matrix per image, a warp per batch."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Literal

import cv2
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from pipeline import config
from pipeline.arrays import Images
from pipeline.config import UNLIMITED

Fill = Literal["nearest", "reflect", "constant", "noise"]
NonNegative = Annotated[float, Meta(ge=0, lt=UNLIMITED)]
INTERPOLATIONS = {"linear": cv2.INTER_LINEAR, "nearest": cv2.INTER_NEAREST}
SAMPLE_SIZE = 500  # images that decide the interpolation
# Correlation of neighbouring pixels: 0.75 (12 x 12) to 0.95 (28 x 28) for digits on black, at most
# 0.25 for digits on noise, 0.4 for those of 8 x 8, whose strokes are one pixel wide.
SMOOTH = 0.5
MAX_ROWS = 32_000  # rows of an image that OpenCV warps

Coordinates = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Augmentation:
    """Limits of random transforms, each drawn uniformly from -limit to +limit.

    The transforms are those of Keras' ImageDataGenerator: about the centre, zoom first, then shear,
    shift and rotation, with separate draws for the zoom of width and height. Three of its bugs are
    not copied: it swaps width and height in the shift and in the centre of images that are not
    square, and a shift of 2 draws whole pixels from -1 to 1.

    Attributes:
        rotation, shear: degrees.
        zoom: a fraction: 0.1 draws the width and the height each from 0.9 to 1.1 times their size.
        shift: pixels if 1 or more; below 1, a fraction of the side.
        fill: the pixels beyond the edge: "nearest" repeats the edge; "reflect" mirrors the image,
            the edge included; "constant" is zero; "noise" draws each pixel from the image's own
            outermost rows and columns, which continues a noisy background.
        interpolation: "linear" smooths; "nearest" keeps the texture of noisy images, which
            linear would blur, so that training images would differ from test images; "auto"
            chooses by `choose_interpolation`.
    """

    rotation: NonNegative = 0.0
    zoom: NonNegative = 0.0
    shift: NonNegative = 0.0
    shear: NonNegative = 0.0
    fill: Fill = "nearest"
    interpolation: Literal["auto", "linear", "nearest"] = "auto"

    def __post_init__(self) -> None:
        config.check(self)


def choose_interpolation(augmentation: Augmentation, images: Images) -> Augmentation:
    """Replaces "auto": by "linear" if neighbouring pixels correlate, by "nearest" if not.

    Args:
        images: (n, height, width, channels), of which the first `SAMPLE_SIZE` are used.
    """
    if augmentation.interpolation != "auto":
        return augmentation
    smooth = is_smooth(images[:SAMPLE_SIZE])
    return replace(augmentation, interpolation="linear" if smooth else "nearest")


def is_smooth(images: Images) -> bool:
    """Whether neighbouring pixels correlate, or all are equal.

    Args:
        images: (n, height, width, channels).
    """
    left, right = (
        part.astype(np.float32).ravel() for part in (images[:, :, :-1], images[:, :, 1:])
    )
    constant = left.std() == 0 or right.std() == 0
    return bool(constant or np.corrcoef(left, right)[0, 1] > SMOOTH)


def augment(images: Images, augmentation: Augmentation, random: np.random.Generator) -> Images:
    """Transforms each image with its own random parameters.

    Args:
        images: (n, height, width, channels).
        augmentation: with an interpolation other than "auto", see `choose_interpolation`.

    Returns:
        New images in the same shape, dtype and range.
    """
    count, height, width, _ = images.shape
    matrices = draw_matrices(count, height, width, augmentation, random)
    result = np.empty_like(images)
    together = max(1, MAX_ROWS // height)
    for first in range(0, count, together):
        part = slice(first, first + together)
        result[part] = _warp(images[part], matrices[part], augmentation, random)
    return result


def turn(images: Images, degrees: float) -> Images:
    """Images (n, height, width, channels) turned about their centre; edge pixels are repeated."""
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    linear = np.array([[cosine, -sine], [sine, cosine]])
    centre = (np.array(images.shape[2:0:-1]) - 1) / 2
    matrix = np.concatenate([linear, (centre - linear @ centre)[:, None]], axis=1)
    matrices = np.broadcast_to(matrix, (len(images), 2, 3))
    how = Augmentation(interpolation="linear", fill="nearest")
    return _warp(images, matrices, how, np.random.default_rng())


def draw_matrices(
    count: int, height: int, width: int, augmentation: Augmentation, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """(count, 2, 3) matrices from a pixel (across, down) of the result to its source."""

    def draw(limit: float) -> npt.NDArray[np.float64]:
        return random.uniform(-limit, limit, count)

    angle, shear = np.deg2rad(draw(augmentation.rotation)), np.deg2rad(draw(augmentation.shear))
    zoom_across, zoom_down = 1 + draw(augmentation.zoom), 1 + draw(augmentation.zoom)
    across, down = (
        draw(augmentation.shift * (side if augmentation.shift < 1 else 1))
        for side in (width, height)
    )
    cosine, sine = np.cos(angle), np.sin(angle)
    # Rotation times shear times zoom, multiplied out.
    linear = np.empty((count, 2, 2))
    linear[:, 0, 0], linear[:, 0, 1] = zoom_across * cosine, -zoom_down * np.sin(angle + shear)
    linear[:, 1, 0], linear[:, 1, 1] = zoom_across * sine, zoom_down * np.cos(angle + shear)
    shifted = np.stack([cosine * across - sine * down, sine * across + cosine * down], axis=1)
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    return np.concatenate([linear, (shifted + centre - linear @ centre)[..., None]], axis=2)


def _warp(
    images: Images,
    matrices: npt.NDArray[np.float64],
    augmentation: Augmentation,
    random: np.random.Generator,
) -> Images:
    """The transformed images, by a single OpenCV call on one tall image of all of them."""
    count, height, width, channels = images.shape
    grid = np.ones((3, height, width), np.float32)
    grid[1], grid[0] = np.mgrid[:height, :width]
    across, down = matrices.transpose(1, 0, 2).astype(np.float32) @ grid.reshape(3, -1)
    how = INTERPOLATIONS[augmentation.interpolation]
    # The nearest pixel reaches half a pixel beyond its centre.
    reach = 0.5 if how == cv2.INTER_NEAREST else 0.0
    _fill(across, down, height, width, augmentation.fill, reach, random)
    down += height * np.arange(count, dtype=np.float32)[:, None]
    tall = (count * height, width)
    warped: Images = cv2.remap(
        images.reshape(*tall, channels),
        across.reshape(tall),
        down.reshape(tall),
        how,
        borderMode=cv2.BORDER_CONSTANT,
    )
    return warped.reshape(images.shape)


def _fill(
    across: Coordinates,
    down: Coordinates,
    height: int,
    width: int,
    fill: str,
    reach: float,
    random: np.random.Generator,
) -> None:
    """Maps coordinates outside the image into it, or far out of it for zeros, in place.

    Args:
        across, down: (n, height * width) coordinates in the source image.
        reach: how far beyond the centres of the edge's pixels the image goes.
    """
    sides = ((across, width), (down, height))
    if fill == "reflect":
        for at, side in sides:  # from -side to 2 * side; further out, the nearest pixel
            np.subtract(np.abs(at + 0.5), 0.5, out=at)
            np.subtract(side - 0.5, np.abs(side - 0.5 - at), out=at)
    if fill in ("constant", "noise"):
        out_across, out_down = ((at < -reach) | (at > side - 1 + reach) for at, side in sides)
        exposed = out_across | out_down
    for at, side in sides:
        np.clip(at, 0, side - 1, out=at)
    if fill == "constant":
        np.copyto(across, -width, where=exposed)
    if fill == "noise":
        pixels = np.flatnonzero(exposed)
        border_across, border_down = _border(height, width)
        drawn = random.integers(len(border_down), size=len(pixels), dtype=np.uint32)
        across.ravel()[pixels] = border_across.take(drawn)
        down.ravel()[pixels] = border_down.take(drawn)


@cache
def _border(height: int, width: int) -> tuple[Coordinates, Coordinates]:
    """The coordinates (across, down) of the pixels in the outermost rows and columns."""
    inner = np.zeros((max(height - 2, 0), max(width - 2, 0)), bool)
    down, across = np.nonzero(np.pad(inner, 1, constant_values=True)[:height, :width])
    return across.astype(np.float32), down.astype(np.float32)
