"""The score of one run on the locked rows, made once and saved beside the runs."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pipeline.competition.competition import Competition, LockedRows
from pipeline.competition.folds import groups_of_equal_rows
from pipeline.competition.values import chunks
from pipeline.documents import read_sealed, seal
from pipeline.errors import PipelineError
from pipeline.files import lock, write_text
from pipeline.runs.metrics import score_by
from pipeline.runs.record import Scores, encode
from pipeline.runs.run import Run

REVEAL = "reveal.json"


@dataclass(frozen=True)
class Reveal:
    """The content of reveal.json.

    Attributes:
        run: name of the run.
        identity: digest of the run's identity.
        data: fingerprint of the competition without the locked rows.
        holdout: fraction of the training file's rows that were locked.
        scores: on the locked rows.
        created: time in ISO 8601.
    """

    run: str
    identity: str
    data: str
    holdout: float
    scores: Scores
    created: str


def load_reveal(competition: Competition, folder: Path) -> Reveal | None:
    """What was revealed before; None if nothing was.

    Args:
        folder: the competition's runs.

    Raises:
        PipelineError: the competition has no locked rows, the file is damaged, or it is about
            other data.
    """
    _locked(competition)
    path = folder / REVEAL
    if not path.exists():
        return None
    try:
        found = read_sealed(path, Reveal)
    except (OSError, ValueError) as error:
        raise PipelineError(
            f"it cannot be read: {error}",
            where=path,
            remedy="Restore it: without it, the locked rows would be scored again.",
        ) from None
    if found.data != competition.fingerprint:
        raise PipelineError(
            f"locked rows of other data, or another share of them ({found.holdout:g}), were "
            f"revealed on {found.created}",
            where=path,
            remedy="Use the same files and the same holdout, or another folder with --runs.",
        )
    return found


def make_reveal(competition: Competition, run: Run, folder: Path) -> Reveal:
    """Scores a run on the locked rows and saves the score, unless there is one already.

    Args:
        folder: the competition's runs.

    Raises:
        PipelineError: the run was trained on other data, or is damaged.
    """
    locked, holdout = _locked(competition)
    if run.record.data.fingerprint != competition.fingerprint:
        raise PipelineError(
            "it was trained on other data, perhaps on the locked rows too",
            where=f"run {run.folder}",
            remedy=f"Train it with holdout = {holdout:g}.",
        )
    with lock(folder / REVEAL, wait=True):
        if found := load_reveal(competition, folder):  # made by another process meanwhile
            return found
        parts = [run.predict(locked.pixels[rows]) for rows in chunks(len(locked.rows))]
        copies = groups_of_equal_rows(locked.pixels)[1]
        made = Reveal(
            run=run.name,
            identity=run.record.identity.digest,
            data=competition.fingerprint,
            holdout=holdout,
            scores=score_by(competition.metric, np.concatenate(parts), locked.labels, copies),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        write_text(folder / REVEAL, seal(encode(made)))
    return made


def _locked(competition: Competition) -> tuple[LockedRows, float]:
    """The locked rows, and their share of the training file."""
    locked, holdout = competition.locked, competition.overrides.holdout
    if locked is None or holdout is None:
        raise PipelineError(
            "no rows are locked",
            where=competition.folder,
            expected="a holdout, such as --holdout 0.1, or holdout = 0.1 in competition.toml",
            remedy="Train with the same holdout, so that no run has seen these rows.",
        )
    return locked, holdout
