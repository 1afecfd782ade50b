"""The model on a run's page: layers, filters, feature maps and saliency, if available."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from markupsafe import Markup

from pipeline.arrays import GreyLevels
from pipeline.competition.competition import Competition
from pipeline.images.mosaic import mosaic
from pipeline.report.sprites import Sprite, data_url, grey_sprite, row_name, training_images
from pipeline.runs.record import LayerRecord
from pipeline.runs.run import Run

LINES = 85  # grey level between pictures, which have black and white of their own


@dataclass(frozen=True)
class Block:
    """A layer in the diagram.

    Attributes:
        height, width: of its box, in CSS pixels.
    """

    layer: LayerRecord
    height: float
    width: float


@dataclass(frozen=True)
class Tiles:
    """Joins pictures in a row.

    Attributes:
        url: the picture itself, as a data URL.
        count: number of pictures.
        columns: number of pictures in a line.
    """

    title: str
    url: str
    count: int
    columns: int


@dataclass
class Explanation:
    """The parts of a run's page that describe its model. Each may be absent.

    Attributes:
        features: feature maps, by layer.
        feature_image: the image that they were computed for.
        saliency: (image, map) of the worst errors.
        sprites: what the page must carry for these.
    """

    blocks: list[Block]
    filters: Tiles | None = None
    features: list[Tiles] = field(default_factory=list)
    feature_image: Markup = field(default_factory=Markup)
    saliency: list[tuple[Markup, Markup]] = field(default_factory=list)
    sprites: list[Sprite] = field(default_factory=list)


def explain(competition: Competition, run: Run, errors: Sprite) -> Explanation:
    """The explanation of a run, ready to be shown.

    Args:
        errors: a sprite of the page with all wrong rows.
    """
    arrays, explanation = run.explanation, Explanation(_diagram(run))
    if "filters" in arrays:
        explanation.filters = _tiles(arrays["filters"], "first layer", columns=16)
    for number, layer in enumerate(run.layers):
        maps = arrays.get(f"features_{number}")
        if maps is not None and min(maps.shape[1:]) > 1:
            title = f"{number + 1} {layer.name}"
            explanation.features.append(_tiles(maps, title, columns=8))
    if explanation.features:
        row = int(arrays["feature_row"][0])
        sprite = training_images(competition, [row], "of-shown")
        label = competition.classes[competition.labels[row]]
        title = f"{row_name(competition, row)}, class {label}"
        explanation.feature_image = sprite.image(row, title)
        explanation.sprites.append(sprite)
    if "saliency" in arrays:
        rows = arrays["saliency_rows"].tolist()
        saliency = grey_sprite(arrays["saliency"], "of-saliency", rows)
        explanation.sprites.append(saliency)
        explanation.saliency = [
            (errors.image(row, row_name(competition, row)), saliency.image(row, "saliency"))
            for row in rows
        ]
    return explanation


def _diagram(run: Run) -> list[Block]:
    """A block for the image and for each layer; none without layers.

    The height of a block is the height of the layer's images, or the logarithm of its units; the
    width is the logarithm of its channels.
    """
    if not run.layers or run.record.training is None:
        return []
    image = LayerRecord("image", "Image", run.record.training.image_shape, (), 0)
    layers = [image, *run.layers]
    sides = [layer.output[0] for layer in layers if len(layer.output) == 3]
    blocks = []
    for layer in layers:
        if len(layer.output) == 3:
            height, width = 12 + 76 * layer.output[0] / max(sides), 8 + 4 * np.log2(layer.output[2])
        else:
            height, width = 12 + 7 * np.log2(max(1, int(np.prod(layer.output)))), 8
        blocks.append(Block(layer, float(height), float(width)))
    return blocks


def _tiles(pictures: GreyLevels, title: str, columns: int) -> Tiles:
    """(n, height, width) pictures with grey lines between them."""
    framed: Any = np.pad(pictures, ((0, 0), (0, 1), (0, 1)), constant_values=LINES)[..., None]
    columns = min(columns, len(framed))
    return Tiles(title, data_url(mosaic(framed, columns)), len(pictures), columns)
