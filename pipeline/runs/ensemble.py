"""Runs -> a run that combines them: the mean of several, or the folds of a cross-validation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pipeline.competition.folds import rows_fingerprint
from pipeline.networks.published import Published
from pipeline.runs.folder import Validation, write_run
from pipeline.runs.leaderboard import check_comparable
from pipeline.runs.metrics import score
from pipeline.runs.record import FoldRecord, Identity, RunRecord, Scores
from pipeline.runs.run import Run, average, load_run, sharpen


@dataclass(frozen=True)
class Combination:
    """What a combined run is made of.

    Attributes:
        members: runs; one that is repeated counts as often.
        validation: rows, labels and probabilities of the combination.
        fold: the rows that it is scored on.
        copies: validation rows that repeat the image of another.
        scores: if they are not simply those of the probabilities.
        temperature: see `sharpen`.
    """

    members: Sequence[Run]
    validation: Validation
    fold: FoldRecord
    copies: int = 0
    scores: Scores | None = None
    temperature: float = 1.0


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
    combination = Combination(members, validation, members[0].record.fold, members[0].scores.copies)
    return write_combination(folder, combination, identity, published)


def cross_validate(
    folder: Path, members: Sequence[Run], identity: Identity, published: Published | None = None
) -> Run:
    """Joins the runs of all folds: out-of-fold probabilities for every training row.

    Test probabilities are the mean over the folds.

    Args:
        members: a run for each fold.
    """
    rows = np.concatenate([run.validation.rows for run in members])
    order = np.argsort(rows)
    labels = np.concatenate([run.validation.labels for run in members])[order]
    probabilities = np.concatenate([run.validation.probabilities for run in members])[order]
    fold = FoldRecord(
        f"{len(members)}-folds",
        rows_fingerprint(rows[order]),
        max(run.record.fold.train_rows for run in members),
        len(rows),
    )
    validation = Validation(rows[order], labels, probabilities)
    copies = sum(run.scores.copies for run in members)  # which are in the same fold
    combination = Combination(members, validation, fold, copies)
    return write_combination(folder, combination, identity, published)


def write_combination(
    folder: Path,
    combination: Combination,
    identity: Identity,
    published: Published | None = None,
) -> Run:
    """Writes the folder of a combined run."""
    members, validation = combination.members, combination.validation
    unique = list({run.name: run for run in members}.values())
    scores = combination.scores or score(
        validation.probabilities, validation.labels, combination.copies
    )
    test = average([run.test_probabilities for run in members])
    record = RunRecord(
        identity=identity,
        data=members[0].record.data,
        fold=combination.fold,
        scores=scores,
        parameters=sum(run.record.parameters for run in unique),
        fit_seconds=sum(run.record.fit_seconds for run in unique),
        predict_images_per_second=1
        / float(np.sum([1 / run.record.predict_images_per_second for run in unique])),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        published=published,
        members=tuple(run.name for run in members),
        temperature=combination.temperature,
    )
    with write_run(folder) as writer:
        writer.probabilities(validation, sharpen(test, combination.temperature))
        writer.record(record)
    return load_run(folder)
