"""The page of a tuning: what was searched, what it found, and each trial."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.metrics.metric import Metric
from pipeline.networks.space import short_name, text_of
from pipeline.report.rendering import render
from pipeline.report.tuning.charts import (
    parallel_coordinates,
    score_by_share,
    score_by_trial,
    score_by_value,
    worst_shown,
)
from pipeline.runs.folder import TUNED
from pipeline.tuning.summary import FACTS, LAST, Summary

if TYPE_CHECKING:
    import pandas as pd

STATES = ("complete", "pruned", "failed", "interrupted")


@dataclass(frozen=True)
class Row:
    """A trial, see `trials_table`.

    Attributes:
        settings: value to sort by and text of each searched setting.
    """

    trial: int
    state: str
    score: float | None
    loss: float | None
    seconds: float | None
    epochs: int | None
    settings: list[tuple[Any, str]]


def tuning_page(competition: str, name: str, summary: Summary) -> str:
    """The page as HTML.

    Args:
        competition: its name.
        name: of the tuning: the recipe, with its changes.
        summary: of at least one trial.
    """
    trials, metric = summary.trials, summary.metric
    complete = trials[trials["state"] == "complete"]
    return render(
        "tuning.html",
        title=f"Tuning of {name}",
        run=name + TUNED,
        competition=competition,
        metric=metric,
        counts={state: int((trials["state"] == state).sum()) for state in STATES},
        seconds=float(trials["seconds"].sum()),
        executions=summary.executions,
        names=[*map(short_name, summary.ranges)],
        ranges={setting: str(searched) for setting, searched in summary.ranges.items()},
        importance=summary.importance,
        last=LAST,
        best=complete.iloc[0].to_dict() if len(complete) else None,
        history=score_by_trial(trials, metric),
        off=_count_off(trials["score"].dropna(), metric),
        shares=score_by_share(trials, summary.curves, metric),
        slices=[
            (setting, score_by_value(trials, setting, searched, metric))
            for setting, searched in summary.ranges.items()
        ],
        parallel=(
            parallel_coordinates(trials, summary.ranges, metric) if len(complete) > 1 else None
        ),
        trials=_rows(summary),
        sprites=[],
    )


def _count_off(scores: "pd.Series[float]", metric: Metric) -> int:
    """How many scores an axis leaves out."""
    worst = metric.goodness(worst_shown(scores, metric))
    return int((metric.goodness(scores) < worst).sum())


def _rows(summary: Summary) -> list[Row]:
    table = summary.trials.astype(object).where(summary.trials.notna(), None)
    return [
        Row(
            **{fact: row[fact] for fact in FACTS},
            settings=[_cell(row[setting]) for setting in summary.ranges],
        )
        for row in table.to_dict("records")
    ]


def _cell(value: Any) -> tuple[Any, str]:
    if value is None:
        return "", ""
    return value, text_of(value)
