"""Runs -> a ranked table, on the same validation rows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import Rows
from pipeline.competition.folds import rows_fingerprint
from pipeline.errors import PipelineError
from pipeline.evaluation.estimate import Estimate
from pipeline.runs.folder import Validation
from pipeline.runs.metrics import score
from pipeline.runs.ranking import interval_of, metric_of, value_of
from pipeline.runs.record import RunRecord
from pipeline.runs.run import Run

if TYPE_CHECKING:
    import pandas as pd


def rank(runs: Sequence[Run]) -> list[Run]:
    """The runs by their metric, the best first; equal ones by log loss.

    Raises:
        PipelineError: their scores are not comparable.
    """
    check_comparable(runs)

    def order(run: Run) -> tuple[float, float, str]:
        return -float(metric_of(run).goodness(value_of(run))), run.scores.loss, run.name

    return sorted(runs, key=order)


def group(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs with comparable scores, ranked: first those scored out of fold, then the hold-out.

    Of those scored out of fold, the runs scored on most rows come first. Runs of a single fold of a
    cross-validation are left out, unless there are no others.

    Raises:
        PipelineError: the runs used different data, or several hold-outs.
    """
    check_same_data(runs)
    whole = [run for run in runs if not run.record.fold.part]
    hold_out = [run for run in whole if not run.record.fold.out_of_fold]
    others = [run for run in whole if run.record.fold.out_of_fold] if whole else list(runs)
    others.sort(key=lambda run: (-run.record.fold.validation_rows, run.record.fold.part))
    by_rows: dict[str, list[Run]] = {}
    for run in others:
        by_rows.setdefault(run.record.fold.fingerprint, []).append(run)
    return [rank(some) for some in (*by_rows.values(), hold_out) if some]


def comparable(runs: Sequence[Run]) -> list[Run]:
    """The runs, scored on the same rows: on those of the hold-out, if it has runs.

    Runs that are not scored on all of these rows are left out.
    """
    groups = group(runs)
    last = groups[-1]
    base = groups[0] if last[0].record.fold.out_of_fold or last[0].record.fold.part else last
    rows, copies = base[0].validation.rows, base[0].scores.copies
    found = list(base)
    for some in groups:
        if some is not base and np.isin(rows, some[0].validation.rows).all():
            found += [on_rows(run, rows, copies) for run in some]
    return rank(found)


def choose_best(runs: Sequence[Run]) -> Run:
    """The best of all runs, by their metric on the rows that they are scored on.

    The best runs of two groups are compared on the rows that both are scored on: a run scored out
    of fold has probabilities for the rows of the hold-out as well, each from a model that did not
    train on it.
    """
    best, *others = (some[0] for some in group(runs))
    for run in others:
        rows = np.intersect1d(run.validation.rows, best.validation.rows, assume_unique=True)
        if len(rows) and rank([on_rows(run, rows), on_rows(best, rows)])[0].name == run.name:
            best = run
    return best


def on_rows(run: Run, rows: Rows, copies: int = 0) -> Run:
    """The run, scored on some of its validation rows.

    Args:
        rows: row numbers of the training file, in ascending order.
        copies: how many of them repeat the image of another.
    """
    at = np.searchsorted(run.validation.rows, rows)
    validation = Validation(rows, run.validation.labels[at], run.validation.probabilities[at])
    fold = replace(run.record.fold, fingerprint=rows_fingerprint(rows), validation_rows=len(rows))
    scores = score(validation.probabilities, validation.labels, copies)
    part = replace(run, record=replace(run.record, scores=scores, fold=fold))
    vars(part)["validation"] = validation  # what the cached property would read
    return part


def check_same_data(runs: Sequence[Run], data: str | None = None) -> None:
    """Checks that all runs used the same data, or that with this fingerprint.

    Raises:
        PipelineError: a run used other data.
    """
    data = data or (runs[0].record.data.fingerprint if runs else None)
    _refuse("different data", [run for run in runs if run.record.data.fingerprint != data])


def check_comparable(runs: Sequence[Run], data: str | None = None, fold: str | None = None) -> None:
    """Checks that all runs used the same data and the same validation rows.

    Args:
        data, fold: fingerprints that they must have; those of the first run if not given.

    Raises:
        PipelineError: a run used others.
    """
    check_same_data(runs, data)
    fold = fold or (runs[0].record.fold.fingerprint if runs else None)
    others = [run for run in runs if run.record.fold.fingerprint != fold]
    _refuse("different validation rows", others)


def _refuse(what: str, runs: Sequence[Run]) -> None:
    if runs:
        folder = runs[0].folder.parent
        names = ", ".join(run.name for run in runs[:10])
        raise PipelineError(
            f"these runs used {what}; scores are not comparable: {names}",
            where=folder,
            remedy="If they were trained with options such as --holdout or --validation, give "
            "these here too, or write them into competition.toml. Otherwise rename the folder, for "
            f"example with `mv {folder} {folder}-old`, or choose another one with --runs.",
        )


def leaderboard(runs: Sequence[Run]) -> "pd.DataFrame":
    """A row for each run, the best first; accuracies in 0..1, times in seconds.

    Runs scored out of fold and runs scored on the hold-out are ranked apart. Runs that the paired
    test cannot tell apart share a rank. `attrs` of the table holds the `metric`, the `caution`, and
    the `estimate` of the first run of each ranking by its name.

    Raises:
        PipelineError: their scores are not comparable.
    """
    import pandas as pd

    from pipeline.evaluation.comparison import compare

    comparisons = [compare(some) for some in group(runs)]
    rows = [
        {
            "rank": best,
            "worst_rank": worst,
            "run": run.name,
            "scored_on": scored_on(run),
            metric_of(run).name: value_of(run),
            **dict(zip(("low", "high"), interval_of(run), strict=True)),
            "n": run.scores.distinct,
            "accuracy": run.scores.accuracy,
            "loss": run.scores.loss,
            "parameters": run.record.parameters,
            "epochs": run.record.epochs,
            "best_epoch": run.record.best_epoch,
            "fit_seconds": run.record.fit_seconds,
            "predict_images_per_second": run.record.predict_images_per_second,
        }
        for comparison in comparisons
        for run, (best, worst) in zip(comparison.runs, comparison.rank_ranges, strict=True)
    ]
    table = pd.DataFrame(rows)
    table = table.astype({"epochs": "Int64", "best_epoch": "Int64"}, errors="ignore")
    apart = "The tables are scored on different rows: only compare runs of the same table. "
    apart += f"`submit` uses {choose_best(runs).name}, of the first runs the best on shared rows. "
    estimates = {comparison.runs[0].name: comparison.estimate for comparison in comparisons}
    note = caution([run for comparison in comparisons for run in comparison.runs], estimates)
    table.attrs["caution"] = apart * (len(comparisons) > 1) + note
    table.attrs["estimate"] = estimates
    table.attrs["metric"] = metric_of(runs[0]).name
    return table


def scored_on(run: Run) -> str:
    """The rows that a run is scored on, in words: "hold-out", "out of 5 folds", "fold 1of5"."""
    fold = run.record.fold
    if fold.out_of_fold:
        return f"out of {fold.name}"
    return f"fold {fold.name}" if fold.part else fold.name


def caution(runs: Sequence[Run], estimates: Mapping[str, Estimate]) -> str:
    """A note on selection bias: what was chosen on the validation rows.

    Args:
        estimates: of the first run of each ranking, by its name.
    """
    chosen = [choices(run.record) for run in runs]
    chose = sum(map(bool, chosen))
    who, rows = f"{chose} of these runs", "these rows"
    if len(runs) == 1:
        text, who = "The validation rows were not trained on.", "The run"
    elif len({run.record.fold.fingerprint for run in runs}) == 1:
        text = "All runs are scored on the same validation rows, which none of them trained on."
    else:
        text, rows = "No run trained on the rows that it is scored on.", "the rows of their table"
    for name, estimate in estimates.items():
        if estimate.runs > 1:
            first = "The first" if len(estimates) == 1 else name
            where = "these rows" if len(estimates) == 1 else "the rows of its table"
            text += f" {first} is the best of {estimate.runs}, chosen on {where}."
            text += f" Corrected for that: {estimate}."
    if chose:
        different = list(dict.fromkeys(choice for found in chosen for choice in found))
        text += f" {who} also used {rows} to choose {_either(different)}."
        text += " That is not corrected: expect slightly lower scores on new data."
    return text


def choices(record: RunRecord) -> list[str]:
    """What the training, or those of an ensemble's members, chose on the validation rows.

    What could not have an effect in so few epochs is left out.
    """
    if record.chosen:
        return list(record.chosen)
    settings, epochs = record.settings, _epochs(record)
    patience, monitor = settings.get("early_stopping"), settings.get("plateau.monitor") or ""
    found = []
    if settings.get("restore_best") and epochs > 1:
        found.append("the best epoch")
    if patience is not None and epochs > max(patience, 1):
        found.append("the number of epochs")
    if monitor.startswith("val_") and epochs > max(settings.get("plateau.patience", 0), 1) + 1:
        found.append("the learning rate")
    return found


def _either(names: Sequence[str]) -> str:
    """a, b or c"""
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _epochs(record: RunRecord) -> float:
    """The number of epochs; for an ensemble, the maximum that its settings state."""
    if record.training:
        return record.training.epochs
    return math.inf if record.settings.get("min_steps") else record.settings.get("epochs", math.inf)
