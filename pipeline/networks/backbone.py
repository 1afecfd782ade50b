"""VGG16's pretrained weights: where they come from, how they are loaded and saved."""

import io
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path

import h5py
import keras
import numpy as np

from pipeline.errors import PipelineError
from pipeline.files import write_bytes

FILE = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
URL = f"https://storage.googleapis.com/tensorflow/keras-applications/vgg16/{FILE}"


def load_base(weights: str, image_shape: tuple[int, ...]) -> keras.Model:
    """VGG16 without its top.

    Args:
        weights: "imagenet", "none", or a path of a file in the layout of Keras' no-top file.
        image_shape: (height, width, 3), each side at least 32.

    Raises:
        PipelineError: the weights cannot be had, or are no such file.
    """
    if weights == "imagenet":
        return _imagenet(image_shape)
    base = keras.applications.VGG16(weights=None, include_top=False, input_shape=image_shape)
    if weights != "none":
        _load(base, Path(weights))
    return base


def save_base(base: keras.Model, path: Path) -> None:
    """Writes the base's weights in the layout of Keras' no-top file.

    One HDF5 group a layer, named in `layer_names`; in it one array a weight, named in
    `weight_names` (keras-team/keras, legacy HDF5 format).
    """
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in base.layers]
        for layer in base.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}_{'W' if w.ndim > 1 else 'b'}_1:0" for w in layer.get_weights()]
            group.attrs["weight_names"] = np.array([name.encode() for name in names], dtype="S")
            for name, weight in zip(names, layer.get_weights(), strict=True):
                group.create_dataset(name, data=weight)
    write_bytes(path, buffer.getvalue())


def _imagenet(image_shape: tuple[int, ...]) -> keras.Model:
    try:
        with redirect_stdout(sys.stderr):  # where a download's progress belongs
            return keras.applications.VGG16(
                weights="imagenet", include_top=False, input_shape=image_shape
            )
    except Exception as error:  # Keras raises a bare Exception where a download fails
        folder = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"
        raise PipelineError(
            f"VGG16's ImageNet weights could not be loaded: {error}\n"
            f"Fetch {URL}\nwith a machine that has a network and put it at {folder / FILE}, or "
            "give --weights PATH of your own file, or --weights none to start from random ones."
        ) from error


def _load(base: keras.Model, path: Path) -> None:
    if not path.is_file():
        raise PipelineError(f"The weights file {path} does not exist.")
    try:
        with h5py.File(path, "r") as file:
            if "layer_names" not in file.attrs:
                raise PipelineError(
                    f"{path} is not in the layout of Keras' VGG16 no-top file: it has no "
                    "'layer_names'. A `vgg16` or `transfer-tuned` run saves such a file."
                )
        base.load_weights(path)
    except (OSError, ValueError) as error:
        raise PipelineError(f"{path} is no weights file for VGG16 without top: {error}") from None
