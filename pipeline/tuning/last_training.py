"""How long the training with the best settings takes, estimated from the trials."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import optuna
from optuna.trial import TrialState

from pipeline.search.budget import Budget, closing_seconds
from pipeline.training.job import Job

RESERVE = 0.25  # of a budget, for the last training, until a trial is complete


@dataclass(frozen=True)
class LastTraining:
    """The training with the best settings, after all trials.

    Attributes:
        budget: time for everything.
        study: has the trials.
        job: the first training of a trial, with the recipe's own settings.
        executions: number of trainings of a trial.
        predictions: number of images that are predicted at the end, each as often as it has TTA
            views.
    """

    budget: Budget
    study: optuna.Study
    job: Job
    executions: int
    predictions: int

    def seconds(self) -> float:
        """Estimated seconds: the epochs on all training rows, and `closing`."""
        took = training_seconds(self.study, (TrialState.COMPLETE,))
        if not took:
            return RESERVE * self.budget.seconds
        rows = 1 + len(self.job.fold.validation) / len(self.job.fold.train)
        return rows * max(took) / self.executions + self.closing()

    def share_left(self) -> float:
        """The share of the epochs that fits into the time that is left, from 0 to 1."""
        closing = self.closing()
        needed = self.seconds() - closing
        return min(1.0, max(0.0, self.budget.left - closing) / needed) if needed > 0 else 1.0

    def closing(self) -> float:
        """Estimated seconds from the last epoch to the finished run: all rows are predicted."""
        complete = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        seen = [each.user_attrs for each in complete if each.user_attrs.get("seconds")]
        speeds = [len(self.job.fold.train) * one["epochs"] / one["seconds"] for one in seen]
        return closing_seconds(self.predictions, min(speeds, default=math.inf))


def training_seconds(study: optuna.Study, states: Sequence[TrialState]) -> list[float]:
    """The training times of trials in these states."""
    trials = study.get_trials(deepcopy=False, states=tuple(states))
    return [float(trial.user_attrs.get("seconds", 0)) for trial in trials]
