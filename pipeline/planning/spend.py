"""Spends a time budget: plans, trains on folds, combines, and keeps the best so far."""

import itertools
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.competition.competition import Competition
from pipeline.competition.folds import Fold
from pipeline.evaluation.leaderboard import check_same_data
from pipeline.files import check_writable
from pipeline.images.resize import to_images
from pipeline.networks.recipe import Recipe
from pipeline.planning.combining import (
    Combination,
    choose_next,
    describe_other_rows,
    ensemble_name,
    reuse_runs,
    tta_helps,
)
from pipeline.planning.kinds import (
    FOLDS,
    LITTLE,
    Kinds,
    choose_kinds,
    describe_plan,
    divide,
    kind_name,
    order_trainings,
    training_name,
    training_steps,
)
from pipeline.planning.plan import Improvement, Plan, plan_training, sample_rows, write_plan
from pipeline.planning.speed import Measurement, Speed, Speeds, train_or_measure
from pipeline.runs.fold_file import load_folds
from pipeline.runs.listing import list_runs
from pipeline.runs.ranking import ranked_by
from pipeline.runs.run import Run
from pipeline.search.budget import Budget, closing_seconds
from pipeline.search.display import Display
from pipeline.search.engine import AnyEngine, Engine, Work
from pipeline.search.execute import engine_for, note_checkpoint
from pipeline.training.job import Job

OnBetter = Callable[[Run], object]
"""Returns what to show, such as the path of a file, or None."""
STARTING = 20.0  # seconds until the first training begins
QUICK_SHARE, QUICK_LIMIT = 0.12, 60.0  # of the budget, and seconds, for the first submission
# The first submission must be finished by this share of the budget, minus these seconds.
FIRST_BY, MARGIN = 1 / 3, 10.0
AT_LEAST = 10.0  # seconds of the shortest useful training, with the start of a worker
QUICK_PIXELS = 30_000_000  # in an epoch of the training for the first submission
LEFT_OVER = 0.1  # of the budget; if less is left, no training is added
TTA_SHARE = 0.1  # largest share of a training's time for TTA
MOST_OF_EPOCH = 0.25  # largest share of a training's time for an epoch; longer ones sample rows


def spend(
    budget: Budget,
    competition: Competition,
    folder: Path,
    display: Display,
    on_better: OnBetter = lambda _: None,
    engine: AnyEngine = "auto",
) -> Run:
    """Trains for the time of a budget, and combines the new runs with earlier ones.

    Args:
        folder: the competition's runs.
        on_better: called with each run that is better than those before. The first run is
            finished within the first third of the time.
        engine: as for `execute`.

    Returns:
        The best run.

    Raises:
        Exception: the first failure, if all trainings failed and there is no run.
    """
    check_writable(folder)
    engine = engine_for((), sys.maxsize, engine)
    spending = Spending.prepare(budget, competition, folder, display, on_better, engine)
    work = Work(train_or_measure, competition, folder)
    with display.show([], budget):
        for job, result in engine.run(work, spending.jobs(), display.progress):
            spending.receive(job, result)
    if spending.combination.best is None:
        raise spending.failures[0]
    return spending.combination.best


@dataclass
class Spending:
    """The state of a time budget.

    Attributes:
        kinds: the recipes to train.
        engine: runs the trainings.
        workers: number of parallel trainings.
        combination: combines the finished trainings, also those of earlier commands.
        improvements: the best results so far, with their times.
        speeds: training speeds by recipe; empty before they are measured.
        failures: exceptions of failed trainings.
    """

    budget: Budget
    competition: Competition
    folder: Path
    display: Display
    on_better: OnBetter
    folds: Sequence[Fold]
    kinds: Kinds
    combination: Combination
    engine: Engine
    workers: int
    improvements: list[Improvement] = field(default_factory=list)
    speeds: Speeds = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)

    @classmethod
    def prepare(
        cls,
        budget: Budget,
        competition: Competition,
        folder: Path,
        display: Display,
        on_better: OnBetter,
        engine: Engine,
    ) -> "Spending":
        """Makes the folds, chooses recipes for the images, and finds runs of earlier commands.

        Raises:
            PipelineError: the folder has runs of other data.
        """
        found = list_runs(folder, lambda error: display.note(error.message))
        check_same_data(found, competition.fingerprint)
        found = [ranked_by(run, competition.metric) for run in found]
        if note := describe_other_rows(found):
            display.note(note)
        folds = load_folds(competition, FOLDS, folder)
        for note in folds[0].notes:
            display.note(f"Note: {note}.")
        pixels, schema = competition.train_pixels, competition.schema
        images = to_images(pixels, schema.shape, schema.planes, schema.transpose)
        kinds = choose_kinds(images, competition.labels)
        combination = Combination(folder, ensemble_name(str(budget)), competition.groups)
        spending = cls(budget, competition, folder, display, on_better, folds, kinds, combination,
                       engine, engine.workers)  # fmt: skip
        if runs := reuse_runs(found, folds):
            display.note(f"Reused: {', '.join(run.name for run in runs)}")
            spending.add(runs)
        return spending

    def jobs(self) -> Iterator[Job | Measurement]:
        """The next job, with its time. It is asked for when a worker is free."""
        # The speed is measured before the plan is made. All workers measure it, except the one
        # that makes the first submission, if there is none yet.
        first = 0 if self.combination.runs else 1
        for worker in range(max(1, self.workers - first)):
            yield self._measurement(f"speed {worker}")
        if first:
            yield self._started(self._quick_job())
        if self.speed and self._worth() < LITTLE * self.workers:
            self.kinds = replace(self.kinds, main=(self.kinds.short,))
        kinds, count = self._divide()
        order = order_trainings(kinds)
        longest = 0.0
        for started in itertools.count():
            seconds = self.budget.left / max(1, math.ceil((count - started) / self.workers))
            longest = max(longest, seconds)
            images = seconds * self.speed.now if self.speed else 0.0
            recipe, seed, part, name = choose_next(
                order, self.combination.runs, self.folder, str(self.budget), images
            )
            recipe = self._with_tta_that_pays(recipe, seconds)
            least = max(2 * self._closing(recipe), LITTLE * longest)
            if started >= count:  # time is left because trainings ended early
                least = max(least, LEFT_OVER * self.budget.seconds)
            if seconds < least:
                if not started:
                    self.display.note("There is no time for another training.")
                return
            yield self._started(replace(self._job(recipe, seed, part, seconds), name=name))

    @property
    def speed(self) -> Speed | None:
        """The speed of the first recipe to train; None before it is measured."""
        return self.speeds.get(self.kinds.main[0].name)

    def receive(self, job: Job | Measurement, result: Run | Speeds | Exception) -> None:
        """Handles the result of a job: a speed, or a run that may improve the best one."""
        if isinstance(result, Exception):
            self.failures.append(result)
            self.display.fail(job.name)
            self.display.warn(f"{job.name} failed: {result}")
        elif isinstance(result, Run):
            self.display.finish(job.name, result)
            self.add([result])
        else:
            self.speeds = result

    def add(self, runs: Sequence[Run]) -> None:
        """Combines runs with earlier ones, and reports a better result."""
        if best := self.combination.add(runs):
            self.display.best(best)
            if told := self.on_better(best):
                self.display.note(f"  {told}")
            self.improvements.append(Improvement(self.budget.spent, best.name, best.scores))
        self._write_plan()

    def _with_tta_that_pays(self, recipe: Recipe, seconds: float) -> Recipe:
        """The recipe, without TTA if it takes too much of this time, or does not help."""
        plain = replace(recipe, tta_views=1, tta_angles=1)
        takes = self._closing(recipe) - self._closing(plain)
        pays = takes < TTA_SHARE * seconds and tta_helps(self.combination.runs, recipe.name)
        return recipe if pays else plain

    def _started(self, job: Job) -> Job:
        self.display.add(job)
        if self.engine.local:
            note_checkpoint(job, self.competition, self.folder, self.display)
        return job

    def _measurement(self, name: str) -> Measurement:
        recipes = (self.kinds.main[0], self.kinds.short)
        return Measurement(tuple(Job(one.name, one, 0, self.folds[0]) for one in recipes), name)

    def _quick_job(self) -> Job:
        began, seconds = self.budget.began, self.budget.seconds
        until = min(seconds * FIRST_BY - MARGIN, STARTING + min(seconds * QUICK_SHARE, QUICK_LIMIT))
        recipe, name = self.kinds.quick, self._name(self.kinds.quick, 0, 1)
        deadline = max(began + until, time.time() + AT_LEAST)
        rows = QUICK_PIXELS // math.prod(recipe.image_shape(self.competition.schema.shape))
        fold = sample_rows(self.folds[0], self.competition.labels, rows, 0)
        return Job(name, recipe, 0, fold, deadline)

    def _divide(self) -> tuple[Sequence[Recipe], int]:
        """The recipes to train, and the number of trainings that share the rest of the time."""
        if not self.speed:
            return self.kinds.main[:1], self.workers
        kinds, count = divide(self._worth(), self.workers, self.kinds.main)
        for line in describe_plan(kinds, count, self.workers, self.speed):
            self.display.note(line)
        return kinds, count

    def _worth(self) -> float:
        """The number of full trainings of the first recipe that fit into the rest of the time."""
        assert self.speed is not None
        recipe = self.kinds.main[0]
        steps = training_steps(len(self.folds[0].train))
        # Other work may start or stop. A training with less time has fewer steps.
        each = steps * recipe.batch_size / self.speed.alone + self._closing(recipe)
        return self.workers * self.budget.left / each

    def _job(self, recipe: Recipe, seed: int, part: int, seconds: float) -> Job:
        """A training that ends in that time, predictions included."""
        now, fold = time.time(), self.folds[part - 1]
        training = max(1.0, seconds - self._closing(recipe))
        if self.speed:
            rows = max(int(MOST_OF_EPOCH * training * self.speed.now), recipe.batch_size)
            fold = sample_rows(fold, self.competition.labels, rows, seed)
            epochs = round(training * self.speed.now / len(fold.train))
            recipe = replace(recipe, epochs=max(1, epochs), min_steps=0)
        return Job(self._name(recipe, seed, part), recipe, seed, fold, now + training)

    def _closing(self, recipe: Recipe) -> float:
        """Seconds from the last epoch of a training to its finished run."""
        rows = len(self.folds[0].validation) + len(self.competition.test_pixels)
        return closing_seconds(rows * recipe.views, self.speed.now if self.speed else math.inf)

    def _name(self, recipe: Recipe, seed: int, part: int) -> str:
        return training_name(kind_name(recipe.name, str(self.budget), seed), part)

    def _write_plan(self) -> None:
        runs, folds = self.combination.runs, self.folds
        trainings = [plan_training(run, folds[run.record.fold.part - 1]) for run in runs]
        plan = Plan(
            str(self.budget),
            self.competition.fingerprint,
            self.workers,
            self.speed.alone if self.speed else None,
            tuple(trainings),
            tuple(self.improvements),
        )
        write_plan(self.folder / f"plan-{self.budget}.json", plan)
