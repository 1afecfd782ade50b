"""The page of a tuning: every trial is on it, whatever came of it."""

from pathlib import Path
from typing import Any

import optuna
import pytest
from click.testing import CliRunner
from optuna.trial import TrialState
from reader import Page

import pipeline as pp
from pipeline.cli import main
from pipeline.metrics.metric import ACCURACY
from pipeline.networks.space import Choice, Float, Integer, Space
from pipeline.report.tuning.charts import worst_shown
from pipeline.report.tuning.page import tuning_page
from pipeline.tuning.study import ERROR, METRIC, distributions
from pipeline.tuning.summary import summarize, trials_table

SPACE = Space(
    {
        "learning_rate": Float(1e-4, 1e-1, log=True),
        "units": Integer(64, 512, step=32),
        "activation": Choice(("relu", "sigmoid")),
    }
)


def study(*states: TrialState, error: str | None = "full") -> optuna.Study:
    """A study with trials of these states; the score follows from the learning rate alone."""
    ended = {ERROR: error} if error else {}
    made = optuna.create_study(direction="maximize")
    for number, state in enumerate(states):
        rate = 10 ** -(1 + number % 4)
        score = None if state == TrialState.FAIL else 0.9 + rate
        made.add_trial(
            optuna.trial.create_trial(
                state=state,
                value=score,
                **parameters(rate, number),
                intermediate_values={50: 0.5, 100: score or 0.6},
                user_attrs={"loss": 0.25, "seconds": 1.5, "epochs": 2} if score else ended,
            )
        )
    return made


def parameters(rate: float = 0.01, number: int = 0) -> dict[str, Any]:
    """Of a trial, with their distributions."""
    return {
        "params": {
            "learning_rate": rate,
            "units": 64 + 32 * (number % 3),
            "activation": ("relu", "sigmoid")[number % 2],
        },
        "distributions": distributions(SPACE),
    }


def page_of(found: optuna.Study) -> Page:
    return Page(tuning_page("digits", "mine", summarize(found, SPACE)))


def test_it_has_each_trial_and_names_the_best() -> None:
    complete, pruned, failed = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL
    page = page_of(study(*[complete] * 8, *[pruned] * 3, failed))
    assert "Best score 100.00 % trial 0 Completed 8 Pruned 3 Failed 1 Training 16 s" in page.words
    rows = page.words.rpartition("activation")[2]
    assert [rows.count(state) for state in ("complete", "pruned", "failed")] == [8, 3, 1]


def test_the_setting_that_decides_is_the_most_important() -> None:
    importance = summarize(study(*[TrialState.COMPLETE] * 30), SPACE).importance
    assert next(iter(importance)) == "learning_rate"
    assert importance["learning_rate"] > 0.6
    assert sum(importance.values()) < 1.001


def test_interrupted_trials_are_not_called_failed_and_are_in_no_chart() -> None:
    found = study(*[TrialState.COMPLETE] * 2, TrialState.PRUNED, TrialState.FAIL, error=None)
    words = page_of(found).words
    assert "Completed 2 Pruned 1 Interrupted 1 Training" in words
    assert "Failed" not in words
    assert set(summarize(found, SPACE).curves) == {0, 1, 2}


def test_a_trial_without_a_loss_is_the_worst_of_equal_scores() -> None:
    made = optuna.create_study(direction="maximize")
    for loss in (None, 0.5, 0.25):
        attributes = {} if loss is None else {"loss": loss}
        made.add_trial(optuna.trial.create_trial(value=0.9, user_attrs=attributes))
    assert trials_table(made, SPACE)["trial"].tolist() == [2, 1, 0]


def test_importance_is_no_share_of_the_whole_if_settings_matter_together_only() -> None:
    made = optuna.create_study(direction="maximize")
    for number in range(40):
        units, activation = number % 2, number // 2 % 2
        made.add_trial(
            optuna.trial.create_trial(
                value=0.9 if units == activation else 0.5,
                params={
                    "learning_rate": 0.01,
                    "units": (64, 512)[units],
                    "activation": ("relu", "sigmoid")[activation],
                },
                distributions=distributions(SPACE),
            )
        )
    assert sum(summarize(made, SPACE).importance.values()) < 0.5


def test_few_trials_tell_no_importance() -> None:
    assert not summarize(study(*[TrialState.COMPLETE] * 29), SPACE).importance


@pytest.mark.parametrize(
    "states",
    [
        [TrialState.FAIL],
        [TrialState.PRUNED, TrialState.FAIL],
        [TrialState.COMPLETE],
        [TrialState.COMPLETE, TrialState.PRUNED],
    ],
)
def test_few_trials_have_a_page_too(states: list[TrialState]) -> None:
    page = page_of(study(*states))
    assert ("Importance" in page.words, "Best score" in page.words) == (
        False, TrialState.COMPLETE in states
    )  # fmt: skip


def test_trials_that_the_axes_leave_out_are_marked_and_counted() -> None:
    made = study(*[TrialState.COMPLETE] * 8)
    assert "far worse" not in page_of(made).words
    made.add_trial(optuna.trial.create_trial(state=TrialState.PRUNED, value=0.1, **parameters()))
    scores = trials_table(made, SPACE)["score"]
    assert 0.1 < worst_shown(scores, ACCURACY) <= 0.9
    assert "1 trial is far worse than most" in page_of(made).words


def test_a_low_log_loss_is_good() -> None:
    made = optuna.create_study(direction="minimize")
    made.set_user_attr(METRIC, "log_loss")
    for loss in (0.5, 0.25, 0.375, 0.4, 0.45, 0.5, 9.0):
        made.add_trial(optuna.trial.create_trial(value=loss, **parameters()))
    page = page_of(made).words
    assert "Best score 0.2500 trial 1" in page
    assert "A score is the log loss" in page
    assert "1 trial is far worse than most" in page


def test_tune_writes_it_and_it_and_the_pages_of_the_report_link_each_other(
    tiny_folder, tmp_path: Path
) -> None:
    words = [str(tiny_folder), "--runs", str(tmp_path)]
    tune = ["tune", *words, "--model", "dense", "--epochs", "1", "--trials", "2", "--quiet"]
    result = CliRunner().invoke(main, [*tune, "--engine", "inline"])
    assert result.exit_code == 0, result.output
    written = tmp_path / "tiny/tuning/dense-epochs=1.html"
    assert f"All trials: {written}" in result.output
    assert "Completed 2" in Page(written).words
    report = pp.write_report(pp.load(tiny_folder), runs=tmp_path)
    of_run = tmp_path / "tiny/pages/dense-epochs=1-tuned.html"
    assert of_run.exists()
    assert "tuning/dense-epochs%3D1.html" in Page(report).links
    assert "../tuning/dense-epochs%3D1.html" in Page(of_run).links
    assert "../pages/dense-epochs%3D1-tuned.html" in Page(written).links
