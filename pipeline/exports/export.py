"""Exports a run: converts its graph, compares the result with the run, and writes it."""

import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline import __version__
from pipeline.arrays import Pixels, Probabilities
from pipeline.errors import PipelineError, suggest
from pipeline.exports.format import Format, Predict
from pipeline.exports.graph import INPUT, OUTPUT, Float32Run, build_graph, settings_of
from pipeline.exports.litert import LITERT
from pipeline.exports.onnx import ONNX
from pipeline.exports.saved_model import SAVED_MODEL
from pipeline.files import check_writable
from pipeline.networks.backend import keras, silence, uses_accelerator
from pipeline.runs.models import single_runs
from pipeline.runs.run import Run

FORMATS = {format.name: format for format in (ONNX, LITERT, SAVED_MODEL)}
TOLERANCE = 1e-3  # of a probability
# The same with TTA views at an angle: OpenCV turns the images of a batch together, so that a grey
# level, and with it a probability, depends on the place of the row in the batch.
TOLERANCE_AT_ANGLES = 1e-2
BATCH = 64  # rows; a network sees each of them in all TTA views at once


@dataclass(frozen=True)
class Export:
    """An exported model, and how close it is to its run.

    Attributes:
        path: the file, or the folder of a SavedModel.
        run: the name of the run.
        rows: number of validation rows that it was compared on.
        difference: the largest difference of a probability from the run's, where both compute in
            float32.
        run_difference: the same from the run as it is, which may compute in bfloat16.
    """

    path: Path
    run: str
    rows: int
    difference: float
    run_difference: float


class ExportError(PipelineError):
    """A run cannot be exported in a format."""

    exit_code = 1


def find_format(name: str) -> Format:
    """The format of that name, if what it needs is installed.

    Raises:
        PipelineError: there is no such format, a package is missing, or Keras has another backend.
    """
    if name not in FORMATS:
        raise PipelineError(
            f"there is no format {name!r}",
            where="format",
            expected=f"one of {', '.join(FORMATS)}",
            remedy=suggest(name, FORMATS) or None,
        )
    if keras.backend.backend() != "tensorflow":
        raise PipelineError(
            f"Keras computes with {keras.backend.backend()}, and exports with TensorFlow",
            where="KERAS_BACKEND",
            remedy="Set KERAS_BACKEND=tensorflow; a run of another backend can be exported too.",
        )
    FORMATS[name].check_installed()
    return FORMATS[name]


def check_output(output: Path, format: Format, force: bool) -> None:
    """Checks that an exported model can be written, and replaces nothing by accident.

    Args:
        force: whether to replace an exported model.

    Raises:
        PipelineError: it is there already, its name has another ending, or it cannot be written.
    """
    if format.ending.startswith(".") and output.suffix != format.ending:
        raise PipelineError(
            f"the name does not end with {format.ending}",
            where=output,
            expected=f"a file name for the format {format.name}, such as {output.stem}"
            f"{format.ending}",
        )
    existing = [path for path in (output, *format.others(output)) if os.path.lexists(path)]
    if existing and not force:
        raise PipelineError(
            "it exists already", where=existing[0], remedy="Use --force to replace it."
        )
    if os.path.lexists(output) and not format.may_replace(output):
        raise PipelineError(
            "it is no exported model, so it is not replaced",
            where=output,
            remedy="Use another --output.",
        )
    folders = (folder for folder in output.absolute().parents if os.path.lexists(folder))
    check_writable(next(folders))  # folders are made when the model is written


def export_run(run: Run, pixels: Pixels, format: Format, output: Path) -> Export:
    """Writes a run as a model that takes raw pixels, if it gives the run's probabilities.

    Args:
        pixels: (n, pixels) to compare on.

    Raises:
        PipelineError: the run is damaged or has no model, it cannot be converted, its
            probabilities differ, or it cannot be written. Nothing is written then.
    """
    single_runs(run)  # all models must be there
    exact = Float32Run.of(run)
    graph = build_graph(exact)
    expected = exact.predict(pixels)
    own = run.predict(pixels) if "bfloat16" in settings_of(run, "precision") else expected
    with TemporaryDirectory(prefix="pipeline-export-") as folder:
        converted = Path(folder) / f"model{format.ending}"
        found = _convert_and_predict(run, graph, format, converted, pixels)
        differences = _largest(found - expected), _largest(found - own)
        export = Export(output, run.name, len(pixels), *differences)
        _check(export, run, format)
        format.save(converted, output, _metadata(run, export))
    return export


def _convert_and_predict(
    run: Run, graph: Any, format: Format, converted: Path, pixels: Pixels
) -> Probabilities:
    """Converts the graph, and returns what the converted model predicts."""

    def attempt() -> Probabilities | Exception:
        try:
            format.convert(graph, converted)
            return _predict(format.open(converted), pixels.astype(np.float32))
        except Exception as error:  # converters and runtimes raise all kinds
            return error

    with silence():
        result = attempt()
    if isinstance(result, OSError):
        raise result
    if isinstance(result, Exception):
        reason = (str(result).splitlines() or [""])[0][:200]
        raise ExportError(
            f"it cannot be converted to the format {format.name}: "
            f"{type(result).__name__}: {reason}",
            where=f"run {run.folder}",
            remedy="Use another --format.",
        ) from result
    return result


def _predict(predict: Predict, pixels: npt.NDArray[np.float32]) -> Probabilities:
    """In batches of different sizes, because the model has to take any number of rows."""
    starts = [0, *range(1, len(pixels), BATCH), len(pixels)]
    parts = [predict(pixels[i:j]) for i, j in pairwise(starts)]
    return np.concatenate(parts)


def _check(export: Export, run: Run, format: Format) -> None:
    turned = not settings_of(run, "tta_angles") <= {1, None}
    tolerance = TOLERANCE_AT_ANGLES if turned else TOLERANCE
    if export.difference <= tolerance:  # NaN is not
        return
    raise ExportError(
        f"as {format.name} its probabilities differ by up to {export.difference:.2g}",
        where=f"run {run.folder}",
        expected=f"at most {tolerance:g} on {export.rows:,} validation rows",
        remedy="Set CUDA_VISIBLE_DEVICES=-1: without the GPU, the run computes more exactly."
        if uses_accelerator()
        else "It was not exported. Use another --format.",
    )


def _metadata(run: Run, export: Export) -> dict[str, Any]:
    """What a user of the exported model has to know; depends on nothing else."""
    data = run.record.data
    return {
        "classes": data.classes,
        "input": INPUT,
        "output": OUTPUT,
        "shape": data.shape,
        "planes": data.planes,
        "transpose": data.transpose,
        "low": data.low,
        "high": data.high,
        "competition": data.competition,
        "run": run.name,
        "recipe": run.record.recipe,
        "identity": run.record.identity.digest,
        "trained": run.record.created,
        "accuracy": run.scores.accuracy,
        "checked_rows": export.rows,
        "difference": export.difference,
        "run_difference": export.run_difference,
        "pipeline": __version__,
    }


def _largest(differences: npt.NDArray[np.float32]) -> float:
    return float(np.abs(differences).max())
