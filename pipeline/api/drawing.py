"""The public function that shows a run in the browser."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.api.folders import RUNS
from pipeline.api.places import best_with_model, choose_run
from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.runs.run import Run

if TYPE_CHECKING:
    from pipeline.drawing.server import DrawingServer


def draw(
    competition: Competition,
    run: Run | str | None = None,
    *,
    port: int = 0,
    runs: Path | str = RUNS,
    on_damage: Callable[[PipelineError], None] | None = None,
) -> "DrawingServer":
    """Starts a server for a page to draw on, which shows the predictions of a run live.

    The page shows the probabilities, the image that the model sees, the pixels that decide
    between the two most probable classes, and the nearest training images. Drawings are scaled
    and centred as the training images are. The server listens on 127.0.0.1 alone, and answers
    the page at its address, which has a random token, and nobody else.

    Args:
        run: a run or its name. An ensemble needs the models of its members. Default: the best run
            with a model.
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

    if run is None:
        run = best_with_model(competition, runs, on_damage)
    run = choose_run(competition, run, runs)
    check_same_data([run], competition.fingerprint)
    from pipeline.drawing.server import DrawingServer

    return DrawingServer(run, competition, port)
