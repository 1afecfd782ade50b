"""Searches without the training of the best; engines that train nothing, or are interrupted."""

import itertools
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pipeline as pp
from pipeline.networks.recipe import Recipe
from pipeline.search.display import Display
from pipeline.search.engine import Engine, Inline
from pipeline.training.progress import Progress
from pipeline.tuning.search import Search
from pipeline.tuning.subject import make_subject
from pipeline.tuning.trials import TrialResult


def prepare(
    competition: pp.Competition,
    recipe: str | Recipe,
    runs: Path,
    count: int | None,
    *,
    storage: str | None = None,
    seed: int = 0,
    **changes: Any,
) -> Search:
    """The search that `pp.tune` with these arguments begins with."""
    subject = make_subject(recipe, changes, seed)
    place = subject.place(competition.name, runs / competition.name, storage)
    place.prepare()
    return Search.prepare(subject, competition, place, Display(quiet=True), count, None)


def search(
    competition: pp.Competition,
    recipe: str | Recipe,
    runs: Path,
    count: int | None,
    engine: Engine | None = None,
    **others: Any,
) -> Search:
    """The trials of `pp.tune` with these arguments, without the run of the best."""
    found = prepare(competition, recipe, runs, count, **others)
    found.run(competition, engine or Inline())
    return found


class Scored:
    """An engine that trains nothing: its trials come to these scores.

    Args:
        scores: None is a failure; the last one is that of all further trials.
        seconds: that a trial sleeps.
        reported: seconds that a trial says it took. Default: those that it sleeps.

    Attributes:
        trials: those that it was asked to run.
    """

    workers, local = 1, True

    def __init__(
        self, *scores: float | None, seconds: float = 0.0, reported: float | None = None
    ) -> None:
        self.scores = itertools.chain(scores, itertools.repeat(scores[-1]))
        self.seconds = seconds
        self.reported = seconds if reported is None else reported
        self.trials: list[Any] = []

    def run(self, work: Any, jobs: Iterable[Any], observer: Any) -> Iterator[tuple[Any, Any]]:
        for job in jobs:
            self.trials.append(job)
            time.sleep(self.seconds)
            if (score := next(self.scores)) is None:
                yield job, RuntimeError("no layers")
            else:
                yield job, TrialResult("complete", score, 0.5, self.reported, 1)


class Interrupted:
    """An engine that gets Ctrl-C after the first epoch of a trial."""

    workers, local = 1, True

    def __init__(self, trial: str) -> None:
        self.trial = trial

    def run(self, work: Any, jobs: Iterable[Any], observer: Any) -> Iterator[tuple[Any, Any]]:
        def observe(progress: Progress) -> None:
            observer(progress)
            if progress.name == self.trial and progress.epoch_ended:
                signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & ignores it
                signal.raise_signal(signal.SIGINT)

        yield from Inline().run(work, jobs, observe)
