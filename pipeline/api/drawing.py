"""The public function that shows a run in the browser."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.api.places import RUNS, named_run, open_run, ranked, run_folder, some_runs
from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.runs.folder import is_run
from pipeline.runs.run import Run

if TYPE_CHECKING:
    from pipeline.drawing.server import DrawingServer


def draw(
    competition: Competition,
    run: Run | Path | str | None = None,
    *,
    port: int = 0,
    runs: Path | str = RUNS,
    on_damage: Callable[[PipelineError], None] | None = None,
) -> "DrawingServer":
    """Starts a server for a page on which you draw, and see live what a run makes of it.

    The page shows the probabilities, the image that the model sees, the pixels that decide
    between the two most probable classes, and the nearest training images. Drawings are scaled
    and centred as the training images are. The server listens on 127.0.0.1 alone, and answers
    the page at its address, which has a random token, and nobody else.

    Args:
        run: a run, its name, its folder, or its folder's path within `runs`. The models of an
            ensemble are those of its members. Default: the best run with a model.
        port: 0 takes any that is free.
        on_damage: called for each run that is damaged or has no model, if the best is chosen.

    Returns:
        The server, whose `url` is that of the page. It runs until its `close()`, or until the end
        of a `with` block; its `wait()` returns then.

    Raises:
        PipelineError: there is no such run, it has no model, is damaged or was trained on other
            data, or the port is in use.

    Example:
        with pp.draw(competition, "fast") as server:
            print(server.url)
            server.wait()
    """
    from pipeline.evaluation.leaderboard import check_same_data

    folder = run_folder(competition, runs)
    run = (
        _best_with_model(competition, folder, on_damage)
        if run is None
        else _open(run, folder, Path(runs))
    )
    check_same_data([run], competition.fingerprint)
    from pipeline.drawing.server import DrawingServer

    return DrawingServer(run, competition, port)


def _open(run: Run | Path | str, folder: Path, runs: Path) -> Run:
    if isinstance(run, Run):
        return run
    if is_run(Path(run)) or is_run(runs / run):
        return open_run(run, runs)
    return named_run(str(run), folder)


def _best_with_model(
    competition: Competition, folder: Path, on_damage: Callable[[PipelineError], None] | None
) -> Run:
    from pipeline.evaluation.leaderboard import choose_best
    from pipeline.runs.models import with_models

    found = with_models(some_runs(folder, on_damage), on_damage)
    if not found:
        raise PipelineError(
            "no run has a model",
            where=folder,
            expected="a run with model.keras, or an ensemble of such runs",
            remedy="Train one with `pipeline train`.",
        )
    return choose_best(ranked(found, competition))
