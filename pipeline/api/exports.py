"""Public function that exports runs."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.api.folders import EXPORTS, RUNS
from pipeline.api.places import best_with_model, choose_run
from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.runs.run import Run

if TYPE_CHECKING:
    from pipeline.exports.export import Export

CHECKED_ROWS = 256


def export(
    competition: Competition,
    run: Run | str | None = None,
    *,
    format: str = "onnx",
    output: Path | str | None = None,
    force: bool = False,
    runs: Path | str = RUNS,
    on_damage: Callable[[PipelineError], None] | None = None,
) -> "Export":
    """Writes a run as a model for other programs: raw pixels in, probabilities out.

    The model takes float32 `pixels` (n, pixels) for any n, with values as in the competition's
    files, and returns `probabilities` (n, k). Preprocessing, TTA views, the members of an ensemble
    and its temperature are in it. The classes, in the order of the probabilities, are in its
    metadata. It computes in float32, also where the run does in bfloat16.

    The exported model predicts up to 256 validation rows, and is only written if no probability
    differs from the run's by more than 0.001, both computed in float32 (0.01 with TTA views at an
    angle).

    Args:
        run: a run or its name. Default: the best run with a model.
        format: "onnx" (a file), "litert" (a file, with its metadata in a .json beside it) or
            "savedmodel" (a folder of TensorFlow).
        output: the file or folder. Default: `exports/<competition>/<run>` with the format's ending.
        force: replace an exported model that exists.
        on_damage: called for each run that is damaged or has no model, if the best is chosen.

    Returns:
        The path, the run's name, the number of rows that were compared, and the largest
        difference.

    Raises:
        PipelineError: there is no such run, it is damaged, has no model or was trained on other
            data, the format needs a package that is not installed, or the output exists,
            cannot be written, or would predict something else. Nothing is written then.

    Example:
        >>> import tempfile
        >>> import pipeline as pp
        >>> folder = tempfile.mkdtemp()
        >>> competition = pp.load("data/digits")
        >>> run = pp.train(competition, "dense", epochs=3, runs=folder, progress=False)
        >>> output = f"{folder}/dense"
        >>> exported = pp.export(competition, run, format="savedmodel", output=output)
        >>> exported.rows, exported.difference < 1e-5
        (256, True)
    """
    from pipeline.evaluation.leaderboard import check_same_data
    from pipeline.exports.export import check_output, export_run, find_format

    how = find_format(format)
    if run is None:
        run = best_with_model(competition, runs, on_damage)
    run = choose_run(competition, run, runs)
    path = Path(output or EXPORTS / competition.name / f"{run.name}{how.ending}")
    check_output(path, how, force)
    check_same_data([run], competition.fingerprint)
    rows = run.validation.rows
    some = np.linspace(0, len(rows) - 1, min(len(rows), CHECKED_ROWS)).round().astype(int)
    return export_run(run, competition.train_pixels[rows[some]], how, path)
