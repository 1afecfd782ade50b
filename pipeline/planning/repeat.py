"""A plan -> its trainings, without a clock."""

from pathlib import Path

from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.planning.combining import Combination, ensemble_name
from pipeline.planning.kinds import FOLDS
from pipeline.planning.plan import read_plan
from pipeline.runs.fold_file import load_folds
from pipeline.runs.ranking import ranked_by
from pipeline.runs.run import Run
from pipeline.search.display import Display
from pipeline.search.engine import AnyEngine
from pipeline.search.execute import execute


def repeat(
    path: Path,
    competition: Competition,
    folder: Path,
    display: Display,
    engine: AnyEngine = "auto",
) -> Run:
    """Repeats the trainings of a plan, without a clock, and combines them in the same way.

    Args:
        path: path of the plan.
        engine: as for `execute`.

    Raises:
        PipelineError: the file is not a plan, or the plan was made for other data.
    """
    plan = read_plan(path)
    if plan.data != competition.fingerprint:
        raise PipelineError(
            "the plan was made for other data", where=path, expected=f"data of {competition.name}"
        )
    folds = load_folds(competition, FOLDS, folder)
    jobs = [training.job(folds, competition.labels) for training in plan.trainings]
    runs = execute(jobs, competition, folder, display, engine=engine)
    combination = Combination(folder, ensemble_name(plan.budget), competition.groups)
    for run in runs:  # as they ended
        combination.add([ranked_by(run, competition.metric)])
    assert combination.best is not None
    return combination.best
