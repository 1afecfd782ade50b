"""Tunes a recipe: runs trials, and trains with the settings of the best one."""

import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from optuna.trial import FrozenTrial

from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.evaluation.leaderboard import check_same_data
from pipeline.files import lock
from pipeline.metrics.metric import Metric
from pipeline.runs.folder import TUNED, copy_run, remove_checkpoints
from pipeline.runs.listing import find_equal, list_runs
from pipeline.runs.ranking import metric_of, value_of
from pipeline.runs.record import Identity
from pipeline.runs.run import Run, load_run
from pipeline.search.budget import Budget
from pipeline.search.display import Display
from pipeline.search.engine import AnyEngine
from pipeline.search.execute import engine_for, execute
from pipeline.training.job import Job, make_job
from pipeline.tuning.search import MANY, Search
from pipeline.tuning.subject import Subject
from pipeline.tuning.summary import best_trial

LENGTH = ("epochs", "pace", "min_steps")  # settings that a deadline replaces
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
            completed, or the folder has runs of other data. If there is time left of a budget, no
            completed trial is no error: the recipe's own settings are used.
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
    _check_name(subject, found)
    place = subject.place(competition.name, folder, url)
    with nullcontext() if url else lock(place.journal):
        place.prepare()
        search = Search.prepare(subject, competition, place, display, count, budget)
        engine = engine_for([search.job], count or MANY, engine)
        search.run(competition, engine)
        best = best_trial(search.study)
        earlier = any(run.name == subject.name + TUNED for run in found)
        if best is None and (earlier or not budget or budget.left <= 0):
            raise PipelineError(
                "no trial was completed",
                where=str(place),
                remedy=f"Give it more {'time' if budget else 'trials'}.",
            )
    elsewhere = url is not None or not engine.local
    return _train_best(search, best, competition, folder, elsewhere)


def _check_name(subject: Subject, found: Sequence[Run]) -> None:
    """Raises PipelineError if another recipe's run has the name of the result."""
    name, recipe = subject.name + TUNED, subject.recipe.name
    for run in found:
        if run.name == name and run.record.recipe != recipe:
            raise PipelineError(
                f"a run of the recipe {run.record.recipe}, but the result will have its name",
                where=f"run {run.folder}",
                remedy="Rename or remove the folder.",
            )


def _train_best(
    search: Search,
    best: FrozenTrial | None,
    competition: Competition,
    folder: Path,
    elsewhere: bool,
) -> Run:
    """Trains with the settings of a trial on all training rows; replaces an earlier result.

    With a budget, the training has a deadline if its time is too short or unknown.

    Args:
        best: the trial; None for the recipe's own settings, if a budget completed no trial.
        elsewhere: whether trials may have run on other machines, so that their seconds tell
            nothing about this one.
    """
    subject, display, budget = search.subject, search.display, search.budget
    settings = subject.space.settings(best.params) if best else {}
    job = make_job(subject.recipe, settings, subject.seed, competition.hold_out)
    job = replace(job, name=subject.name + TUNED)
    display.note(f"{_reason(best, search.metric)}: {job.name}")
    share = search.last_training().share_left() if budget else 1.0
    short = budget is not None and (elsewhere or best is None or share < 1)
    epochs = share * job.epochs if short else math.inf
    if earlier := _find_result(job, job.identity(competition), epochs, folder, display):
        return earlier
    if budget and short:
        job = replace(job, deadline=budget.end - search.last_training().closing(), at_most=True)
    (run,) = execute([job], competition, folder, display, fresh=True)
    return run


def _reason(best: FrozenTrial | None, metric: Metric) -> str:
    """Why the last training has its settings."""
    if best is None or best.value is None:
        return "No trial was completed in this time, so the recipe's own settings are used"
    return f"trial {best.number} is the best, {metric.with_unit(best.value)}"


def _find_result(
    job: Job, identity: Identity, epochs: float, folder: Path, display: Display
) -> Run | None:
    """A finished run to use as the result.

    It is the run of this name or a copy of another one, if it has this identity. A run of this name
    that a deadline ended is used too, if there is no time for more epochs than it has.

    Args:
        epochs: number of epochs that there is time for.
    """
    runs = {run.name: run for run in list_runs(folder, lambda _: None)}
    accepted, named = [identity], runs.get(job.name)
    if named and (named.record.epochs or 0) >= epochs:
        length = {name: named.record.settings.get(name) for name in LENGTH}
        accepted.append(replace(identity, settings=identity.settings | length))
    for each in accepted:
        if run := find_equal(folder / job.name, each):
            remove_checkpoints(run.folder)  # left by a kill at the end of the run
            display.note(f"{run.name}: finished before, reused")
            return run
    for name in runs:
        if run := find_equal(folder / name, identity):
            display.note(f"{job.name}: copied from {name}, which has these settings")
            copy_run(run.folder, folder / job.name)
            return load_run(folder / job.name)
    if named:
        score = metric_of(named).with_unit(value_of(named))
        display.note(f"{job.name}: the earlier result, {score}, is replaced")
    return None
