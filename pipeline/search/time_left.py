"""How long jobs will still take, estimated from those that have started."""

import time
from collections.abc import Iterable, Sequence

from pipeline.training.job import Job
from pipeline.training.progress import Progress


class TimeLeft:
    """Estimates the time left for jobs, of which some run in parallel.

    A job is expected to take as long for a step as all started jobs of its recipe together, and as
    long as the started jobs of other recipes if there are none. So a job whose first step is slow
    does not make the estimate much longer.

    Args:
        more: how many other jobs will be added; each is expected to take as long as the others.
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
        return self._expected(self.jobs[name]) * (1 - self.shares[name])

    def of_all(self) -> float:
        """Seconds left for all jobs; at least one has started."""
        running = [self.of(name) for name in self.began if name not in self.took]
        waiting = [self._expected(job) for name, job in self.jobs.items() if name not in self.began]
        waiting += [self._seconds(self.began) / self._done(self.began)] * self.more
        return max([sum(running + waiting) / max(1, len(running)), *running])

    def _expected(self, job: Job) -> float:
        """Seconds for the whole job."""
        same = [name for name in self.began if self.jobs[name].recipe.name == job.recipe.name]
        if not same:
            return self._seconds(self.began) / self._done(self.began)
        steps = sum(self._share(name) * self.jobs[name].steps for name in same)
        return job.steps * self._seconds(same) / max(steps, 1e-9)

    def _seconds(self, names: Iterable[str]) -> float:
        """Time spent on these jobs by this command."""
        return sum(self.took.get(name) or self._elapsed(name) for name in names)

    def _done(self, names: Iterable[str]) -> float:
        """What this command has done of these jobs: 1.5 is one job and a half."""
        return max(sum(map(self._share, names)), 1e-9)

    def _share(self, name: str) -> float:
        return (1.0 if name in self.took else self.shares[name]) - self.before[name]

    def _elapsed(self, name: str) -> float:
        return time.monotonic() - self.began[name]


def in_words(seconds: float) -> str:
    """40.2 -> "40 s"; 100 -> "2 min"; 9000 -> "2 h 30 min"."""
    if seconds < 90:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
