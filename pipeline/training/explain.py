"""Pictures of a model: its layers, filters, feature maps and saliency, as arrays for display."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.arrays import GreyLevels, Images
from pipeline.competition.competition import Competition
from pipeline.images.augmentation import SAMPLE_SIZE, Augmentation, augment, choose_interpolation
from pipeline.images.resize import fit_to, shrink, to_grey_levels
from pipeline.networks.backend import keras
from pipeline.networks.saliency import saliency
from pipeline.runs.folder import Validation
from pipeline.runs.metrics import worst_errors
from pipeline.runs.record import LayerRecord
from pipeline.training.job import Job

ERRORS = 40  # saliency maps
CHANNELS = 16  # feature maps of a layer
FILTERS = 32
SIDE = 28  # larger pictures are shrunk to this side
ORIGINALS, COPIES = 8, 4  # augmented samples: copies of each original

Arrays = dict[str, npt.NDArray[Any]]


def explain(
    job: Job,
    model: keras.Model,
    images: Images,
    competition: Competition,
    validation: Validation,
) -> tuple[list[LayerRecord], Arrays]:
    """Describes a trained model.

    Args:
        images: (n, height, width, channels) as the model takes them, for all training rows.

    Returns:
        Its layers; and pictures by name, uint8 of at most 28 x 28: filters, features_<layer> of
        feature_row, saliency of saliency_rows, augmented of augmented_rows.
    """
    first = validation.rows[:1]
    layers, outputs = describe_layers(model, images[first])
    arrays: Arrays = {"feature_row": first}
    for number, output in enumerate(outputs):
        if output.ndim == 3:
            arrays[f"features_{number}"] = _stretched(np.moveaxis(output, -1, 0)[:CHANNELS])
    filters = first_filters(model, images.shape[1:])
    if filters is not None:
        arrays["filters"] = filters
    arrays |= _saliency(model, images, validation)
    if job.recipe.augmentation:
        arrays |= _augmented(images, job, job.recipe.augmentation, competition)
    return layers, arrays


def describe_layers(
    model: keras.Model, image: Images
) -> tuple[list[LayerRecord], list[npt.NDArray[np.float32]]]:
    """Every layer in the order of computation, and its output for one image.

    Args:
        image: (1, height, width, channels).
    """
    pairs = list(_apply(model, keras.ops.convert_to_tensor(image.astype(np.float32))))
    records = [
        LayerRecord(
            name=layer.name,
            kind=type(layer).__name__,
            output=tuple(output.shape[1:]),
            weights=tuple(tuple(weight.shape) for weight in layer.weights),
            parameters=layer.count_params(),
        )
        for layer, output in pairs
    ]
    return records, [_numbers(output)[0] for _, output in pairs]


def last_features(model: keras.Model) -> keras.Model:
    """Images as the model takes them -> (n, features) float32, the input of its last layer."""
    images = keras.Input(model.input_shape[1:])
    outputs = [images, *(output for _, output in _apply(model, images))]
    flat = keras.layers.Flatten(dtype="float32", name="last_features")  # no name of a recipe
    return keras.Model(images, flat(outputs[-2]))


def _apply(model: keras.Model, value: Any) -> Iterator[tuple[Any, Any]]:
    """Each layer of a model, and of the models in it, with its output. The layers are a chain."""
    for operation in model.operations:
        if isinstance(operation, keras.Model):
            inner = list(_apply(operation, value))
            yield from inner
            value = inner[-1][1] if inner else value  # a backbone without frozen layers
        elif isinstance(operation, keras.layers.InputLayer):
            continue
        elif isinstance(operation, keras.layers.Layer):
            value = operation(value)
            yield operation, value
        else:
            value = value[..., ::-1]  # RGB to BGR, the only operation that is not a layer


def _numbers(tensor: Any) -> npt.NDArray[np.float32]:
    return np.asarray(keras.ops.convert_to_numpy(tensor)).astype(np.float32)


def first_filters(model: keras.Model, shape: tuple[int, ...]) -> GreyLevels | None:
    """The weights of the first layer as pictures, (filters, height, width).

    A dense layer on pixels has a picture for each unit. Grey is zero, white is positive, black is
    negative; each picture has its own scale. None if no layer has weights for pixels.
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


def _saliency(model: keras.Model, images: Images, validation: Validation) -> Arrays:
    worst = worst_errors(validation.probabilities, validation.labels)[:ERRORS]
    if not len(worst):
        return {}
    rows, labels = validation.rows[worst], validation.labels[worst]
    maps = saliency(model, images[rows], labels, validation.probabilities[worst])
    return {"saliency": _stretched(maps), "saliency_rows": rows}


def _augmented(
    images: Images, job: Job, augmentation: Augmentation, competition: Competition
) -> Arrays:
    rows = job.fold.train[:ORIGINALS]
    resolved = choose_interpolation(augmentation, images[job.fold.train[:SAMPLE_SIZE]])
    originals = np.repeat(images[rows], COPIES, axis=0)
    copies = augment(originals, resolved, np.random.default_rng(0))
    levels = to_grey_levels(copies, competition.schema.low, competition.schema.high)
    height, width = levels.shape[1:3]
    grey = _shrunk(fit_to(levels, height, width, 1)[..., 0].astype(np.uint8))
    return {"augmented": grey.reshape(len(rows), COPIES, *grey.shape[1:]), "augmented_rows": rows}


def _stretched(values: npt.NDArray[np.float32]) -> GreyLevels:
    """(n, height, width) of any range -> uint8, each picture from its minimum to its maximum."""
    low, high = (end(axis=(1, 2), keepdims=True) for end in (values.min, values.max))
    return _shrunk(((values - low) / np.maximum(high - low, 1e-12) * 255).astype(np.uint8))


def _shrunk(levels: GreyLevels) -> GreyLevels:
    return shrink(levels[..., None], SIDE)[..., 0].astype(np.uint8)


def _leaves(model: keras.Model) -> Iterator[Any]:
    """The layers of a model and of the models in it, in order, without inputs."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer)
        elif not isinstance(layer, keras.layers.InputLayer):
            yield layer
