"""Sweeps: runs that differ in one setting of a recipe, repeated with other seeds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.runs.run import Run

FEWEST = 3  # so many values make a sweep; two only where they are repeated


@dataclass(frozen=True)
class Point:
    """The runs of one value: what it is, their accuracies' mean, deviation and number.

    Attributes:
        deviation: of the sample, None for a single run.
    """

    value: Any
    mean: float
    deviation: float | None
    count: int


@dataclass(frozen=True)
class Sweep:
    """Accuracy against the values of one setting; `published` is what others reached, 0..1."""

    recipe: str
    setting: str
    points: tuple[Point, ...]
    published: float | None


def find_sweeps(runs: Sequence[Run]) -> list[Sweep]:
    """Every setting in which runs of one recipe differ while all others are the same."""
    flat = [(run, _flatten(run.record.get("recipe") or {})) for run in runs]
    names = sorted({name for _, settings in flat for name in settings} - {"name"})
    return [
        sweep
        for name in names
        for group in _groups(flat, name)
        if (sweep := _sweep(name, group)) is not None
    ]


def _groups(
    flat: Sequence[tuple[Run, dict[str, Any]]], name: str
) -> list[list[tuple[Run, dict[str, Any]]]]:
    """The runs that have the setting, together where all others are equal."""
    groups = defaultdict(list)
    for run, settings in flat:
        if name in settings:
            others = tuple(sorted((k, repr(v)) for k, v in settings.items() if k != name))
            groups[others].append((run, settings))
    return list(groups.values())


def _sweep(name: str, group: Sequence[tuple[Run, dict[str, Any]]]) -> Sweep | None:
    accuracies = defaultdict(list)
    for run, settings in group:
        accuracies[settings[name]].append(run.scores["accuracy"])
    repeated = any(len(values) > 1 for values in accuracies.values())
    if len(accuracies) < (2 if repeated else FEWEST):
        return None
    points = [
        Point(
            value,
            float(np.mean(shares)),
            float(np.std(shares, ddof=1)) if len(shares) > 1 else None,
            len(shares),
        )
        for value, shares in sorted(accuracies.items(), key=_order)
    ]
    published = (group[0][0].record.get("published") or {}).get("accuracy")
    return Sweep(str(group[0][1].get("name", "")), name, tuple(points), published)


def _order(item: tuple[Any, Any]) -> tuple[bool, float, str]:
    """Numbers by size, before words."""
    value = item[0]
    number = isinstance(value, int | float)
    return not number, float(value) if number else 0.0, str(value)


def _flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} -> {"a.b": 1}; lists become text."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = str(value) if isinstance(value, list) else value
    return flat
