"""What a run has kept of its model: layers, filters, feature maps, saliency; perhaps nothing."""

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from pipeline.competition.competition import Competition
from pipeline.report.sprites import Sprite, address, digits_of, grey_sprite, mosaic
from pipeline.runs.run import Run

Arrays = dict[str, npt.NDArray[Any]]


@dataclass
class Explanation:
    """The parts of a run's page that come from its model; each may be absent.

    Attributes:
        layers: of each its name, kind, output and weights' shapes, parameters.
        features: a layer's name and its maps as one picture's address.
        filters: the first layer's, as one picture's address, and how many.
        saliency: (digit, map, caption) of the worst errors.
        sprites: what the page must carry for these.
    """

    layers: list[dict[str, Any]] = field(default_factory=list)
    features: list[dict[str, Any]] = field(default_factory=list)
    feature_digit: Markup = field(default_factory=Markup)
    filters: dict[str, Any] | None = None
    saliency: list[dict[str, Any]] = field(default_factory=list)
    sprites: list[Sprite] = field(default_factory=list)


def load_explanation(run: Run) -> Arrays:
    """The arrays that the run kept for looking at; none where there is no such file."""
    path = run.folder / "explanation.npz"
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def explain(competition: Competition, run: Run, errors: Sprite) -> Explanation:
    """What the run has kept, ready to be shown.

    Args:
        errors: the page's sprite that has all wrong rows.
    """
    arrays, explanation = load_explanation(run), Explanation(layers=_layers(run))
    if "filters" in arrays:
        explanation.filters = _strip(arrays["filters"], columns=16, frame=0)
    _add_features(explanation, competition, arrays)
    _add_saliency(explanation, competition, arrays, errors)
    return explanation


def _layers(run: Run) -> list[dict[str, Any]]:
    path = run.folder / "layers.json"
    if not path.exists():
        return []
    layers: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    largest = max((layer["output"][0] for layer in layers if len(layer["output"]) == 3), default=1)
    for layer in layers:
        layer |= _block(layer["output"], largest)
    return layers


def _block(output: list[int], largest: int) -> dict[str, float]:
    """The layer's box in the diagram: its height and width in pixels.

    Height is the image's side, width the logarithm of the channels; units stand upright.
    """
    if len(output) == 3:
        return {"height": 12 + 76 * output[0] / largest, "width": 8 + 4 * np.log2(output[2])}
    return {"height": 12 + 7 * np.log2(max(1, int(np.prod(output)))), "width": 8.0}


def _strip(pictures: npt.NDArray[np.uint8], columns: int, frame: int) -> dict[str, Any]:
    """(n, height, width) as one picture with a pixel of that grey between them."""
    framed = np.pad(pictures, ((0, 0), (0, 1), (0, 1)), constant_values=frame)[..., None]
    columns = min(columns, len(framed))
    image = mosaic(framed, columns)
    return {"address": address(image), "count": len(pictures), "columns": columns}


def _add_features(explanation: Explanation, competition: Competition, arrays: Arrays) -> None:
    for place, layer in enumerate(explanation.layers):
        maps = arrays.get(f"features_{place}")
        if maps is not None and min(maps.shape[1:]) > 1:
            explanation.features.append(
                {"name": f"{place + 1} {layer['name']}", **_strip(maps, columns=8, frame=85)}
            )
    if explanation.features:
        row = int(arrays["feature_row"][0])
        sprite = digits_of(competition, [row], "of-shown")
        name = competition.classes[competition.labels[row]]
        explanation.feature_digit = sprite.digit(row, f"row {row}, a {name}")
        explanation.sprites.append(sprite)


def _add_saliency(
    explanation: Explanation, competition: Competition, arrays: Arrays, errors: Sprite
) -> None:
    if "saliency" not in arrays:
        return
    rows = arrays["saliency_rows"].tolist()
    maps = grey_sprite(arrays["saliency"], "of-saliency", rows)
    explanation.sprites.append(maps)
    explanation.saliency = [
        {
            "row": row,
            "truth": competition.classes[competition.labels[row]],
            "picture": errors.digit(row, f"row {row}"),
            "map": maps.digit(row, "saliency"),
        }
        for row in rows
    ]
