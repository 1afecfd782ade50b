"""The strokes of a pen -> an image like those that a run was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import cv2
import msgspec
import numpy as np

from pipeline.drawing.style import Floats, Style, centre_of_mass
from pipeline.runs.record import Data

FINE = 256  # pixels of the side that strokes are drawn at, before they are shrunk
SHIFT = 4  # bits of a pixel's fraction
SMALLEST = 0.1  # of the paper: a dot is not enlarged to a whole image

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Stroke = Annotated[list[tuple[Share, Share]], msgspec.Meta(min_length=1)]


@dataclass(frozen=True)
class Drawing:
    """What was drawn on a square paper.

    Attributes:
        strokes: the points (x, y) of each stroke, in 0..1 from the left and from the top.
    """

    strokes: Annotated[list[Stroke], msgspec.Meta(min_length=1)]


def to_image(drawing: Drawing, style: Style, data: Data) -> Floats:
    """The drawing, scaled and centred as the training images are, with their width of strokes.

    Args:
        data: what the run was trained on.

    Returns:
        (height, width, channels) in low..high; whole numbers if the training data has them.
    """
    height, width, _ = data.shape
    strokes = [np.array(stroke, np.float32)[:, ::-1] for stroke in drawing.strokes]  # (y, x)
    every = np.concatenate(strokes)
    low, high = every.min(axis=0), every.max(axis=0)
    scale = (style.side - style.stroke) / max(SMALLEST, float((high - low).max()))
    placed = [(stroke - (low + high) / 2) * scale + style.centre for stroke in strokes]
    reach = (high - low) / 2 * scale + style.stroke / 2
    off_centre = style.centre - centre_of_mass(_rasterize(placed, style, height, width)[None])[0]
    size = np.array([height, width], np.float32)
    room = np.maximum(0, np.stack([style.centre - reach, size - style.centre - reach]))
    move = np.where(style.by_mass, off_centre.clip(-room[0], room[1]), 0)
    levels = _rasterize([stroke + move for stroke in placed], style, height, width)
    values = style.paint(levels).clip(data.low, data.high)
    return np.rint(values) if data.dtype == "uint8" else values.astype(np.float32)


def _rasterize(strokes: Sequence[Floats], style: Style, height: int, width: int) -> Floats:
    """(height, width) shares of ink in 0..1, of strokes in pixels (y, x)."""
    fine = -(-FINE // min(height, width))
    canvas = np.zeros((height * fine, width * fine), np.uint8)
    for stroke in strokes:
        points = np.rint((stroke[:, ::-1] * fine - 0.5) * (1 << SHIFT)).astype(np.int32)
        points = np.repeat(points, 2, axis=0) if len(points) == 1 else points  # a dot
        thickness = max(1, round(style.stroke * fine))
        cv2.polylines(canvas, [points], False, 255, thickness, cv2.LINE_AA, SHIFT)
    small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / np.float32(255)
