"""One trial: trains a recipe on a fold of the training rows, and scores it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Literal

import optuna
from optuna.exceptions import UpdateFinishedTrialError

from pipeline.arrays import Probabilities
from pipeline.competition.competition import Competition
from pipeline.competition.folds import Fold, hold_out
from pipeline.errors import PipelineError
from pipeline.metrics.metric import ACCURACY
from pipeline.networks.predict import predict
from pipeline.networks.recipe import Recipe
from pipeline.training.fit import DivergedError, fit
from pipeline.training.job import Job
from pipeline.training.progress import Observer, Progress
from pipeline.training.train import prepare
from pipeline.tuning.study import Place

SHARE = 0.2  # of the training rows scores the trials
REDUCTION = 3  # Hyperband continues a third of the trials
FIRST = 3  # percent of a training after which the first decision comes, or its first epoch

Ending = Literal["complete", "pruned", "diverged", "stopped", "lost"]


@dataclass(frozen=True)
class TrialJob:
    """A trial that an engine runs.

    Attributes:
        name: such as "trial 7".
        job: its first training; the others differ by seed.
        executions: number of trainings.
        number: of the trial in its study.
        place: where the study is.
        until: Unix time at which it is stopped; None without a limit.
    """

    name: str
    job: Job
    executions: int
    number: int
    place: Place
    until: float | None = None


@dataclass(frozen=True)
class TrialResult:
    """The result of a trial.

    Attributes:
        state: "stopped" if the time was over; "lost" if another command ended it, because it
            seemed to be dead.
        score: the competition's metric, computed as for a run; the mean over the trainings. None
            if the trial is not complete.
        loss: see `Metric.loss`; the mean over the trainings. If the trial is not complete, it is
            the loss of the last epoch with the penalties of layers, and is only shown.
        seconds: training time of all of its trainings.
        epochs: number of epochs of all of its trainings.
    """

    state: Ending
    score: float | None
    loss: float | None
    seconds: float
    epochs: int


def scoring_fold(competition: Competition) -> Fold:
    """A fold within the training rows of the hold-out, whose validation rows score the trials.

    The hold-out's own validation rows are left out: they compare runs, and stay unbiased.

    Raises:
        PipelineError: there are too few rows.
    """
    rows, seed = competition.hold_out.train, competition.overrides.split_seed
    inner = hold_out(competition.groups[rows], competition.labels[rows], SHARE, seed)
    if not len(inner.validation):
        raise PipelineError(
            f"{len(rows)} training rows are too few to score trials on some of them",
            where=competition.folder,
            expected="a class with two different images",
        )
    return Fold(rows[inner.train], rows[inner.validation], "tuning")


def make_pruner(recipe: Recipe, rows: int) -> optuna.pruners.BasePruner:
    """Hyperband over the percents of a training; the same for all trials of a study.

    The number of epochs may depend on a searched setting: trials are compared at equal shares.
    The bracket of a trial depends on its number, not on its settings. So a trial that is tried
    again may be in another bracket.

    Args:
        recipe: with its own settings.
        rows: number of training rows of a trial.
    """
    first = max(FIRST, 100 // recipe.epochs_for(rows))
    return optuna.pruners.HyperbandPruner(
        min_resource=first, max_resource=100, reduction_factor=REDUCTION
    )


def run_trial(
    pruner: optuna.pruners.BasePruner,
    competition: Competition,
    folder: Path,
    trial: TrialJob,
    observer: Observer,
) -> TrialResult:
    """Trains a trial, and scores it by the competition's metric, also after each epoch.

    Only the first training is pruned: trials are compared by it.

    Args:
        pruner: see `make_pruner`.
        folder: not used, because a trial writes only to its study.
    """
    began, watch = time.monotonic(), _Watch(trial, competition, pruner, observer)
    results = list[tuple[float, float]]()
    state: Ending = "complete"
    try:
        for execution in range(trial.executions):
            watch.execution = execution
            results.append(watch.train(replace(trial.job, seed=trial.job.seed + execution)))
    except DivergedError:
        state = "diverged"
    except _PrunedError:
        state = "pruned"
    except _TimeIsOverError:
        state = "stopped"
    except UpdateFinishedTrialError:
        state = "lost"
    seconds = time.monotonic() - began
    if state != "complete":
        return TrialResult(state, None, watch.loss, seconds, watch.epochs)
    score, loss = map(fmean, zip(*results, strict=True))
    return TrialResult(state, score, loss, seconds, watch.epochs)


class _PrunedError(Exception):
    """The trial is worse than others after the same share of the training."""


class _TimeIsOverError(Exception):
    """The time of the trial is over."""


class _Watch:
    """The observer of a trial's trainings: scores them, and ends the trial by an exception.

    Attributes:
        predict: returns the probabilities of the current network for the rows that score it.
        execution: number of the current training, from 0.
        epochs: finished epochs of all trainings.
        loss: loss of the last epoch.
    """

    predict: Callable[..., Probabilities]

    def __init__(
        self,
        trial: TrialJob,
        competition: Competition,
        pruner: optuna.pruners.BasePruner,
        observer: Observer,
    ) -> None:
        self.trial, self.competition, self.observer = trial, competition, observer
        self.metric = competition.metric
        self.labels = competition.labels[trial.job.fold.validation]
        self.pruning = _Pruning(trial, pruner)
        self.execution = self.epochs = 0
        self.loss: float | None = None

    def train(self, job: Job) -> tuple[float, float]:
        """The score and the loss that a run of the job would have. Writes no run.

        Raises:
            DivergedError: the training diverged.
        """
        network, images = prepare(job, self.competition)
        self.predict = partial(predict, network.model, images, job.fold.validation)
        fit(network, job, images, self.competition.labels, self)
        recipe = job.recipe
        return self._scores(self.predict(tta_views=recipe.tta_views, tta_angles=recipe.tta_angles))

    def __call__(self, progress: Progress) -> None:
        epoch, epochs, count = progress.epoch, progress.epochs, self.trial.executions
        of_all = replace(progress, epoch=self.execution * epochs + epoch, epochs=count * epochs)
        self.observer(of_all)
        if progress.epoch_ended:
            self.epochs += 1
            score, self.loss = progress.scores["val_accuracy"], progress.scores["val_loss"]
            percent = 100 * epoch // epochs
            if self.execution == 0 and percent > self.pruning.percent:
                if self.metric is not ACCURACY:  # Keras has only measured the accuracy
                    score, self.loss = self._scores(self.predict())
                self.pruning.report(percent, score)
        if self.trial.until is not None and time.time() > self.trial.until:
            raise _TimeIsOverError

    def _scores(self, probabilities: Probabilities) -> tuple[float, float]:
        """The competition's metric, and the loss that decides between equal scores."""
        metric, labels = self.metric, self.labels
        return metric.value(probabilities, labels), metric.loss(probabilities, labels)


class _Pruning:
    """Reports the scores of a trial to its study, which may prune it.

    Attributes:
        percent: percent of the training after which the study last got a score.
    """

    def __init__(self, trial: TrialJob, pruner: optuna.pruners.BasePruner) -> None:
        place, self.percent = trial.place, 0
        self.storage = place.open()
        self.study = optuna.load_study(study_name=place.name, storage=self.storage, pruner=pruner)
        study_id = self.storage.get_study_id_from_name(place.name)
        self.trial_id = self.storage.get_trial_id_from_study_id_trial_number(study_id, trial.number)

    def report(self, percent: int, score: float) -> None:
        """Tells the study the score after a percentage of the training.

        Raises:
            _PrunedError: the pruner ends the trial.
            UpdateFinishedTrialError: another command has ended it.
        """
        self.percent = percent
        self.storage.set_trial_intermediate_value(self.trial_id, percent, score)
        trial = self.storage.get_trial(self.trial_id)
        if percent < 100 and self.study.pruner.prune(self.study, trial):
            raise _PrunedError
