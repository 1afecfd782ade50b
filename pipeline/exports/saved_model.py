"""SavedModel: a folder for TensorFlow and TensorFlow Serving, with the metadata in it."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Probabilities
from pipeline.exports.format import Format, Metadata, Predict
from pipeline.exports.graph import OUTPUT
from pipeline.files import lock, new_folder, write_errors, write_json
from pipeline.networks.backend import keras

METADATA = "assets.extra/metadata.json"  # TensorFlow's place for what users add


def _convert(graph: Any, path: Path) -> None:
    graph.export(path, format="tf_saved_model", verbose=False)


def _open(path: Path) -> Predict:
    layer = keras.layers.TFSMLayer(path, call_endpoint="serve")

    def predict(pixels: npt.NDArray[np.float32]) -> Probabilities:
        return np.asarray(layer(pixels)[OUTPUT])

    return predict


def _save(converted: Path, output: Path, metadata: Metadata) -> None:
    with lock(output), new_folder(output) as unfinished:
        with write_errors(output):
            shutil.copytree(converted, unfinished, dirs_exist_ok=True)
        write_json(unfinished / METADATA, metadata)


def _is_saved_model(folder: Path) -> bool:
    return not folder.is_symlink() and (folder / "saved_model.pb").is_file()


SAVED_MODEL = Format(
    name="savedmodel",
    ending="-savedmodel",
    packages={},
    convert=_convert,
    open=_open,
    save=_save,
    may_replace=_is_saved_model,
)
