"""What a study has found, for a report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import optuna
from optuna.trial import TrialState

from pipeline.networks.space import Range, Space
from pipeline.tuning.study import FINISHED, trials_table

if TYPE_CHECKING:
    import pandas as pd

ENOUGH = 10  # completed trials that can tell which settings matter
LAST = 200  # completed trials are asked: a few seconds; all of 600 would take half a minute


@dataclass(frozen=True)
class Summary:
    """The trials of a study.

    Attributes:
        ranges: what was searched, by setting.
        executions: number of trainings of a trial.
        trials: see `trials_table`.
        curves: accuracy by percent of the training, by the number of the trial; of trials that
            were completed or pruned.
        importance: share of the variance of the scores that each setting explains alone
            (functional ANOVA: Hutter et al., 2014), the highest first; empty if there are too few
            trials. The rest is due to settings together, and to chance.
    """

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
    table = trials_table(study, space)
    return Summary(space.ranges, space.executions, table, curves, _importance(study))


def _importance(study: optuna.Study) -> dict[str, float]:
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))[-LAST:]
    if len(complete) < ENOUGH or len({trial.value for trial in complete}) == 1:
        return {}
    last = optuna.create_study(direction="maximize")
    last.add_trials(complete)
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    found = evaluator.evaluate(last)
    return dict(sorted(found.items(), key=lambda item: -item[1]))
