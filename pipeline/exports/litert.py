"""LiteRT (TensorFlow Lite): a file for phones and small devices, with the metadata beside it."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Probabilities
from pipeline.exports.format import Format, Metadata, Predict
from pipeline.exports.graph import INPUT, OUTPUT
from pipeline.files import write_bytes, write_json


def _convert(graph: Any, path: Path) -> None:
    graph.export(path, format="litert", verbose=False)


def _open(path: Path) -> Predict:
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(str(path)).get_signature_runner()  # takes any number of rows

    def predict(pixels: npt.NDArray[np.float32]) -> Probabilities:
        return np.asarray(run(**{INPUT: pixels})[OUTPUT])

    return predict


def _save(converted: Path, output: Path, metadata: Metadata) -> None:
    write_bytes(output, converted.read_bytes())  # first, because it is what may not fit
    write_json(_metadata_path(output), metadata)


def _metadata_path(output: Path) -> Path:
    return output.with_suffix(".json")


LITERT = Format(
    name="litert",
    ending=".tflite",
    packages={"ai_edge_litert": "ai-edge-litert"},
    convert=_convert,
    open=_open,
    save=_save,
    others=lambda output: (_metadata_path(output),),
)
