"""Random affine transforms of training batches: one matrix an image, one warp a batch."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Literal

import cv2
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from pipeline.arrays import Images
from pipeline.config import UNLIMITED

NonNegative = Annotated[float, Meta(ge=0, lt=UNLIMITED)]
INTERPOLATIONS = {"linear": cv2.INTER_LINEAR, "nearest": cv2.INTER_NEAREST}
LOOKED_AT = 500  # images that settle the interpolation
# Correlation of neighbours in a row: digits drawn on black have 0.75 at 12 x 12, 0.95 at 28 x 28;
# digits on noise 0.25 at most, and those of 8 x 8, whose strokes are one pixel wide, 0.4.
SMOOTH = 0.5
TALLEST = 32_000  # rows of an image that OpenCV warps

Places = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Augmentation:
    """How far images are moved, each drawn uniformly from -limit to +limit.

    The moves are those of Keras' ImageDataGenerator: about the centre, zoom first, then shear,
    shift and rotation, width and height zoomed each by a draw of its own. Only its slips are not
    repeated: it exchanges width and height in the shift and the centre of images that are not
    square, and a whole-number shift of 2 draws whole pixels from -1 to 1.

    Attributes:
        rotation, shear: degrees.
        zoom: a share: 0.1 draws the width and the height each from 0.9 to 1.1 times their size.
        shift: pixels; below 1, a share of the side.
        fill: what stands where nothing was: "nearest", the nearest pixel; "reflect", the image
            mirrored at its edge, the edge's pixels twice; "constant", zero; "noise", pixels drawn
            from the image's own outermost rows and columns, each anew, so that a noisy
            background goes on where the others would draw bars.
        interpolation: "linear" smooths; "nearest" keeps the texture of noisy images, which
            linear would blur so that training no longer looks like the test; "auto" chooses.
    """

    rotation: NonNegative = 0.0
    zoom: NonNegative = 0.0
    shift: NonNegative = 0.0
    shear: NonNegative = 0.0
    fill: Literal["nearest", "reflect", "constant", "noise"] = "nearest"
    interpolation: Literal["auto", "linear", "nearest"] = "auto"


def choose_interpolation(augmentation: Augmentation, images: Images) -> Augmentation:
    """Settles "auto": linear where neighbouring pixels are alike, nearest where they are noise."""
    if augmentation.interpolation != "auto":
        return augmentation
    some = images[:LOOKED_AT].astype(np.float32)
    left, right = some[:, :, :-1].ravel(), some[:, :, 1:].ravel()
    constant = left.std() == 0 or right.std() == 0
    smooth = constant or np.corrcoef(left, right)[0, 1] > SMOOTH
    return replace(augmentation, interpolation="linear" if smooth else "nearest")


def augment(images: Images, augmentation: Augmentation, random: np.random.Generator) -> Images:
    """(n, height, width, channels) -> the same, each image moved by its own draw.

    Args:
        augmentation: its interpolation settled, see `choose_interpolation`.
    """
    count, height, width, _ = images.shape
    matrices = _matrices(count, height, width, augmentation, random)
    moved = np.empty_like(images)
    together = max(1, TALLEST // height)
    for first in range(0, count, together):
        part = slice(first, first + together)
        moved[part] = _warp(images[part], matrices[part], augmentation, random)
    return moved


def _matrices(
    count: int, height: int, width: int, augmentation: Augmentation, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """(count, 2, 3) matrices that say where each pixel (across, down) comes from."""

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
    moved = np.stack([cosine * across - sine * down, sine * across + cosine * down], axis=1)
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    return np.concatenate([linear, (moved + centre - linear @ centre)[..., None]], axis=2)


def _warp(
    images: Images,
    matrices: npt.NDArray[np.float64],
    augmentation: Augmentation,
    random: np.random.Generator,
) -> Images:
    """The images moved, all by one call: they stand below each other in a single tall one."""
    count, height, width, channels = images.shape
    places = np.ones((3, height, width), np.float32)
    places[1], places[0] = np.mgrid[:height, :width]
    across, down = matrices.transpose(1, 0, 2).astype(np.float32) @ places.reshape(3, -1)
    how = INTERPOLATIONS[augmentation.interpolation]
    # Where the nearest pixel is taken, a place is in the image as far as that pixel reaches.
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
    across: Places,
    down: Places,
    height: int,
    width: int,
    fill: str,
    reach: float,
    random: np.random.Generator,
) -> None:
    """Brings places outside the image into it, or far out of it where zeros are wanted."""
    sides = ((across, width), (down, height))
    if fill == "reflect":
        for place, side in sides:  # from -side to 2 * side; what is further is the nearest pixel
            np.subtract(np.abs(place + 0.5), 0.5, out=place)
            np.subtract(side - 0.5, np.abs(side - 0.5 - place), out=place)
    if fill in ("constant", "noise"):
        out_across, out_down = (
            (place < -reach) | (place > side - 1 + reach) for place, side in sides
        )
        exposed = out_across | out_down
    for place, side in sides:
        np.clip(place, 0, side - 1, out=place)
    if fill == "constant":
        np.copyto(across, -width, where=exposed)
    if fill == "noise":
        places = np.flatnonzero(exposed)
        rim_across, rim_down = _rim(height, width)
        drawn = random.integers(len(rim_down), size=len(places), dtype=np.uint32)
        across.ravel()[places] = rim_across.take(drawn)
        down.ravel()[places] = rim_down.take(drawn)


@cache
def _rim(height: int, width: int) -> tuple[Places, Places]:
    """Across and down of each pixel in the outermost rows and columns."""
    inner = np.zeros((max(height - 2, 0), max(width - 2, 0)), bool)
    down, across = np.nonzero(np.pad(inner, 1, constant_values=True)[:height, :width])
    return across.astype(np.float32), down.astype(np.float32)
