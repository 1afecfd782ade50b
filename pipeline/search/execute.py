"""Jobs -> runs: reuses what is finished, runs the rest on an engine, averages ensembles."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.networks.backend import uses_accelerator
from pipeline.runs.ensemble import make_ensemble
from pipeline.runs.folder import is_run
from pipeline.runs.leaderboard import check_comparable
from pipeline.runs.record import Identity
from pipeline.runs.run import Run, list_runs
from pipeline.search.display import Display
from pipeline.search.engine import choose_engine
from pipeline.search.grid import EnsembleJob, trainings_of
from pipeline.training.job import Job
from pipeline.training.progress import Observer
from pipeline.training.train import train


def execute(
    jobs: Sequence[Job | EnsembleJob],
    competition: Competition,
    folder: Path,
    display: Display,
    fresh: bool = False,
    engine: str = "auto",
) -> list[Run]:
    """Makes the runs of all jobs. Finished runs with the same identity are reused.

    Args:
        folder: the competition's runs.
        fresh: retrain existing runs.
        engine: "inline", "processes" or "auto", see `choose_engine`.

    Returns:
        A run for each job, in their order.

    Raises:
        PipelineError: the folder has runs that are not comparable or that would be overwritten.
        Exception: a training failed; an ExceptionGroup if several did. All others are finished.
    """
    trainings = [training for job in jobs for training in trainings_of(job)]
    finished = _FinishedRuns.read(folder, competition, jobs, display, fresh)
    runs: dict[str, Run] = {}
    missing: list[Job] = []
    for training, identity in _unique(trainings, competition):
        if run := finished.find(training.name, identity):
            runs[training.name] = run
        else:
            missing.append(training)
    failures = _run_missing(missing, competition, folder, display, engine, runs)
    for job in jobs:
        if isinstance(job, EnsembleJob) and all(member.name in runs for member in job.members):
            members = [runs[member.name] for member in job.members]
            runs[job.name] = _ensemble(job, members, folder, finished)
    if failures:
        raise failures[0] if len(failures) == 1 else ExceptionGroup("trainings failed", failures)
    return [runs[job.name] for job in jobs]


def _run_missing(
    jobs: Sequence[Job],
    competition: Competition,
    folder: Path,
    display: Display,
    engine: str,
    runs: dict[str, Run],
) -> list[Exception]:
    """Runs the jobs, adds their runs, and returns the exceptions of those that failed."""
    failures = []
    chosen = choose_engine(len(jobs), engine, uses_accelerator())
    with display.show([job.name for job in jobs]):
        work = partial(_train, competition, folder)
        for job, outcome in chosen.run(work, jobs, display.progress):
            if isinstance(outcome, Run):
                runs[job.name] = outcome
                display.finish(job.name, outcome)
            else:
                failures.append(outcome)
                display.fail(job.name)
    return failures


def _train(competition: Competition, folder: Path, job: Job, observer: Observer) -> Run:
    return train(job, competition, folder, observer)


def _unique(jobs: Sequence[Job], competition: Competition) -> list[tuple[Job, Identity]]:
    """Each job once, with its identity."""
    found: dict[str, tuple[Job, Identity]] = {}
    for job in jobs:
        identity = job.identity(competition)
        if job.name in found and found[job.name][1] != identity:
            raise PipelineError(
                "different settings produce the same run name",
                where=f"run {job.name}",
                details=found[job.name][1].differences(identity),
            )
        found.setdefault(job.name, (job, identity))
    return list(found.values())


def _ensemble(
    job: EnsembleJob, members: Sequence[Run], folder: Path, finished: "_FinishedRuns"
) -> Run:
    first = members[0].record.identity
    identity = Identity(
        recipe=job.recipe.name,
        settings=first.settings,
        seed=job.seed,
        data=first.data,
        fold=first.fold,
        members=tuple(digest(run.record.identity) for run in members),
    )
    run = finished.find(job.name, identity)
    return run or make_ensemble(folder / job.name, members, identity, job.recipe.published)


def digest(identity: Identity) -> str:
    """SHA-256 of an identity."""
    return hashlib.sha256(msgspec.json.encode(identity, order="deterministic")).hexdigest()


@dataclass(frozen=True)
class _FinishedRuns:
    """The runs of a folder that may be reused."""

    folder: Path
    runs: list[Run]
    display: Display
    fresh: bool

    @classmethod
    def read(
        cls,
        folder: Path,
        competition: Competition,
        jobs: Sequence[Job | EnsembleJob],
        display: Display,
        fresh: bool,
    ) -> "_FinishedRuns":
        """Raises PipelineError if the folder has runs on other data or validation rows."""
        names = {job.name for job in jobs}
        names |= {training.name for job in jobs for training in trainings_of(job)}
        runs = list_runs(folder, on_damage=lambda error: display.note(error.message))
        others = [run for run in runs if not (fresh and run.name in names)]
        fold = trainings_of(jobs[0])[0].fold
        check_comparable(others, competition.fingerprint, fold.fingerprint)
        return cls(folder, runs, display, fresh)

    def find(self, name: str, identity: Identity) -> Run | None:
        """The run with this identity, whatever its name.

        Raises:
            PipelineError: a run of this name has another identity.
        """
        if self.fresh:
            return None
        same = [run for run in self.runs if run.record.identity == identity]
        if same:
            run = next((run for run in same if run.name == name), same[0])
            said = name if run.name == name else f"{name} is {run.name}"
            self.display.note(f"{said}: finished before, reused")
            return run
        other = next((run for run in self.runs if run.name == name), None)
        if other:
            raise PipelineError(
                "the recipe has changed since this run",
                where=f"run {other.folder}",
                remedy="Retrain it with --fresh, or move the folder away.",
                details=other.record.identity.differences(identity),
            )
        if is_run(self.folder / name):
            self.display.note(f"{name}: the damaged run is trained again")
        return None
