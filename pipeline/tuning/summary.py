"""The results of a study: its best trial, a table of all, and a summary for a report."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import optuna
from optuna.trial import FrozenTrial, TrialState

from pipeline.metrics.metric import Metric
from pipeline.networks.space import Range, Space
from pipeline.tuning.study import ERROR, FINISHED, metric_of, parameters_of

if TYPE_CHECKING:
    import pandas as pd

FACTS = ("trial", "state", "score", "loss", "seconds", "epochs")  # of a trial, in a table
# Completed trials that are enough to show which settings matter. In simulated searches over six
# settings, one that caused half of the variance of the scores came first in 8 of 8 searches with 30
# trials, in 7 with 20, and in 5 with 10. If no setting had an effect, the largest share was 27 % on
# average with 30 trials, and 18 % with 60.
ENOUGH = 30
LAST = 200  # completed trials are used, which takes a few seconds; 600 would take half a minute


def best_trial(study: optuna.Study) -> FrozenTrial | None:
    """The completed trial with the best score; if scores are equal, with the lowest loss."""
    metric = metric_of(study)
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return max(complete, key=lambda trial: _quality(trial, metric), default=None)


def trials_table(study: optuna.Study, space: Space) -> "pd.DataFrame":
    """A row for each trial, the best first: completed, pruned, running, ended, waiting ones.

    Returns:
        The columns FACTS, and a column for each setting of the space. The score is the metric that
        `attrs["metric"]` names. A pruned trial has its last score.
    """
    import pandas as pd

    order = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING, TrialState.FAIL)
    states = {state: rank for rank, state in enumerate(order)}
    metric = metric_of(study)

    def place(trial: FrozenTrial) -> tuple[float, ...]:
        score, loss = _quality(trial, metric)
        return states.get(trial.state, len(order)), -score, -loss

    trials = sorted(study.get_trials(deepcopy=False), key=place)
    rows = [
        {
            "trial": trial.number,
            "state": _state(trial),
            "score": trial.value,
            **{name: trial.user_attrs.get(name) for name in ("loss", "seconds", "epochs")},
            **dict.fromkeys(space.ranges),
            **space.settings(parameters_of(trial)),
        }
        for trial in trials
    ]
    table = pd.DataFrame(rows, columns=[*FACTS, *space.ranges]).astype({"epochs": "Int64"})
    table.attrs["metric"] = metric.name
    return table


def _state(trial: FrozenTrial) -> str:
    """The state in one word: a trial that Optuna counts as failed may have been interrupted."""
    if trial.state == TrialState.FAIL:
        return "failed" if ERROR in trial.user_attrs else "interrupted"
    return trial.state.name.lower()


def _quality(trial: FrozenTrial, metric: Metric) -> tuple[float, float]:
    value, loss = trial.value, trial.user_attrs.get("loss")
    return (
        -math.inf if value is None else float(metric.goodness(value)),
        -math.inf if loss is None else -float(loss),
    )


@dataclass(frozen=True)
class Summary:
    """The trials of a study.

    Attributes:
        metric: the metric that compares trials.
        ranges: what was searched, by setting.
        executions: number of trainings of a trial.
        trials: see `trials_table`.
        curves: score without TTA by percent of the training, by the number of the trial; of trials
            that were completed or pruned.
        importance: share of the variance of the scores over the space that each setting explains
            alone, as a random forest predicts them (functional ANOVA: Hutter et al., 2014), the
            highest first; empty if there are fewer than ENOUGH completed trials. The rest is due to
            combinations of settings. All shares contain chance.
    """

    metric: Metric
    ranges: Mapping[str, Range]
    executions: int
    trials: "pd.DataFrame"
    curves: Mapping[int, "pd.Series[float]"]
    importance: Mapping[str, float]


def summarize(study: optuna.Study, space: Space) -> Summary:
    """The trials of a study of that space."""
    import pandas as pd

    trials = study.get_trials(deepcopy=False)
    curves = {
        trial.number: pd.Series(trial.intermediate_values).sort_index()
        for trial in trials
        if trial.state in FINISHED and trial.intermediate_values
    }
    table, importance = trials_table(study, space), _importance(study)
    return Summary(metric_of(study), space.ranges, space.executions, table, curves, importance)


def _importance(study: optuna.Study) -> dict[str, float]:
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))[-LAST:]
    if len(complete) < ENOUGH or len({trial.value for trial in complete}) == 1:
        return {}
    last = optuna.create_study(direction="maximize")
    last.add_trials(complete)
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    found = evaluator.evaluate(last)
    return dict(sorted(found.items(), key=lambda item: -item[1]))
