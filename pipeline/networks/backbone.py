"""VGG16 without its head: where its weights come from, and how they are loaded and saved."""

import os
import sys
import zipfile
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path

from pipeline.checksums import sha256, signature
from pipeline.errors import PipelineError
from pipeline.networks.backend import keras
from pipeline.networks.model_file import check_weights

FILE = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
URL = f"https://storage.googleapis.com/tensorflow/keras-applications/vgg16/{FILE}"
MD5 = "6d6bbae143d832006294945121d1f1fc"  # of that file, as in keras.applications.vgg16


def load_backbone(weights: str, image_shape: tuple[int, ...]) -> keras.Model:
    """Builds VGG16 without its head (include_top=False).

    Args:
        weights: "imagenet", "none", or the path of a weights file for it.
        image_shape: (height, width, 3), each side at least 32.

    Raises:
        PipelineError: the weights are unavailable, not in a supported format, or not only weights.
    """
    path = weights_file(weights)
    images = keras.Input(image_shape, name="backbone_images")
    model = keras.applications.VGG16(weights=None, include_top=False, input_tensor=images)
    if path is not None:
        check_weights(path)
        try:
            model.load_weights(path)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise PipelineError(
                f"not a weights file for VGG16 without its head: {error}",
                where=path,
                expected="a file that Keras saved, such as the backbone.keras of a vgg16 run",
            ) from None
    return model


def weights_file(weights: str) -> Path | None:
    """The file that holds the weights; None for "none". Downloads ImageNet's once.

    Raises:
        PipelineError: there is no such file.
    """
    if weights == "none":
        return None
    if weights == "imagenet":
        return _imagenet_file()
    path = Path(weights)
    if not path.is_file():
        raise PipelineError(
            f"the weights file {path} does not exist",
            where="--weights",
            expected="imagenet, none, or the path of a weights file",
        )
    return path


def weights_hash(weights: str) -> str | None:
    """SHA-256 of the content of the weights file; None for "none"."""
    path = weights_file(weights)
    return None if path is None else _cached_hash(path, signature(path))


@cache
def _cached_hash(path: Path, seen: tuple[int, ...]) -> str:
    return sha256(path)


def _imagenet_file() -> Path:
    try:
        with redirect_stdout(sys.stderr):  # where the progress of a download belongs
            return Path(keras.utils.get_file(FILE, URL, cache_subdir="models", file_hash=MD5))
    except Exception as error:  # Keras raises a bare Exception when a download fails
        folder = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models"
        raise PipelineError(
            f"the ImageNet weights of VGG16 are unavailable: {error}",
            where="--weights imagenet",
            remedy=f"Download {URL} on a machine with a network and copy it to "
            f"{folder / FILE}; or give --weights PATH of your "
            "own file, or --weights none to start from random weights.",
        ) from error
