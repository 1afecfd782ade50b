"""Digits as pictures of a page: all in one sprite, each shown by its place in it."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from pipeline.competition.competition import Competition
from pipeline.images.resize import fit_to, to_grey_levels, to_images

Levels = npt.NDArray[np.uint8]
COLUMNS = 40
LEVELS, COARSE = (4, 6, 8), 12  # of a colour; mean error that shows, of 255
LOSSLESS = 101  # OpenCV's word for it: a quality above 100
SIDE = 32  # larger images are shrunk to it


@dataclass(frozen=True)
class Sprite:
    """Images in a grid of one picture.

    Attributes:
        name: a CSS class, of-something, unlike that of any other sprite of the page.
        places: an image's key (a row of the training file) -> its number in the grid.
    """

    name: str
    images: Levels
    places: dict[int, int]

    @property
    def columns(self) -> int:
        return min(COLUMNS, max(1, len(self.images)))

    @property
    def css(self) -> Markup:
        """The rule that makes `<i class=NAME style=--x:3;--y:0>` a picture."""
        height, width = self.images.shape[1:3]
        return Markup(
            f".{self.name}{{--columns:{self.columns};--shape:{height / width:g};"
            f"background-image:url({address(mosaic(self.images, self.columns))})}}"
        )

    def digit(self, key: int, title: str) -> Markup:
        """An image as an element, whose title says what it is."""
        y, x = divmod(self.places[int(key)], self.columns)
        return Markup('<i class={} title="{}" style=--x:{};--y:{}></i>').format(
            self.name, title, x, y
        )


def digits_of(competition: Competition, rows: Iterable[int], name: str) -> Sprite:
    """The sprite of rows of the training file, each once."""
    unique = list(dict.fromkeys(int(row) for row in rows))
    schema = competition.schema
    images = to_images(competition.train_pixels[unique], schema.shape, schema.planes)
    return Sprite(
        name,
        small(to_grey_levels(images, schema.low, schema.high)),
        {row: place for place, row in enumerate(unique)},
    )


def grey_sprite(pictures: Levels, name: str, keys: Iterable[int] | None = None) -> Sprite:
    """The sprite of (n, height, width) pictures, by their number or by keys."""
    named = range(len(pictures)) if keys is None else keys
    return Sprite(name, pictures[..., None], {int(key): i for i, key in enumerate(named)})


def small(images: Levels) -> Levels:
    """(n, height, width, channels), shrunk to at most SIDE pixels."""
    height, width = images.shape[1:3]
    scale = min(1.0, SIDE / max(height, width))
    shrunk = fit_to(images, round(height * scale), round(width * scale), images.shape[3])
    return shrunk.astype(np.uint8)


def mosaic(images: Levels, columns: int) -> Levels:
    """(n, height, width, channels) -> one image with so many side by side."""
    count, height, width, channels = images.shape
    rows = max(1, -(-count // columns))
    grid = np.zeros((rows * columns, height, width, channels), np.uint8)
    grid[:count] = images
    lines = grid.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return lines.reshape(rows * height, columns * width, channels)


def address(image: Levels) -> str:
    """(height, width, 1 or 3) as the address of a picture that stands in the page itself.

    Few levels of a colour are enough at this size, four for strokes, eight for shades, and make a
    third of the bytes. WebP, lossless.
    """
    levels = _few_levels(image)
    ordered = levels[..., ::-1] if image.shape[2] == 3 else levels
    _, content = cv2.imencode(".webp", ordered, [cv2.IMWRITE_WEBP_QUALITY, LOSSLESS])
    return "data:image/webp;base64," + base64.b64encode(content.tobytes()).decode()


def _few_levels(image: Levels) -> Levels:
    for number in LEVELS:
        step = 255 / (number - 1)
        levels: Levels = np.round(np.round(image / step) * step).astype(np.uint8)
        if np.square(levels.astype(np.float32) - image).mean() < COARSE**2:
            break
    return levels
