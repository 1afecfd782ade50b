"""A run as one Keras model: raw pixels in, probabilities out."""

import itertools
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from pipeline.exports.preprocessing import to_model_images, to_views
from pipeline.networks.backend import keras
from pipeline.runs.run import Run

ops = keras.ops

INPUT, OUTPUT = "pixels", "probabilities"


class Float32Run(Run):
    """A run whose networks compute in float32, whatever they were trained in.

    bfloat16 would bind the exported model to processors that have it.
    """

    @classmethod
    def of(cls, run: Run) -> "Float32Run":
        return cls(run.folder, run.record, run.checksums)

    @cached_property
    def model(self) -> Any:
        return _with_constants(_in_float32(super().model))

    @cached_property
    def members(self) -> list[Run]:
        return [Float32Run.of(run) for run in super().members]


def build_graph(run: Float32Run) -> keras.Model:
    """The run's model with its preprocessing, TTA views, members and temperature.

    Returns:
        A model of float32 `pixels` (n, pixels), with values as in the competition's files, to
        `probabilities` (n, k), for any n.

    Raises:
        PipelineError: the run, or a member of it, is damaged or has no model.
    """
    pixels = keras.Input((run.record.data.pixels,), name=INPUT)
    probabilities = _probabilities(run, pixels, (f"network_{i}" for i in itertools.count(1)))
    graph = keras.Model(pixels, {OUTPUT: probabilities}, name="run")
    graph(np.zeros((1, run.record.data.pixels), np.float32))  # Keras exports what was used
    return graph


def settings_of(run: Run, name: str) -> set[Any]:
    """The values that a setting has in the networks of a run."""
    members = {member.name: member for member in run.members}.values()
    return {run.record.settings.get(name)}.union(*(settings_of(run, name) for run in members))


def _probabilities(run: Run, pixels: Any, names: Iterator[str]) -> Any:
    """(n, k), as `Run.predict` computes it.

    Args:
        names: for the networks; Keras wants them to differ.
    """
    record = run.record
    if not record.members:
        return _network_probabilities(run, pixels, next(names))
    counts, members = Counter(record.members), {member.name: member for member in run.members}
    parts = [
        _probabilities(member, pixels, names) * (counts[name] / len(record.members))
        for name, member in members.items()
    ]
    mean = ops.sum(ops.stack(parts), axis=0) if len(parts) > 1 else parts[0]
    if record.temperature == 1:
        return mean
    return ops.softmax(ops.log(ops.maximum(mean, 1e-7)) / record.temperature)


def _network_probabilities(run: Run, pixels: Any, name: str) -> Any:
    network, data, settings = run.model, run.record.data, run.record.settings
    network.name = name
    images = to_model_images(pixels, data, tuple(network.input_shape[1:]))
    shifts, angles = settings.get("tta_views", 1), settings.get("tta_angles", 1)
    views = to_views(images, shifts, angles, whole=data.dtype == "uint8")
    (outputs,) = keras.tree.flatten(network(views))  # a saved model returns a list
    if shifts * angles == 1:
        return outputs
    of_image = ops.reshape(outputs, (-1, shifts * angles, len(data.classes)))
    return ops.mean(of_image, axis=1)


def _with_constants(model: keras.Model) -> keras.Model:
    """The model, with tensors of its layers that are not weights as NumPy arrays.

    tf2onnx would turn these tensors into inputs of the graph.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.mean, layer.variance = np.asarray(layer.mean), np.asarray(layer.variance)
    return model


def _in_float32(model: keras.Model) -> keras.Model:
    """The model with layers that compute in float32, and the same weights."""
    config = model.get_config()
    if "bfloat16" not in repr(config):
        return model
    copy = type(model).from_config(_with_float32(config))
    copy.set_weights([np.asarray(weight, np.float32) for weight in model.get_weights()])
    return copy


def _with_float32(part: Any) -> Any:
    """A model's configuration without bfloat16."""
    if isinstance(part, dict):
        return {key: _with_float32(value) for key, value in part.items()}
    if isinstance(part, list | tuple):
        return type(part)(map(_with_float32, part))
    return "float32" if isinstance(part, str) and part.endswith("bfloat16") else part
