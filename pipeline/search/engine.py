"""Engines run jobs: one after another in this process, or in parallel in several.

An engine yields each job with its run, or with the exception that ended it, as they finish. One
failure never stops another job.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from pipeline.errors import PipelineError
from pipeline.machine import core_count, free_memory
from pipeline.training.progress import Observer


class Named(Protocol):
    """What an engine runs."""

    @property
    def name(self) -> str: ...


J = TypeVar("J", bound=Named)
R = TypeVar("R")
Work = Callable[[J, Observer], R]
"""Makes a job's result. Picklable."""

ENGINES = ("auto", "inline", "processes")
MEMORY = 2 << 30  # bytes for one training process


class Engine(Protocol):
    """How jobs are run; a cluster is one more implementation of this."""

    def run(
        self, work: Work[J, R], jobs: Iterable[J], observer: Observer
    ) -> Iterator[tuple[J, R | Exception]]:
        """Runs the jobs, and yields each with its result, or exception, as it finishes.

        Args:
            jobs: may be a generator, which is asked for a job when one can start.
            observer: receives the progress of every job, in this process.
        """
        ...


class Inline:
    """Runs jobs one after another in this process."""

    def run(
        self, work: Work[J, R], jobs: Iterable[J], observer: Observer
    ) -> Iterator[tuple[J, R | Exception]]:
        for job in jobs:
            outcome: R | Exception
            try:
                outcome = work(job, observer)
            except Exception as error:
                outcome = error
            yield job, outcome


def choose_engine(jobs: int, name: str = "auto", accelerator: bool = False) -> Engine:
    """The engine for a number of jobs.

    Small networks leave cores idle: two trainings in parallel finish sooner than one after the
    other. How many run in parallel depends on cores and memory; their results do not.

    Args:
        name: "inline", "processes", or "auto".
        accelerator: whether a GPU does the work; jobs then run one after another.
    """
    if name not in ENGINES:
        raise PipelineError(f"engine {name!r}", expected=f"one of {', '.join(ENGINES)}")
    side_by_side = max(1, min(jobs, count_side_by_side()))
    if name == "inline" or (name == "auto" and (accelerator or side_by_side == 1)):
        return Inline()
    from pipeline.search.processes import Processes

    return Processes(side_by_side)


def count_side_by_side() -> int:
    """How many trainings can run in parallel: one for each core, if there is memory for them."""
    return max(1, min(core_count(), free_memory() // MEMORY))
