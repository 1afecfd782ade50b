"""Public function that exports runs."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.api.information import load
from pipeline.api.places import RUNS, open_run
from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.runs.run import Run

if TYPE_CHECKING:
    from pipeline.exports.export import Export

DATA, EXPORTS = Path("data"), Path("exports")
CHECKED_ROWS = 256


def export(
    run: Run | Path | str,
    competition: Competition | Path | str | None = None,
    *,
    format: str = "onnx",
    output: Path | str | None = None,
    force: bool = False,
    runs: Path | str = RUNS,
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
        run: a run, its folder, or its folder's path within `runs`, such as "digits/fast".
        competition: the competition of the run, or its folder. Default: `data/<competition>`.
        format: "onnx" (a file), "litert" (a file, with its metadata in a .json beside it) or
            "savedmodel" (a folder of TensorFlow).
        output: the file or folder. Default: `exports/<competition>/<run>` with the format's ending.
        force: replace an exported model that exists.

    Returns:
        The path, the number of rows that were compared, and the largest difference.

    Raises:
        PipelineError: there is no such run, it is damaged or has no model, the competition is
            another, the format needs a package that is not installed, or the output exists,
            cannot be written, or would predict something else. Nothing is written then.

    Example:
        >>> import tempfile
        >>> import pipeline as pp
        >>> folder = tempfile.mkdtemp()
        >>> run = pp.train(pp.load("data/digits"), "dense", epochs=3, runs=folder, progress=False)
        >>> exported = pp.export(run, format="savedmodel", output=f"{folder}/dense")
        >>> exported.rows, exported.difference < 1e-5
        (256, True)
    """
    from pipeline.evaluation.leaderboard import check_same_data
    from pipeline.exports.export import check_output, export_run, find_format

    run = run if isinstance(run, Run) else open_run(run, Path(runs))
    how = find_format(format)
    name = run.record.data.competition
    path = Path(output or EXPORTS / name / f"{run.name}{how.ending}")
    check_output(path, how, force)
    if not isinstance(competition, Competition):
        competition = load(competition or default_data(run))
    check_same_data([run], competition.fingerprint)
    rows = run.validation.rows
    some = np.linspace(0, len(rows) - 1, min(len(rows), CHECKED_ROWS)).round().astype(int)
    return export_run(run, competition.train_pixels[rows[some]], how, path)


def default_data(run: Run) -> Path:
    """The folder of a run's competition, if it is where competitions usually are.

    Raises:
        PipelineError: it is not there.
    """
    folder = DATA / run.record.data.competition
    if not folder.is_dir():
        raise PipelineError(
            "the folder of its competition is not there, whose rows are compared",
            where=f"run {run.folder}",
            expected=f"{folder}",
            remedy="Give the folder: pipeline export RUN DATA.",
        )
    return folder
