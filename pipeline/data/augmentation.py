"""Random affine transforms of training batches: one composed matrix and one warp an image."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.data.images import Images

FILLS = {
    "nearest": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT_101,
    "constant": cv2.BORDER_CONSTANT,
}
# Correlation of neighbours in a row: digits drawn on black have 0.75 at 12 x 12, 0.95 at 28 x 28;
# digits on noise 0.25 at most, and those of 8 x 8, whose strokes are one pixel wide, 0.4.
SMOOTH = 0.5
INTERPOLATIONS = {"linear": cv2.INTER_LINEAR, "nearest": cv2.INTER_NEAREST}


@dataclass(frozen=True)
class Augmentation:
    """How far images are moved, each drawn uniformly from -limit to +limit.

    Attributes:
        rotation, shear: degrees.
        zoom: a share: 0.1 draws the width and the height each from 0.9 to 1.1 times their size.
        shift: pixels; below 1, a share of the side.
        fill: what stands where nothing was: the nearest pixel, the reflection, or zero.
        interpolation: "linear" smooths; "nearest" keeps the texture of noisy images, which
            linear would blur so that training no longer looks like the test; "auto" chooses.
    """

    rotation: float = 0.0
    zoom: float = 0.0
    shift: float = 0.0
    shear: float = 0.0
    fill: str = "nearest"
    interpolation: str = "auto"


def choose_interpolation(augmentation: Augmentation, images: Images) -> Augmentation:
    """Settles "auto": linear where neighbouring pixels are alike, nearest where they are noise."""
    if augmentation.interpolation != "auto":
        return augmentation
    some = images[:500].astype(np.float32)
    left, right = some[:, :, :-1].ravel(), some[:, :, 1:].ravel()
    constant = left.std() == 0 or right.std() == 0
    smooth = constant or np.corrcoef(left, right)[0, 1] > SMOOTH
    return replace(augmentation, interpolation="linear" if smooth else "nearest")


def augment(images: Images, augmentation: Augmentation, random: np.random.Generator) -> Images:
    """(n, height, width, channels) -> the same, each image moved by its own draw.

    Args:
        augmentation: its interpolation settled, see `choose_interpolation`.
    """
    height, width = images.shape[1:3]
    how = INTERPOLATIONS[augmentation.interpolation] | cv2.WARP_INVERSE_MAP
    fill = FILLS[augmentation.fill]
    moved = np.empty_like(images)
    for target, image, matrix in zip(
        moved, images, _matrices(len(images), height, width, augmentation, random), strict=True
    ):
        warped = cv2.warpAffine(image, matrix, (width, height), flags=how, borderMode=fill)
        target[...] = warped.reshape(target.shape)
    return moved


def _matrices(
    count: int, height: int, width: int, augmentation: Augmentation, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """(count, 2, 3) matrices that turn, shear, zoom and shift about the images' centre."""

    def draw(limit: float) -> npt.NDArray[np.float64]:
        return random.uniform(-limit, limit, count)

    angle, shear = np.deg2rad(draw(augmentation.rotation)), np.deg2rad(draw(augmentation.shear))
    zoom_x, zoom_y = 1 + draw(augmentation.zoom), 1 + draw(augmentation.zoom)
    shift_x, shift_y = (
        draw(augmentation.shift * (side if augmentation.shift < 1 else 1))
        for side in (width, height)
    )
    cos, sin = np.cos(angle), np.sin(angle)
    # rotation @ shear @ zoom
    linear = np.stack(
        [
            np.stack([cos * zoom_x, (cos * -np.sin(shear) - sin * np.cos(shear)) * zoom_y], -1),
            np.stack([sin * zoom_x, (sin * -np.sin(shear) + cos * np.cos(shear)) * zoom_y], -1),
        ],
        axis=1,
    )
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    shift = np.stack([shift_x, shift_y], -1) + centre - linear @ centre
    return np.concatenate([linear, shift[:, :, None]], axis=2)
