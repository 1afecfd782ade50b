"""What only the model can show: its layers, filters, feature maps, saliency; kept as arrays."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from pipeline.arrays import Images, Rows
from pipeline.competition.competition import Competition
from pipeline.competition.folds import Fold
from pipeline.files import write_arrays, write_json
from pipeline.images.augmentation import LOOKED_AT, Augmentation, augment, choose_interpolation
from pipeline.images.resize import fit_to, to_grey_levels
from pipeline.runs.metrics import worst_errors
from pipeline.training.saliency import saliency

LAYERS, ARRAYS = "layers.json", "explanation.npz"
ERRORS = 40  # saliency maps
CHANNELS = 16  # feature maps of a layer
FILTERS = 32
SIDE = 28  # larger maps are shrunk to it: they are looked at, never computed with
MOVED, MOVES = 8, 4  # augmented samples: so many originals, each moved so many times

Levels = npt.NDArray[np.uint8]


def save_explanation(
    folder: Path,
    model: keras.Model,
    augmentation: Augmentation | None,
    images: Images,
    competition: Competition,
    split: Fold,
) -> None:
    """Saves layers.json and explanation.npz into a run's folder that has its probabilities.

    The arrays are for looking at: uint8 in 0..255, at most 28 x 28 a picture.

    Args:
        images: (n, height, width, channels) as the model takes them, of all training rows.
    """
    shown = split.validation[:1]
    table, outputs = describe_layers(model, images[shown])
    arrays: dict[str, npt.NDArray[Any]] = {"feature_row": shown}
    for place, output in enumerate(outputs):
        if output.ndim == 3:
            arrays[f"features_{place}"] = _maps(np.moveaxis(output, -1, 0)[:CHANNELS])
    filters = first_filters(model, images.shape[1:])
    if filters is not None:
        arrays["filters"] = filters
    probabilities = np.load(folder / "validation.npy")
    worst = worst_errors(probabilities, competition.labels[split.validation])[:ERRORS]
    if len(worst):
        rows = split.validation[worst]
        maps = saliency(model, images[rows], competition.labels[rows], probabilities[worst])
        arrays |= {"saliency": _maps(maps), "saliency_rows": rows}
    if augmentation:
        arrays |= _augmented(images, augmentation, competition, split.train)
    write_json(folder / LAYERS, table)
    write_arrays(folder / ARRAYS, arrays)


def describe_layers(
    model: keras.Model, image: Images
) -> tuple[list[dict[str, Any]], list[npt.NDArray[np.float32]]]:
    """Every layer in the order of computation, and what it makes of one image.

    Args:
        image: (1, height, width, channels).

    Returns:
        name, kind, output shape, weights' shapes and parameters of each; their outputs.
    """
    seen: list[tuple[Any, npt.NDArray[np.float32]]] = []

    def watched(layer: Any, call: Any) -> Any:
        def watching(*inputs: Any, **options: Any) -> Any:
            output = call(*inputs, **options)
            seen.append((layer, _numbers(output)[0]))
            return output

        return watching

    layers = list(_leaves(model))
    # Layers of a base belong to two graphs; only a pass through the model tells which is meant.
    for layer in layers:
        layer.call = watched(layer, layer.call)
    try:
        model(image.astype(np.float32), training=False)
    finally:
        for layer in layers:
            del layer.call
    table = [
        {
            "name": re.sub(r"_\d+$", "", layer.name),  # Keras counts through a whole process
            "kind": type(layer).__name__,
            "output": list(output.shape),
            "weights": [list(weight.shape) for weight in layer.weights],
            "parameters": layer.count_params(),
        }
        for layer, output in seen
    ]
    return table, [output for _, output in seen]


def _numbers(tensor: Any) -> npt.NDArray[np.float32]:
    return np.asarray(keras.ops.convert_to_numpy(tensor)).astype(np.float32)


def first_filters(model: keras.Model, shape: tuple[int, ...]) -> Levels | None:
    """The first layer's weights as pictures, (filters, height, width), or None without any.

    A dense layer that reads pixels has a picture a unit. Grey is zero, white speaks for, black
    against; each picture has its own scale.
    """
    layer = next((layer for layer in _leaves(model) if hasattr(layer, "kernel")), None)
    if layer is None:
        return None
    kernel = _numbers(layer.kernel)
    if kernel.ndim == 2:
        if kernel.shape[0] != np.prod(shape):
            return None
        kernel = kernel.reshape(*shape, -1)
    pictures = np.moveaxis(kernel.mean(axis=2), -1, 0)[:FILTERS]
    largest = np.abs(pictures).max(axis=(1, 2), keepdims=True)
    return _shrunk(np.rint(127.5 + 127.5 * pictures / np.maximum(largest, 1e-12)).astype(np.uint8))


def _augmented(
    images: Images, augmentation: Augmentation, competition: Competition, train: Rows
) -> dict[str, npt.NDArray[Any]]:
    rows = train[:MOVED]
    settled = choose_interpolation(augmentation, images[train[:LOOKED_AT]])
    originals = np.repeat(images[rows], MOVES, axis=0)
    moved = augment(originals, settled, np.random.default_rng(0))
    schema = competition.schema
    levels = to_grey_levels(moved, schema.low, schema.high)
    height, width = levels.shape[1:3]
    grey = _shrunk(fit_to(levels, height, width, 1)[..., 0].astype(np.uint8))
    return {"augmented": grey.reshape(len(rows), MOVES, *grey.shape[1:]), "augmented_rows": rows}


def _maps(values: npt.NDArray[np.float32]) -> Levels:
    """(n, height, width) of any range -> uint8, each picture from its least to its largest."""
    low, high = (end(axis=(1, 2), keepdims=True) for end in (values.min, values.max))
    return _shrunk(((values - low) / np.maximum(high - low, 1e-12) * 255).astype(np.uint8))


def _shrunk(levels: Levels) -> Levels:
    height, width = levels.shape[1:]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    shrunk: Levels = fit_to(levels[..., None], *size, 1)[..., 0].astype(np.uint8)
    return shrunk


def _leaves(model: keras.Model) -> Iterator[Any]:
    """The layers of a model and of the models in it, in order; inputs are none."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer)
        elif not isinstance(layer, keras.layers.InputLayer):
            yield layer
