"""Runs -> an ensemble: a run whose probabilities are the mean of its members'."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pipeline.networks.published import Published
from pipeline.runs.folder import Validation, write_run
from pipeline.runs.leaderboard import check_comparable
from pipeline.runs.metrics import score
from pipeline.runs.record import Identity, RunRecord
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
    validation = Validation(
        first.rows, first.labels, average([run.validation.probabilities for run in members])
    )
    record = RunRecord(
        identity=identity,
        data=members[0].record.data,
        fold=members[0].record.fold,
        scores=score(validation.probabilities, validation.labels),
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
