"""Images of a page: many in one picture (a sprite), each shown by its position in it."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from markupsafe import Markup

from pipeline.arrays import GreyLevels, Pixels
from pipeline.competition.competition import Competition
from pipeline.competition.schema import Schema
from pipeline.images.mosaic import mosaic
from pipeline.images.resize import shrink, to_grey_levels, to_images

COLUMNS = 40
SIDE = 32  # larger images are shrunk to this side
LOSSLESS = 101  # OpenCV: any WebP quality above 100


@dataclass(frozen=True)
class Sprite:
    """Images in a grid, which a page contains once.

    Attributes:
        name: CSS class "of-...", unique in the page.
        images: (n, height, width, 1 or 3).
        positions: position in the grid by key, such as a row of the training file.
    """

    name: str
    images: GreyLevels
    positions: dict[int, int]

    @property
    def columns(self) -> int:
        return min(COLUMNS, max(1, len(self.images)))

    @property
    def css(self) -> Markup:
        """The rule that shows an image in `<i class=NAME style=--x:3;--y:0>`."""
        height, width = self.images.shape[1:3]
        return Markup(
            f".{self.name}{{--columns:{self.columns};--shape:{height / width:g};"
            f"background-image:url({data_url(mosaic(self.images, self.columns))})}}"
        )

    def image(self, key: int, title: str) -> Markup:
        """An element that shows the image of that key.

        Args:
            title: what the image shows.
        """
        y, x = divmod(self.positions[int(key)], self.columns)
        return Markup('<i class={} title="{}" style=--x:{};--y:{}></i>').format(
            self.name, title, x, y
        )


def training_images(competition: Competition, rows: Iterable[int], name: str) -> Sprite:
    """The sprite of rows of `train_pixels`; repeated rows are in it once."""
    return pixel_images(competition.schema, competition.train_pixels, rows, name)


def row_name(competition: Competition, row: int) -> str:
    """The name of a row of `train_pixels`: "row 17", its number in the training file, from 0."""
    return f"row {competition.file_rows[row]}"


def pixel_images(schema: Schema, pixels: Pixels, rows: Iterable[int], name: str) -> Sprite:
    """The sprite of rows of a file, by row number; repeated rows are in it once.

    Args:
        pixels: (n, pixels) of all rows.
    """
    unique = list(dict.fromkeys(int(row) for row in rows))
    images = to_images(pixels[unique], schema.shape, schema.planes, schema.transpose)
    levels = shrink(to_grey_levels(images, schema.low, schema.high), SIDE).astype(np.uint8)
    return Sprite(name, levels, {row: position for position, row in enumerate(unique)})


def grey_sprite(pictures: GreyLevels, name: str, keys: Iterable[int] | None = None) -> Sprite:
    """The sprite of (n, height, width) pictures, by their index or by keys."""
    named = range(len(pictures)) if keys is None else keys
    return Sprite(name, pictures[..., None], {int(key): i for i, key in enumerate(named)})


def data_url(picture: GreyLevels) -> str:
    """A (height, width, 1 or 3) picture as a URL that contains it, as lossless WebP."""
    ordered = picture[..., ::-1] if picture.shape[2] == 3 else picture  # OpenCV has BGR
    _, content = cv2.imencode(".webp", ordered, [cv2.IMWRITE_WEBP_QUALITY, LOSSLESS])
    return "data:image/webp;base64," + base64.b64encode(content.tobytes()).decode()
