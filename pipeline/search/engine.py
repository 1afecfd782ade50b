"""Engines run jobs: one after another in this process, in several processes, or on a cluster.

An engine yields each job when it finishes, with its run or its exception. A failed job does not
stop the others.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.interrupts import note_interrupts
from pipeline.machine import core_count, free_memory
from pipeline.training.progress import Observer


class Named(Protocol):
    """A job, or another object with a name."""

    @property
    def name(self) -> str: ...


J = TypeVar("J", bound=Named)
R = TypeVar("R")

ENGINES = ("auto", "inline", "processes", "ray")
MEMORY = 2 << 30  # bytes for one training process
RETRIES = 3  # of a job whose process or node dies


class JobDiedError(PipelineError):
    """The process or node of a job ended before the job, whose input is valid."""

    exit_code = 1


@dataclass(frozen=True)
class Work(Generic[J, R]):
    """The function that makes the result of each job, and its arguments. It can be pickled.

    Attributes:
        make: function of the competition, the folder of its runs, the job, and the observer.
        folder: folder of the competition's runs. On another machine, `make` gets a temporary
            folder; if the result is a run, its files are copied to this folder.
    """

    make: Callable[[Competition, Path, J, Observer], R]
    competition: Competition
    folder: Path

    def __call__(self, job: J, observer: Observer) -> R:
        return self.make(self.competition, self.folder, job, observer)


@dataclass(frozen=True)
class EngineChoice:
    """The user's choice of where jobs run.

    Attributes:
        name: "inline", "processes", "ray", or "auto", which is one of the first two.
        workers: number of parallel jobs. Default: one per GPU, or else per core, if there is
            enough memory; on Ray, as many as fit.
        address: address of a Ray cluster: "auto" for the cluster of this machine, "host:6379", or
            "ray://host:10001". Default: a cluster is started on this machine.
        gpus: GPUs of a Ray cluster for each job: 0.25 for four jobs on each GPU. With other
            engines, jobs share the GPUs of this machine evenly.

    Raises:
        PipelineError: the values do not fit together, or Ray is not installed.
    """

    name: str = "auto"
    workers: int | None = None
    address: str | None = None
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if self.name not in ENGINES:
            raise PipelineError(f"engine {self.name!r}", expected=f"one of {', '.join(ENGINES)}")
        if self.workers is not None and self.workers < 1:
            raise PipelineError(f"{self.workers} workers", expected="at least 1")
        if self.name == "inline" and self.workers not in (None, 1):
            raise PipelineError(
                f"{self.workers} workers with the engine inline",
                expected="1 worker",
                remedy="To train in parallel, use the engine `processes`.",
            )
        if self.address is not None and self.name != "ray":
            raise PipelineError(
                f"the address {self.address} with the engine {self.name}",
                expected="the engine ray",
            )
        if self.gpus and self.name != "ray":
            raise PipelineError(
                f"{self.gpus:g} GPUs for each training with the engine {self.name}",
                expected="the engine ray",
                remedy="Leave out `--gpus`: the other engines use the GPUs of this machine anyway. "
                "For several trainings on one GPU, use `--workers N`.",
            )
        if self.gpus and not 0.01 <= self.gpus <= 1:
            raise PipelineError(
                f"{self.gpus:g} GPUs for each training",
                expected="0.01 to 1, because a training uses one GPU or a part of it",
            )
        if self.name == "ray" and not find_spec("ray"):
            raise PipelineError(
                "the package ray is not installed",
                where="engine ray",
                remedy="In the clone, run `.venv/bin/uv pip install -e '.[cluster]'`, or in an "
                "environment of your own `pip install '.[cluster]'`.",
            )


class Engine(Protocol):
    """Runs jobs."""

    @property
    def workers(self) -> int:
        """The maximum number of parallel jobs."""
        ...

    @property
    def local(self) -> bool:
        """Whether jobs can use the files of this machine, such as checkpoints."""
        ...

    def run(
        self, work: Work[J, R], jobs: Iterable[J], observer: Observer
    ) -> Iterator[tuple[J, R | Exception]]:
        """Runs the jobs, and yields each one when it finishes, with its result or exception.

        Args:
            jobs: the jobs. If it is a generator, it is asked for a job when a worker is free.
            observer: receives the progress of every job, in this process.
        """
        ...


AnyEngine = str | EngineChoice | Engine
"""An engine, a choice of one, or the name of a choice."""


class Inline:
    """Runs jobs one after another in this process."""

    workers, local = 1, True

    def run(
        self, work: Work[J, R], jobs: Iterable[J], observer: Observer
    ) -> Iterator[tuple[J, R | Exception]]:
        for job in jobs:
            outcome: R | Exception
            with note_interrupts():
                try:
                    outcome = work(job, observer)
                except Exception as error:
                    outcome = error
            yield job, outcome


def choose_engine(
    jobs: int, choice: str | EngineChoice = "auto", gpus: Sequence[str] = ()
) -> Engine:
    """The engine for a number of jobs.

    Small networks leave cores idle: two trainings in parallel finish sooner than one after the
    other. The number of parallel jobs depends on cores and memory; the results do not.

    Args:
        choice: a choice, or its name.
        gpus: names of the GPUs of this machine, see `gpu_names`. There is one job on each, unless
            the choice has a number of workers.
    """
    choice = EngineChoice(choice) if isinstance(choice, str) else choice
    if choice.name == "ray":
        from pipeline.search.cluster import Cluster

        return Cluster(choice.address, choice.workers, choice.gpus)
    places = count_side_by_side()
    workers = choice.workers or (min(len(gpus), places) if gpus else places)
    side_by_side = max(1, min(jobs, workers))
    if choice.name == "inline" or (choice.name == "auto" and side_by_side == 1):
        return Inline()
    from pipeline.search.processes import Processes

    return Processes(side_by_side, gpus)


def count_side_by_side() -> int:
    """The number of trainings that can run in parallel: one per core, if memory allows it."""
    return max(1, min(core_count(), free_memory() // MEMORY))
