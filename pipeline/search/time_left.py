"""How long jobs will still take, estimated from those that have started."""

import time
from collections.abc import Iterable, Sequence
from statistics import fmean

from pipeline.training.job import Job
from pipeline.training.progress import Progress

ENOUGH = 0.05  # share of a job that tells how long it takes


class TimeLeft:
    """Estimates the time left for jobs, of which some run in parallel.

    A waiting job is expected to take as long for a step as started jobs of the same recipe, and as
    long as the mean of the started jobs if there are none of its recipe. The first step of a job is
    slow, so jobs that have just begun are left out where there are others.

    Args:
        more: how many other jobs will be added; each is expected to take as long as the mean.
    """

    def __init__(self, jobs: Sequence[Job], more: int = 0) -> None:
        self.more = more
        self.jobs = {job.name: job for job in jobs}
        self.began: dict[str, float] = {}
        self.first: dict[str, int] = {}  # epochs done at that time, by an earlier command
        self.before: dict[str, float] = {}  # the same as a share
        self.shares: dict[str, float] = {}
        self.took: dict[str, float] = {}  # seconds of jobs that have ended

    def add(self, job: Job) -> None:
        """Adds a job."""
        self.jobs[job.name] = job
        self.more = max(0, self.more - 1)

    def update(self, progress: Progress) -> None:
        """Notes the progress of a job."""
        name = progress.name
        if progress.epoch - 1 < self.first.get(name, 0):  # it was restarted
            del self.began[name], self.first[name]
        self.began.setdefault(name, time.monotonic() - progress.seconds)
        self.before[name] = self.first.setdefault(name, progress.epoch - 1) / progress.epochs
        self.shares[name] = progress.share

    def end(self, name: str) -> None:
        """Notes that a job has ended."""
        if name in self.began:
            self.took[name] = self._elapsed(name)
        else:
            self.jobs.pop(name, None)  # it failed before its first step

    def of(self, name: str) -> float:
        """Seconds left for a job that runs."""
        job = self.jobs[name]
        known = name in self._known(self._of_recipe(job))
        return (self._total(name) if known else self._expected(job)) * (1 - self.shares[name])

    def of_all(self) -> float:
        """Seconds left for all jobs; at least one has started."""
        running = [self.of(name) for name in self.began if name not in self.took]
        waiting = [self._expected(job) for name, job in self.jobs.items() if name not in self.began]
        waiting += [fmean(map(self._total, self._known(self.began)))] * self.more
        return max([sum(running + waiting) / max(1, len(running)), *running])

    def _elapsed(self, name: str) -> float:
        return time.monotonic() - self.began[name]

    def _total(self, name: str) -> float:
        """Seconds for the whole job."""
        done = 1.0 if name in self.took else self.shares[name]
        seconds = self.took.get(name) or self._elapsed(name)
        return seconds / max(done - self.before[name], 1e-9)

    def _expected(self, job: Job) -> float:
        """Seconds for the whole job."""
        same = self._known(self._of_recipe(job))
        if same:
            return job.steps * fmean(self._total(name) / self.jobs[name].steps for name in same)
        return fmean(map(self._total, self._known(self.began)))

    def _of_recipe(self, job: Job) -> list[str]:
        """The started jobs of the recipe."""
        return [name for name in self.began if self.jobs[name].recipe.name == job.recipe.name]

    def _known(self, names: Iterable[str]) -> list[str]:
        """Those that have done enough to tell how long they take; all, if none has."""
        told = [
            name
            for name in names
            if name in self.took or self.shares[name] - self.before[name] >= ENOUGH
        ]
        return told or list(names)


def in_words(seconds: float) -> str:
    """40.2 -> "40 s"; 100 -> "2 min"; 9000 -> "2 h 30 min"."""
    if seconds < 90:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
