"""ONNX: a file for ONNX Runtime, with the metadata in it."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Probabilities
from pipeline.exports.format import Format, Metadata, Predict
from pipeline.exports.graph import INPUT, OUTPUT
from pipeline.files import write_bytes


def _convert(graph: Any, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras adapts tf2onnx to NumPy 2
        graph.export(path, format="onnx", verbose=False)


def _open(path: Path) -> Predict:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def predict(pixels: npt.NDArray[np.float32]) -> Probabilities:
        return np.asarray(session.run([OUTPUT], {INPUT: pixels})[0])

    return predict


def _save(converted: Path, output: Path, metadata: Metadata) -> None:
    import onnx

    model = onnx.load(converted)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "rows"
    onnx.helper.set_model_props(model, {k: json.dumps(v) for k, v in metadata.items()})
    write_bytes(output, model.SerializeToString())


ONNX = Format(
    name="onnx",
    ending=".onnx",
    packages={"onnx": "onnx", "onnxruntime": "onnxruntime", "tf2onnx": "tf2onnx"},
    convert=_convert,
    open=_open,
    save=_save,
)
