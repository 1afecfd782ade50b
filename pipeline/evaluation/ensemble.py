"""Runs -> a run that combines them: a weighted mean, or the folds of a cross-validation."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import Rows
from pipeline.competition.folds import rows_fingerprint
from pipeline.errors import PipelineError, suggest
from pipeline.evaluation.leaderboard import check_comparable, choices, scored_on
from pipeline.evaluation.selection import METHODS, Selection
from pipeline.networks.published import Published
from pipeline.runs.folder import (
    MEMBERS,
    Validation,
    check_run_name,
    checksums_of,
    is_run,
    write_run,
)
from pipeline.runs.listing import find_equal
from pipeline.runs.metrics import apply_temperature, average, score
from pipeline.runs.ranking import metric_of
from pipeline.runs.record import FoldRecord, Identity, RunRecord
from pipeline.runs.run import Run, load_run

if TYPE_CHECKING:
    import pandas as pd

RECIPE = "ensemble"  # of the runs that `combine` makes


def choose_candidates(runs: Sequence[Run]) -> list[Run]:
    """The runs that an ensemble may combine: at least two scored out of fold, on the same rows.

    Of several such groups, the one scored on most rows is taken; without any, the runs scored on
    the hold-out. Earlier results of `combine` are left out, and so are single folds of a
    cross-validation.
    """
    whole = [run for run in runs if not run.record.fold.part and MEMBERS not in run.checksums]
    by_rows: dict[str, list[Run]] = {}
    for run in whole:
        if run.record.fold.out_of_fold:
            by_rows.setdefault(run.record.fold.fingerprint, []).append(run)
    if several := [some for some in by_rows.values() if len(some) >= 2]:
        return max(several, key=lambda some: some[0].record.fold.validation_rows)
    return [run for run in whole if not run.record.fold.out_of_fold]


def combine(
    runs: Path,
    name: str,
    candidates: Sequence[Run],
    groups: Rows,
    method: str,
    fresh: bool,
    note: Callable[[str], None],
) -> Run:
    """Weighs runs, and writes the ensemble's folder unless the same ensemble is in it.

    Args:
        runs: folder of the competition's runs.
        name: of the ensemble. An earlier one is replaced; no other run is.
        candidates: different runs.
        groups: (n,) group numbers of the training rows, equal for copies and near copies.
        method: "greedy" or "mean", see `selection`.
        fresh: make the same ensemble again.
        note: called with what a user should know.

    Raises:
        PipelineError: the runs cannot be combined, or another run has the name.
    """
    _check_candidates(runs, candidates, method)
    _check_name(runs, name, candidates)
    folder = runs / name
    first = candidates[0]
    rows, labels = first.validation.rows, first.validation.labels
    probabilities = [run.validation.probabilities for run in candidates]
    metric = metric_of(first)
    selection = METHODS[method](probabilities, labels, groups[rows], metric)
    weighted = zip(candidates, selection.counts.tolist(), strict=True)
    members = [run for run, count in weighted for _ in range(count)]
    digests = [run.record.identity.digest for run in candidates]
    identity = Identity(
        RECIPE,
        {
            "method": method,
            "candidates": hashlib.sha256("".join(digests).encode()).hexdigest(),
            **({"metric": metric.name} if metric.balanced else {}),  # else it chooses the same
        },
        seed=0,
        data=first.record.data.fingerprint,
        fold=first.record.identity.fold,
        members=tuple(run.record.identity.digest for run in members),
    )
    if is_run(folder) and not fresh:
        if found := find_equal(folder, identity):
            note(f"{name}: made before of the same runs, reused")
            return found
        note(f"{name}: made before of other runs or in another way, or damaged; replaced")
    validation = Validation(rows, labels, selection.probabilities)
    record = _record(members, validation, first.scores.copies, first.record.fold, identity, None)
    chosen = dict.fromkeys(choice for run in members for choice in choices(run.record))
    record = replace(record, temperature=selection.temperature, chosen=tuple(chosen))
    return _write(folder, record, members, validation, _table(candidates, selection))


def make_ensemble(
    folder: Path, members: Sequence[Run], identity: Identity, published: Published | None = None
) -> Run:
    """Averages the members' probabilities and writes the ensemble's folder.

    Args:
        published: published score of this ensemble.

    Raises:
        PipelineError: the members used different data or validation rows.
    """
    check_comparable(members)
    first = members[0].validation
    probabilities = average([run.validation.probabilities for run in members])
    validation = Validation(first.rows, first.labels, probabilities)
    fold, copies = members[0].record.fold, members[0].scores.copies
    record = _record(members, validation, copies, fold, identity, published)
    return _write(folder, record, members, validation)


def cross_validate(
    folder: Path, members: Sequence[Run], identity: Identity, published: Published | None = None
) -> Run:
    """Joins the runs of folds: out-of-fold probabilities for the training rows.

    Test probabilities are the mean over the folds.

    Args:
        members: a run for each fold, or for some of them.
    """
    rows = np.concatenate([run.validation.rows for run in members])
    order = np.argsort(rows)
    labels = np.concatenate([run.validation.labels for run in members])[order]
    probabilities = np.concatenate([run.validation.probabilities for run in members])[order]
    fold = FoldRecord(
        _name_of_folds(members),
        rows_fingerprint(rows[order]),
        max(run.record.fold.train_rows for run in members),
        len(rows),
        joined=len(members),
    )
    validation = Validation(rows[order], labels, probabilities)
    copies = sum(run.scores.copies for run in members)  # which are in the same fold
    record = _record(members, validation, copies, fold, identity, published)
    return _write(folder, record, members, validation)


def _name_of_folds(members: Sequence[Run]) -> str:
    """ "5 folds", or "2 of 5 folds" if there are runs of two only."""
    count, of = len(members), members[0].record.fold.name.partition("of")[2]
    return f"{of} folds" if str(count) == of else f"{count} of {of} folds"


def _record(
    members: Sequence[Run],
    validation: Validation,
    copies: int,
    fold: FoldRecord,
    identity: Identity,
    published: Published | None,
) -> RunRecord:
    """The record of a combined run.

    Args:
        members: each as many times as it counts.
        copies: validation rows that repeat the image of another.
    """
    records = {run.name: run.record for run in members}.values()
    return RunRecord(
        identity=identity,
        data=members[0].record.data,
        fold=fold,
        scores=score(validation.probabilities, validation.labels, copies),
        parameters=sum(record.parameters for record in records),
        fit_seconds=sum(record.fit_seconds for record in records),
        predict_images_per_second=1
        / float(np.sum([1 / record.predict_images_per_second for record in records])),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        published=published,
        members=tuple(run.name for run in members),
    )


def _write(
    folder: Path,
    record: RunRecord,
    members: Sequence[Run],
    validation: Validation,
    candidates: "pd.DataFrame | None" = None,
) -> Run:
    """Writes the folder of a combined run; its test probabilities are the members' mean."""
    test = average([run.test_probabilities for run in members])
    with write_run(folder) as writer:
        writer.probabilities(validation, apply_temperature(test, record.temperature))
        if candidates is not None:
            writer.members(candidates)
        writer.record(record)
    return load_run(folder)


def _table(candidates: Sequence[Run], selection: Selection) -> "pd.DataFrame":
    """A row for each candidate, see `Run.candidates`: those that count most come first."""
    import pandas as pd

    table = pd.DataFrame(
        {
            "run": [run.name for run in candidates],
            "weight": selection.counts,
            "accuracy": [run.scores.accuracy for run in candidates],
            "loss": [run.scores.loss for run in candidates],
            "loss_gain": selection.loss_gains,
            "row_gain": selection.row_gains,
        }
    )
    return table.sort_values(["weight", "accuracy"], ascending=False, ignore_index=True)


def _check_candidates(runs: Path, candidates: Sequence[Run], method: str) -> None:
    if method not in METHODS:
        raise PipelineError(
            f"unknown method {method!r}",
            expected=f"one of {', '.join(METHODS)}",
            remedy=suggest(method, METHODS) or None,
        )
    if len(candidates) < 2:
        raise PipelineError(
            "fewer than two runs to combine",
            where=runs,
            expected="at least two on the same validation rows",
            remedy="Train more with `pipeline train`.",
        )
    if len({run.record.fold.fingerprint for run in candidates}) > 1:
        raise PipelineError(
            "runs on different validation rows cannot be combined",
            where=runs,
            details=[f"{run.name}: scored on {scored_on(run)}" for run in candidates],
            remedy="Choose some that are scored on the same rows.",
        )


def _check_name(runs: Path, name: str, candidates: Sequence[Run]) -> None:
    """Raises if the name is not that of a new run or of an ensemble that may be replaced."""
    folder = runs / name
    check_run_name(name)
    found = None
    if folder.exists() and not (is_run(folder) and MEMBERS in checksums_of(folder)):
        found = "it was not made by `pipeline ensemble`, and is not replaced"
    elif name in {run.name for run in candidates}:
        found = "it cannot be a member of itself"
    if found:
        remedy = "Give the ensemble another name."
        raise PipelineError(found, where=folder, remedy=remedy)
