"""Runs -> a run that combines them: the mean of several, or the folds of a cross-validation."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pipeline.competition.folds import rows_fingerprint
from pipeline.evaluation.leaderboard import check_comparable
from pipeline.networks.published import Published
from pipeline.runs.folder import Validation, write_run
from pipeline.runs.metrics import score
from pipeline.runs.record import FoldRecord, Identity, RunRecord
from pipeline.runs.run import Run, average, load_run


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
    return _write(folder, members, validation, copies, fold, identity, published)


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
    return _write(folder, members, validation, copies, fold, identity, published)


def _write(
    folder: Path,
    members: Sequence[Run],
    validation: Validation,
    copies: int,
    fold: FoldRecord,
    identity: Identity,
    published: Published | None,
) -> Run:
    """Writes the folder of a combined run; its test probabilities are the members' mean.

    Args:
        copies: validation rows that repeat the image of another.
    """
    record = RunRecord(
        identity=identity,
        data=members[0].record.data,
        fold=fold,
        scores=score(validation.probabilities, validation.labels, copies),
        parameters=sum(run.record.parameters for run in members),
        fit_seconds=sum(run.record.fit_seconds for run in members),
        predict_images_per_second=1
        / float(np.sum([1 / run.record.predict_images_per_second for run in members])),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        published=published,
        members=tuple(run.name for run in members),
    )
    with write_run(folder) as writer:
        writer.probabilities(validation, average([run.test_probabilities for run in members]))
        writer.record(record)
    return load_run(folder)
