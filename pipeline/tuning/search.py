"""Asks the study for trials, trains them in parallel, and reports their results to it."""

import math
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import median
from typing import Self

import numpy as np
import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, Trial, TrialState

from pipeline import config
from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.metrics.metric import Metric
from pipeline.networks.recipe import FIXED
from pipeline.networks.space import text_of
from pipeline.search.budget import Budget
from pipeline.search.display import Display
from pipeline.search.engine import Engine, Work
from pipeline.training.job import Job, make_job
from pipeline.training.progress import Progress
from pipeline.tuning.last_training import LastTraining, training_seconds
from pipeline.tuning.study import (
    ALIVE,
    ERROR,
    FINISHED,
    Place,
    claim,
    distributions,
    make_study,
    retry,
    retry_stale,
)
from pipeline.tuning.subject import Subject
from pipeline.tuning.summary import best_trial
from pipeline.tuning.trials import TrialJob, TrialResult, make_pruner, run_trial, scoring_fold

MANY = sys.maxsize  # trials, where only the time is a limit
STARTUP = 5  # random trials
MAX_FAILURES = 5  # one after another
BEAT = 30.0  # seconds after which a trial tells again that it is alive
SLACK = 1.05  # factor on the time that is reserved for the last training
AT_LEAST = 2.0  # seconds of a trial


@dataclass(kw_only=True)
class Search:
    """The trials of a study.

    Attributes:
        subject: what is tuned.
        place: where the study is.
        study: keeps the trials.
        job: a training on the fold that scores the trials, with the recipe's own settings.
        metric: the metric that compares trials.
        display: shows them.
        count: number of finished trials to make; None for as many as the budget allows.
        budget: time for them, and for the last training; None without a limit.
        pruner: see `make_pruner`.
        startup: number of random trials; TPE chooses the others.
        predictions: how many images the last run predicts, each as often as it has TTA views.
        running: trials that this process has asked for, by name.
        failures: exceptions of trials, since the last finished one.
        asked: whether this process has asked for a trial.
        beats: when each running trial last told that it is alive, by name, in seconds of
            `time.monotonic`.
    """

    subject: Subject
    place: Place
    study: optuna.Study
    job: Job
    metric: Metric
    display: Display
    count: int | None
    budget: Budget | None
    pruner: optuna.pruners.BasePruner
    predictions: int
    startup: int = STARTUP
    running: dict[str, Trial] = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)
    beats: dict[str, float] = field(default_factory=dict)
    asked: bool = False

    @classmethod
    def prepare(
        cls,
        subject: Subject,
        competition: Competition,
        place: Place,
        display: Display,
        count: int | None,
        budget: Budget | None,
    ) -> Self:
        """Opens or makes the study, and queues again what a killed command has left.

        Raises:
            PipelineError: the study was made with other data or settings.
        """
        job = make_job(subject.recipe, {}, subject.seed, scoring_fold(competition))
        pruner = make_pruner(job.recipe, len(job.fold.train))
        study = make_study(
            place, job.identity(competition), subject.space, pruner, competition.metric
        )
        if stale := retry_stale(study, alone=place.url is None):
            display.note(f"Unfinished trials of an earlier command, tried again: {stale}")
        rows = len(competition.hold_out.validation) + len(competition.test_pixels)
        search = cls(
            subject=subject,
            place=place,
            study=study,
            job=job,
            metric=competition.metric,
            display=display,
            count=count,
            budget=budget,
            pruner=pruner,
            predictions=rows * job.recipe.views,
        )
        if search._count(FINISHED):
            display.note(f"Trials of earlier commands: {search._progress()}")
        own = config.flatten(job.recipe, without=FIXED)
        ranges = subject.space.ranges
        if not study.get_trials(deepcopy=False) and all(
            name in own and each.contains(own[name]) for name, each in ranges.items()
        ):
            first = {name: own[name] for name in ranges}
            study.enqueue_trial(first, skip_if_exists=True)
        return search

    def run(self, competition: Competition, engine: Engine) -> None:
        """Runs trials until there are enough, or the time is over.

        Raises:
            Exception: the first failure, if several trials failed one after another, and none
                was completed.
        """
        work = Work(partial(run_trial, self.pruner), competition, self.place.journal.parent)
        more = self._due() if self.count else 0
        with self.display.show([], self.budget, more):
            try:
                while self._due() and self._has_time():
                    for trial, result in engine.run(work, self._jobs(), self._observe):
                        self._receive(trial, result)
            finally:
                if self.running:
                    self.display.note(f"Trials: {self._progress()}")
                for unfinished in self.running.values():
                    retry(self.study, self._frozen(unfinished))
        if len(self.failures) >= MAX_FAILURES:
            if best_trial(self.study) is None:
                raise self.failures[0]
            self.display.note(f"no more trials: {MAX_FAILURES} failed one after another")
        if not self.asked and self._due() and not self._has_time():
            self.display.note("There is no time for another trial.")
        if elsewhere := self._count((TrialState.RUNNING,)):
            self.display.note(f"Trials that run elsewhere: {elsewhere}")

    def _progress(self) -> str:
        """ "6 of 40 finished" """
        return f"{self._count(FINISHED)}{f' of {self.count}' if self.count else ''} finished"

    def last_training(self) -> LastTraining:
        """The training with the best settings, for which there is a budget."""
        assert self.budget is not None
        executions = self.subject.space.executions
        return LastTraining(self.budget, self.study, self.job, executions, self.predictions)

    def _jobs(self) -> Iterator[TrialJob]:
        """The next trial, whenever a worker is free."""
        while self._due() and self._has_time():
            if trial := self._ask():
                name = f"trial {trial.number}"
                self.running[name], self.asked = trial, True
                try:
                    recipe = self.job.recipe.change(**self.subject.space.settings(trial.params))
                except PipelineError as error:
                    self._prune(name, error)
                    continue
                job = replace(self.job, name=name, recipe=recipe)
                self.display.add(job)
                executions, until = self.subject.space.executions, self._until()
                yield TrialJob(name, job, executions, trial.number, self.place, until)

    def _prune(self, name: str, error: PipelineError) -> None:
        """Ends a trial whose settings the recipe refuses: they fail whenever they are tried."""
        trial = self.running.pop(name)
        trial.set_user_attr(ERROR, str(error))
        self.study.tell(trial.number, state=TrialState.PRUNED)
        self.display.note(f"{name}  pruned: {error}")

    def _ask(self) -> Trial | None:
        """A trial of this process; None if another command has just begun the last one."""
        self.study.sampler = optuna.samplers.TPESampler(
            n_startup_trials=self.startup, seed=self._seed(), constant_liar=True
        )
        trial = self.study.ask(distributions(self.subject.space))
        claim(trial)
        if self.count and self._count((*FINISHED, TrialState.RUNNING)) > self.count:
            retry(self.study, self._frozen(trial))
            return None
        return trial

    def _seed(self) -> int | None:
        """Another one for each trial, so that a continued study does not repeat them.

        None, which is random, if other machines may ask after as many trials.
        """
        if self.place.url is not None:
            return None
        number = len(self.study.get_trials(deepcopy=False))
        return int(np.random.SeedSequence([self.subject.seed, number]).generate_state(1)[0])

    def _receive(self, job: TrialJob, result: TrialResult | Exception) -> None:
        trial = self.running.pop(job.name)
        try:
            self._tell(job.name, trial, result)
        except UpdateFinishedTrialError:
            # Another machine took it for dead, perhaps because this one was asleep.
            self.display.end(job.name, f"{job.name}: another command has given it up")

    def _tell(self, name: str, trial: Trial, result: TrialResult | Exception) -> None:
        """Tells the study what came of a trial.

        Raises:
            UpdateFinishedTrialError: another command has ended it.
        """
        if self._frozen(trial).state.is_finished():
            raise UpdateFinishedTrialError
        if isinstance(result, Exception):
            trial.set_user_attr(ERROR, str(result) or type(result).__name__)
            self.failures.append(result)
            self.display.fail(name)
            self.display.note(str(result))
            retry(self.study, self._frozen(trial))
        elif result.state == "stopped":
            self.display.end(name, f"{name}: stopped, its time is over")
            retry(self.study, self._frozen(trial))
        else:
            for fact in ("loss", "seconds", "epochs"):
                value = getattr(result, fact)
                trial.set_user_attr(fact, value if value is None or math.isfinite(value) else None)
            state = TrialState.COMPLETE if result.state == "complete" else TrialState.PRUNED
            self.study.tell(trial.number, result.score, state, skip_if_finished=True)
            self.failures.clear()
            self.display.end(name, self._line(name, trial, result))

    def _line(self, name: str, trial: Trial, result: TrialResult) -> str:
        settings = self.subject.space.settings(trial.params)
        shown = " ".join(f"{setting}={text_of(value)}" for setting, value in settings.items())
        score = result.state if result.score is None else self.metric.with_unit(result.score)
        return f"{name}  {score}  epoch {result.epochs}  {result.seconds:.1f} s  {shown}"

    def _observe(self, progress: Progress) -> None:
        self.display.progress(progress)
        now = time.monotonic()
        if now - self.beats.setdefault(progress.name, now) > BEAT:
            self.beats[progress.name] = now
            with suppress(UpdateFinishedTrialError):  # see `_receive`
                self.running[progress.name].set_user_attr(ALIVE, time.time())

    def _due(self) -> int:
        """How many more trials to ask for."""
        if len(self.failures) >= MAX_FAILURES:
            return 0
        if self.count is None:
            return MANY
        return max(0, self.count - self._count((*FINISHED, TrialState.RUNNING)))

    def _has_time(self) -> bool:
        until = self._until()
        if until is None:
            return True
        took = training_seconds(self.study, FINISHED)
        return until - time.time() > (median(took) if took else AT_LEAST)

    def _until(self) -> float | None:
        """Unix time at which trials end."""
        if self.budget is None:
            return None
        return self.budget.end - SLACK * self.last_training().seconds()

    def _count(self, states: tuple[TrialState, ...]) -> int:
        return len(self.study.get_trials(deepcopy=False, states=states))

    def _frozen(self, trial: Trial) -> FrozenTrial:
        return self.study.get_trials(deepcopy=False)[trial.number]
