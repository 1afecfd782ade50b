"""Tunes a recipe: runs trials, and trains with the settings of the best one."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from optuna.trial import FrozenTrial

from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.evaluation.leaderboard import check_same_data
from pipeline.files import lock
from pipeline.runs.folder import TUNED, copy_run
from pipeline.runs.run import Run, list_runs, load_run
from pipeline.search.budget import Budget
from pipeline.search.display import Display
from pipeline.search.engine import AnyEngine
from pipeline.search.execute import engine_for, execute
from pipeline.training.job import make_job
from pipeline.tuning.search import MANY, Search
from pipeline.tuning.subject import Subject
from pipeline.tuning.summary import best_trial

TRIALS = 40  # if neither a number of trials nor a time is given


def tune(
    subject: Subject,
    competition: Competition,
    folder: Path,
    display: Display,
    count: int | None = None,
    budget: Budget | None = None,
    url: str | None = None,
    engine: AnyEngine = "auto",
) -> Run:
    """Runs trials until enough are finished, and trains with the settings of the best one.

    Args:
        folder: the competition's runs.
        count: number of finished trials, those of earlier calls included. Default: TRIALS, or as
            many as the budget allows.
        budget: time for everything.
        url: of an Optuna storage. Default: a journal in the folder.
        engine: runs the trials. The last training runs in this process.

    Raises:
        PipelineError: the count is below 1, the engine needs a database server, no trial was
            completed, or the folder has runs of other data.
        Exception: the first failure, if MAX_FAILURES trials failed one after another, and none
            was completed.
    """
    if count is not None and count < 1:
        raise PipelineError(f"trials = {count}", expected="at least 1")
    count = TRIALS if count is None and budget is None else count
    if (url is None or url.startswith("sqlite")) and not engine_for((), MANY, engine).local:
        raise PipelineError(
            "the nodes of a cluster cannot keep trials in a file",
            where="tuning",
            expected="--storage with the URL of a database server, such as "
            "postgresql+psycopg://user:password@host/database",
        )
    found = list_runs(folder, lambda error: display.note(error.message))
    check_same_data(found, competition.fingerprint)
    place = subject.place(competition.name, folder, url)
    with nullcontext() if url else lock(place.journal):
        place.prepare()
        search = Search.prepare(subject, competition, place, display, count, budget)
        search.run(competition, engine_for([search.job], count or MANY, engine))
        best = best_trial(search.study)
        if best is None:
            raise PipelineError(
                "no trial was completed", where=str(place), remedy="Give it more time or trials."
            )
    return _train_best(search, best, competition, folder)


def _train_best(search: Search, best: FrozenTrial, competition: Competition, folder: Path) -> Run:
    """Trains with the settings of a trial on all training rows; replaces an earlier result.

    If there is a run with these settings, it is copied.
    """
    subject, display, budget = search.subject, search.display, search.budget
    job = make_job(subject.recipe, subject.space.settings(best.params), subject.seed,
                   competition.hold_out)  # fmt: skip
    job = replace(job, name=subject.name + TUNED)
    assert best.value is not None
    score = search.metric.with_unit(best.value)
    display.note(f"trial {best.number} is the best, {score}: {job.name}")
    identity = job.identity(competition)
    runs = {run.name: run for run in list_runs(folder, lambda _: None)}
    equal = [name for name, run in runs.items() if run.record.identity == identity]
    taken = job.name in runs and runs[job.name].record.recipe != identity.recipe
    if equal and job.name not in equal and not taken:
        display.note(f"{job.name}: copied from {equal[0]}, which has these settings")
        copy_run(folder / equal[0], folder / job.name)
        return load_run(folder / job.name)
    if budget and budget.left < search.reserve():  # it might not end in time
        job = replace(job, deadline=budget.end - search.closing(), at_most=True)
    (run,) = execute([job], competition, folder, display, fresh=not (equal or taken))
    return run
