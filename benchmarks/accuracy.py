"""Errors on new rows after a fixed training time: `fast`, `best` and a course notebook."""

import statistics
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

import pipeline as pp
from benchmarks.fresh import Fresh
from benchmarks.measure import Figures, equal_settings, run
from benchmarks.table import Row, spread
from benchmarks.workers.accuracy import NOTEBOOK

ACCURACY = "benchmarks.workers.accuracy"
RECIPES = ("fast", "best")
FRESH = 0.25  # of the labelled rows
BOTH = (
    "Each repeat has another seed and other fresh rows, which are used for no training or choice; "
    "both sides train on the same four fifths of the rest, and validate on the fifth. The time "
    "starts when data and libraries are loaded. fast and best were made for images such as these, "
    "conv-deep for 28 x 28."
)
DEFAULTS = (
    "Ours reduces the learning rate to zero, uses bfloat16 where it is faster, and averages "
    "views; theirs halves the rate after three epochs without improvement, as the notebook does, "
    "and keeps its last weights."
)
EQUAL = "Equal oneDNN and thread settings, float32, one view; networks and schedules are as before."


def accuracy_rows(folder: Path, repeats: int, data: Path, seconds: float) -> list[Row]:
    """Percent of wrong rows, one process after the other.

    Args:
        folder: folder for the competitions that are made from the data.
        data: a competition.
        seconds: duration of each training.
    """
    whole = pp.load(data)
    divided = [_divide(whole, folder, seed) for seed in range(repeats)]
    fresh = len(np.load(divided[0][1]))
    rows = []
    for words, note, options, variables in (
        ("each with its defaults", DEFAULTS, (), {}),
        ("equal settings", EQUAL, ("--equal",), equal_settings()),
    ):
        measure = partial(run, ACCURACY, variables=variables)
        names = (*RECIPES, NOTEBOOK)
        turns = [
            [measure(name, *paths, seconds, seed, *options) for name in names]
            for seed, paths in enumerate(divided)
        ]
        *ours, theirs = zip(*turns, strict=True)
        for name, figures in zip(RECIPES, ours, strict=True):
            errors = spread(figures, "error", "%"), spread(theirs, "error", "%")
            what = (
                f"errors of {fresh:,} fresh rows of {whole.name} after {seconds:g} s of {name}, "
                f"{words} | conv-deep, fit"
            )
            rows.append(Row(what, *errors, 1, f"{BOTH} {note} {_times(ours, theirs)}"))
    return rows


def _divide(whole: pp.Competition, folder: Path, seed: int) -> tuple[Path, Path]:
    """Writes a competition with some of the rows, and the labels of its test rows."""
    fresh = Fresh.divide(whole, FRESH, seed=seed)
    path, labels = folder / f"fresh-{seed}", folder / f"fresh-{seed}.npy"
    fresh.write(path)
    np.save(labels, fresh.fresh)
    return path, labels


def _times(ours: Sequence[Sequence[Figures]], theirs: Sequence[Figures]) -> str:
    """The real durations of the trainings: ours stop after an epoch, theirs after a step."""
    longest = max(statistics.median(each["seconds"] for each in figures) for figures in ours)
    median = statistics.median(each["seconds"] for each in theirs)
    return f"The trainings really took {longest:.1f} s at most, and {median:.1f} s (medians)."
