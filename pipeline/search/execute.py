"""Jobs -> runs: reuses what is finished, runs the rest on an engine, averages ensembles."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.evaluation.ensemble import cross_validate, make_ensemble
from pipeline.evaluation.leaderboard import check_comparable, check_same_data
from pipeline.files import check_writable
from pipeline.networks.backend import gpu_names
from pipeline.runs.folder import (
    OtherVersionError,
    UnreadableRunError,
    checkpoints_path,
    is_run,
    remove_checkpoints,
)
from pipeline.runs.listing import list_runs
from pipeline.runs.record import Identity
from pipeline.runs.run import Run
from pipeline.search.display import Display
from pipeline.search.engine import AnyEngine, Engine, EngineChoice, Work, choose_engine
from pipeline.search.grid import AnyJob, CombinedJob, combinations_of, trainings_of
from pipeline.training.job import Job
from pipeline.training.progress import Observer
from pipeline.training.train import checkpoints_of, train


def execute(
    jobs: Sequence[AnyJob],
    competition: Competition,
    folder: Path,
    display: Display,
    fresh: bool = False,
    engine: AnyEngine = "auto",
) -> list[Run]:
    """Makes the runs of all jobs. Finished runs with the same identity are reused.

    Args:
        folder: the competition's runs.
        fresh: retrain existing runs.
        engine: an engine, or a choice or its name, see `choose_engine`.

    Returns:
        A run for each job, in their order.

    Raises:
        PipelineError: the folder has runs that are not comparable or that would be overwritten,
            or checkpoints of a training with other settings, data or versions.
        Exception: a training failed; an ExceptionGroup if several did. All others are finished.
    """
    if not jobs:
        return []
    identities = _identify(jobs, competition)
    jobs = _merge(jobs, identities, display)
    finished = _FinishedRuns.read(folder, competition, jobs, display, fresh)
    trainings = {job.name: job for entry in jobs for job in trainings_of(entry)}
    names = trainings.keys() | {job.name for job in jobs}
    wanted = {name: identity for name, identity in identities.items() if name in names}
    runs = {} if fresh else finished.find_all(wanted)
    missing = [job for name, job in trainings.items() if name not in runs]
    check_writable(folder)
    for name in trainings.keys() & runs.keys():
        remove_checkpoints(folder / name)  # left by a kill at the end of the run
    engine = engine_for(missing, len(missing), engine)
    for job in missing if engine.local else ():
        note_checkpoint(job, competition, folder, display, replace=fresh)
    failures = []
    outcomes = _run(missing, competition, folder, display, engine, fresh) if missing else ()
    for job, outcome in outcomes:
        if isinstance(outcome, Run):
            runs[job.name] = outcome
        else:
            failures.append(outcome)
    for entry in jobs:
        for combined in combinations_of(entry):
            if combined.name not in runs and all(m.name in runs for m in combined.members):
                combine = cross_validate if combined.folds else make_ensemble
                members = [runs[member.name] for member in combined.members]
                identity, path = identities[combined.name], folder / combined.name
                runs[combined.name] = combine(path, members, identity, combined.published)
    if failures:
        raise failures[0] if len(failures) == 1 else ExceptionGroup("trainings failed", failures)
    return [runs[job.name] for job in jobs]


def note_checkpoint(
    job: Job, competition: Competition, folder: Path, display: Display, replace: bool = False
) -> None:
    """Prints where a training continues, if it was stopped before, or that it starts again.

    Raises:
        PipelineError: it was stopped with other settings, data or versions. Not if `replace`.
    """
    if checkpoints_path(folder / job.name).exists():
        found = checkpoints_of(job, competition, folder, replace).load()
        display.note(f"{job.name}: {found or 'no checkpoint can be used, starts again'}")


def _run(
    jobs: Sequence[Job],
    competition: Competition,
    folder: Path,
    display: Display,
    engine: Engine,
    fresh: bool,
) -> Iterator[tuple[Job, Run | Exception]]:
    """Runs the jobs on an engine, and displays them."""
    with display.show(jobs):
        work = Work(partial(_train, fresh), competition, folder)
        for job, outcome in engine.run(work, jobs, display.progress):
            if isinstance(outcome, Run):
                display.finish(job.name, outcome)
            else:
                display.fail(job.name)
            yield job, outcome


def engine_for(jobs: Sequence[Job], count: int, engine: AnyEngine) -> Engine:
    """The engine for a number of jobs like these, see `choose_engine`."""
    if isinstance(engine, str):
        engine = EngineChoice(engine)
    if not isinstance(engine, EngineChoice):
        return engine
    if engine.name == "auto" and not all(_can_be_sent(job) for job in jobs):
        engine = EngineChoice("inline")
    return choose_engine(count, engine, gpu_names())


def _can_be_sent(job: Job) -> bool:
    """Whether other processes can import the function that makes the recipe's layers."""
    layers = job.recipe.layers
    module = sys.modules.get(layers.__module__)
    found = getattr(module, layers.__qualname__, None)
    return layers.__module__ != "__main__" and found is layers


def _train(
    fresh: bool, competition: Competition, folder: Path, job: Job, observer: Observer
) -> Run:
    return train(job, competition, folder, observer, fresh)


def _identify(jobs: Sequence[AnyJob], competition: Competition) -> dict[str, Identity]:
    """The identity of every training and combination by its name.

    Raises:
        PipelineError: two of them have the same name and different identities.
    """
    found: dict[str, Identity] = {}

    def identify(job: AnyJob) -> Identity:
        identity = (
            job.identity(competition)
            if isinstance(job, Job)
            else _identity_of_members(job, [identify(member) for member in job.members])
        )
        if found.setdefault(job.name, identity) != identity:
            raise PipelineError(
                "different settings produce the same run name",
                where=f"run {job.name}",
                details=found[job.name].differences(identity),
            )
        return identity

    for job in jobs:
        identify(job)
    return found


def _identity_of_members(job: CombinedJob, members: Sequence[Identity]) -> Identity:
    return replace(
        members[0],
        recipe=job.recipe,
        seed=job.seed,
        fold="" if job.folds else members[0].fold,
        architecture="",
        weights=None,
        members=tuple(identity.digest for identity in members),
    )


def _merge(
    jobs: Sequence[AnyJob], identities: Mapping[str, Identity], display: Display
) -> list[AnyJob]:
    """The jobs, with the first one of each identity in place of the others."""
    entries: list[AnyJob] = []
    for job in jobs:
        entries += [*trainings_of(job), *combinations_of(job)]
    first: dict[str, AnyJob] = {}
    for entry in entries:
        same = first.setdefault(identities[entry.name].digest, entry)
        if same.name != entry.name:
            display.note(f"{entry.name}: the same as {same.name}")

    def merged(job: Any) -> Any:
        found = first[identities[job.name].digest]
        if isinstance(found, CombinedJob):
            return replace(found, members=tuple(map(merged, found.members)))
        return found

    return [merged(job) for job in jobs]


@dataclass(frozen=True)
class _FinishedRuns:
    """The runs of a folder that may be reused."""

    folder: Path
    runs: list[Run]
    display: Display

    @classmethod
    def read(
        cls,
        folder: Path,
        competition: Competition,
        jobs: Sequence[AnyJob],
        display: Display,
        fresh: bool,
    ) -> "_FinishedRuns":
        """Raises PipelineError if the folder has other runs that would not be comparable."""
        names = {job.name for job in jobs}
        for job in jobs:
            names |= {training.name for training in trainings_of(job)}
            names |= {combined.name for combined in combinations_of(job)}

        def on_damage(error: PipelineError) -> None:
            kept = (OtherVersionError, UnreadableRunError)
            if isinstance(error, kept) and error.folder.name in names and not fresh:
                raise error  # it may not be damaged, and would be overwritten
            display.note(error.message)

        runs = list_runs(folder, on_damage)
        others = [run for run in runs if run.name not in names]
        check_same_data(others, competition.fingerprint)
        fold = trainings_of(jobs[0])[0].fold
        if not fold.part:
            on_hold_out = [
                run for run in others if not (run.record.fold.part or run.record.fold.out_of_fold)
            ]
            check_comparable(on_hold_out, fold=fold.fingerprint)
        return cls(folder, runs, display)

    def find_all(self, identities: Mapping[str, Identity]) -> dict[str, Run]:
        """The runs with these identities by the names that were asked for.

        Raises:
            PipelineError: a run of such a name has another identity.
        """
        found = {}
        for name, identity in identities.items():
            if run := self.find(name, identity):
                found[name] = run
                said = name if run.name == name else f"{name} is {run.name}"
                self.display.note(f"{said}: finished before, reused")
            elif is_run(self.folder / name):
                self.display.note(f"{name}: the damaged run is trained again")
        return found

    def find(self, name: str, identity: Identity) -> Run | None:
        """The run with this identity, preferably of this name.

        Raises:
            PipelineError: there is none, and a run of this name has another identity.
        """
        equal = [run for run in self.runs if run.record.identity == identity]
        same = [run for run in equal if self._is_whole(run)]
        named = next((run for run in self.runs if run.name == name), None)
        if same:
            return named if named in same else same[0]
        if named and named not in equal:
            raise PipelineError(
                "it was made with other settings, layers, weights or data",
                where=f"run {named.folder}",
                remedy="Retrain it with --fresh, or rename the folder.",
                details=named.record.identity.differences(identity),
            )
        return None

    def _is_whole(self, run: Run) -> bool:
        """Whether no file of a run is damaged, its model included.

        Raises:
            UnreadableRunError: a file cannot be read, but may not be damaged.
        """
        try:
            run.verify()
        except UnreadableRunError:
            raise
        except PipelineError as error:
            self.display.note(error.message)
            return False
        return True
