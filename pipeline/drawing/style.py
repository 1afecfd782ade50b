"""Where the training images have their ink, and how wide their strokes are."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Images

HALF = 0.5  # of the ink: the edge of a smoothed stroke

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Style:
    """What the training images have in common, measured in pixels.

    Attributes:
        side: the longer side of the box around the ink.
        centre: (y, x) where the ink is.
        by_mass: (2,) whether y and x are those of the centre of mass, not of the box.
        stroke: width of a stroke.
        background, ink: (channels,) values of the pixels.
    """

    side: float
    centre: Floats
    by_mass: npt.NDArray[np.bool_]
    stroke: float
    background: Floats
    ink: Floats

    def paint(self, levels: Floats) -> Floats:
        """(height, width) shares of ink in 0..1 -> (height, width, channels) values."""
        return self.background + levels[..., None] * (self.ink - self.background)


def measure_style(images: Images, low: float, high: float) -> Style:
    """The style of images.

    Ink is what differs from the background, the usual value along the edges. Images are centred
    by their centre of mass or by their box, whichever differs less between them: MNIST's digits
    have their centre of mass in the middle.

    Args:
        images: (n, height, width, channels), some of the training rows.
        low, high: the ends of the range of values.
    """
    edges = (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1])
    background = np.median(np.concatenate(edges, axis=1), axis=(0, 1)).astype(np.float32)
    ink = np.where(background - low < high - background, high, low).astype(np.float32)
    levels = ((images - background) / (ink - background)).mean(axis=3).clip(0, 1)
    levels = levels[levels.max(axis=(1, 2)) > 0]
    levels /= levels.max(axis=(1, 2), keepdims=True)  # ink may be faint
    height, width = levels.shape[1:]
    if not len(levels):
        middle = np.array([height / 2, width / 2], np.float32)
        side = 0.7 * min(height, width)
        return Style(side, middle, np.array([True, True]), 0.1 * side, background, ink)
    starts, ends = find_box(levels)
    centres = np.stack([centre_of_mass(levels), (starts + ends) / 2])
    by_mass = np.less(*centres.std(axis=1))
    centre = np.where(by_mass, *centres.mean(axis=1)).astype(np.float32)
    side = float(np.median((ends - starts).max(axis=1)))
    stroke = min(_stroke_width(levels), side / 2)  # of images that are no strokes
    return Style(side, centre, by_mass, stroke, background, ink)


def find_box(levels: Floats) -> tuple[Floats, Floats]:
    """The first and the last edge, each (n, 2) as (y, x), of the ink in (n, height, width)."""
    ink = levels >= HALF
    lines = [np.asarray(ink.any(axis=axis)) for axis in (2, 1)]
    starts = np.stack([line.argmax(axis=1) for line in lines], axis=1)
    ends = np.stack([line.shape[1] - line[:, ::-1].argmax(axis=1) for line in lines], axis=1)
    return starts.astype(np.float32), ends.astype(np.float32)


def centre_of_mass(levels: Floats) -> Floats:
    """(n, 2) as (y, x) of the ink in (n, height, width)."""
    mass = levels.sum(axis=(1, 2))
    sums = (levels.sum(axis=2), levels.sum(axis=1))
    centres = [line @ (np.arange(line.shape[1]) + 0.5) / mass for line in sums]
    return np.stack(centres, axis=1).astype(np.float32)


def _stroke_width(levels: Floats) -> float:
    """The usual width of strokes: twice their area by the length of their edges."""
    padded = np.pad(levels, ((0, 0), (1, 1), (1, 1)))
    down, across = np.diff(padded, axis=1)[..., 1:], np.diff(padded, axis=2)[:, 1:]
    edges = np.hypot(down, across).sum(axis=(1, 2))
    return float(np.median(2 * levels.sum(axis=(1, 2)) / edges))
