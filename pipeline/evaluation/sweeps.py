"""Sweeps: runs of one recipe that differ in one setting, perhaps repeated with other seeds."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.metrics.metric import Metric
from pipeline.runs.ranking import metric_of, value_of
from pipeline.runs.run import Run

MIN_VALUES = 3  # of a sweep; 2 if they are repeated with other seeds


@dataclass(frozen=True)
class Point:
    """The runs with one value of the setting.

    Attributes:
        mean: mean of the metric on the validation rows.
        deviation: its sample standard deviation; None for a single run.
        count: number of runs.
    """

    value: Any
    mean: float
    deviation: float | None
    count: int


@dataclass(frozen=True)
class Sweep:
    """The metric for each value of one setting.

    Attributes:
        published: the published value of the recipe, if there is one and it is comparable.
    """

    recipe: str
    setting: str
    points: tuple[Point, ...]
    published: float | None
    metric: Metric


def find_sweeps(runs: Sequence[Run]) -> list[Sweep]:
    """Every setting in which runs of one recipe differ while all other settings are equal."""
    trained = [run for run in runs if not run.record.members]
    names = sorted(
        {
            name
            for run in trained
            for name, value in run.record.settings.items()
            if not isinstance(value, list)  # such as the pace, which nobody sweeps
        }
    )
    return [
        sweep
        for name in names
        for group in _groups(trained, name)
        if (sweep := _sweep(name, group)) is not None
    ]


def _groups(runs: Sequence[Run], name: str) -> list[list[Run]]:
    """The runs that have the setting, grouped by recipe and all other settings."""
    groups = defaultdict(list)
    for run in runs:
        settings = run.record.settings
        if name in settings:
            others = tuple(sorted((k, repr(v)) for k, v in settings.items() if k != name))
            groups[run.record.recipe, run.record.identity.weights, others].append(run)
    return list(groups.values())


def _sweep(name: str, group: Sequence[Run]) -> Sweep | None:
    found = defaultdict(list)
    for run in group:
        found[run.record.settings[name]].append(value_of(run))
    repeated = any(len(values) > 1 for values in found.values())
    if len(found) < (2 if repeated else MIN_VALUES):
        return None
    points = [
        Point(
            value,
            float(np.mean(values)),
            float(np.std(values, ddof=1)) if len(values) > 1 else None,
            len(values),
        )
        for value, values in sorted(found.items(), key=_order)
    ]
    record, metric = group[0].record, metric_of(group[0])
    return Sweep(record.recipe, name, tuple(points), metric.saved(record.comparable), metric)


def _order(item: tuple[Any, Any]) -> tuple[bool, float, str]:
    """Sorts numbers by size, before texts."""
    value = item[0]
    number = isinstance(value, int | float)
    return not number, float(value) if number else 0.0, str(value)
