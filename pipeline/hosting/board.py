"""Scores submissions on the hidden labels, and ranks teams."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.checksums import sha256
from pipeline.errors import UNPRINTABLE, PipelineError
from pipeline.files import lock, write_bytes
from pipeline.hosting.hosted import (
    HOSTED,
    RECEIVED,
    Hosted,
    Received,
    Solution,
    read_hosted,
    read_solution,
    write_hosted,
)
from pipeline.metrics.metric import METRICS
from pipeline.submission.check import find_faults, parse, raise_faults

if TYPE_CHECKING:
    import pandas as pd

MAX_TEAM = 60  # characters


@dataclass(frozen=True)
class Valid:
    """A submission that was checked, and can be received.

    Attributes:
        content: content of the file.
        solution: the hidden labels and the metric.
    """

    team: str
    content: bytes
    solution: Solution


def receive(folder: Path, valid: Valid) -> tuple[int, Received]:
    """Scores a submission on the public part, and puts it on the board.

    Returns:
        Its number, from 1, and its entry.

    Raises:
        PipelineError: the competition is closed.
    """
    created = datetime.now(UTC).isoformat(timespec="seconds")
    digest = hashlib.sha256(valid.content).hexdigest()
    public = _score(valid.content, valid.solution, public=True)
    with lock(folder / HOSTED, wait=True):
        hosted = _read_open(folder)
        write_bytes(_place(folder, digest), valid.content)
        entry = Received(created, valid.team, digest, public)
        write_hosted(folder, replace(hosted, received=(*hosted.received, entry)))
    return len(hosted.received) + 1, entry


def check_received(folder: Path, file: Path, team: str) -> Valid:
    """Checks a file before it is received.

    Raises:
        PipelineError: the file or the name of the team is not valid, or the competition is closed.
    """
    if not team.strip() or len(team) > MAX_TEAM or UNPRINTABLE.search(team):
        expected = f"1 to {MAX_TEAM} printable characters"
        raise PipelineError(f"the team {team!r}", where="--team", expected=expected)
    _read_open(folder)
    content, solution = file.read_bytes(), read_solution(folder)
    raise_faults(find_faults(solution.expected, content), file)
    return Valid(team.strip(), content, solution)


def close(folder: Path) -> Hosted:
    """Ends a hosted competition, and scores all submissions on the private part, once."""
    with lock(folder / HOSTED, wait=True):
        hosted = read_hosted(folder)
        if hosted.closed:
            return hosted
        solution = read_solution(folder)
        received = tuple(
            replace(entry, private=_private(folder, entry, solution)) for entry in hosted.received
        )
        now = datetime.now(UTC).isoformat(timespec="seconds")
        hosted = replace(hosted, received=received, closed=now)
        write_hosted(folder, hosted)
    return hosted


def board_table(hosted: Hosted) -> "pd.DataFrame":
    """A row for each team, the best first.

    A team's submission with the best public score counts, and the first one if scores are equal.
    Teams are ranked by the public score, and by the private one when the competition is closed.
    `attrs["metric"]` of the table is the name of the metric.
    """
    import pandas as pd

    metric = METRICS[hosted.metric]
    of_team: dict[str, list[Received]] = {}
    for entry in hosted.received:
        of_team.setdefault(entry.team, []).append(entry)
    rows = []
    for team, entries in of_team.items():
        best = max(entries, key=lambda one: float(metric.goodness(one.public)))
        rows.append(
            {
                "team": team,
                "private_score": best.private,
                "public_score": best.public,
                "submissions": len(entries),
                "created": best.created,
            }
        )
    columns = ["rank", "team", "private_score", "public_score", "submissions", "created"]
    table = pd.DataFrame(rows, columns=columns[1:])
    by = "private_score" if hosted.closed else "public_score"
    lower = not metric.higher_is_better
    table = table.sort_values([by, "created"], ascending=[lower, True], kind="stable")
    table.insert(0, "rank", table[by].rank(method="min", ascending=lower).astype(int))
    table = table.reset_index(drop=True)
    table.attrs["metric"] = metric.name
    return table


def _private(folder: Path, entry: Received, solution: Solution) -> float:
    path = _place(folder, entry.sha256)
    if not path.is_file() or sha256(path) != entry.sha256:
        raise PipelineError(
            f"the submission of {entry.team} on {entry.created} is missing or was changed",
            where=path,
            remedy="Restore the file.",
        )
    return _score(path.read_bytes(), solution, public=False)


def _score(content: bytes, solution: Solution, public: bool) -> float:
    """The score of a valid submission on one of the two parts."""
    expected = solution.expected
    number = {name: index for index, name in enumerate(expected.classes)}
    cells = {row[0]: row[1:] for _, row in parse(content)[1][1:] if row}
    ids = [id for id in expected.ids if (id in solution.public) == public]
    if expected.columns:
        given = np.array([cells[id] for id in ids]).astype(np.float32)
        probabilities = given / given.sum(axis=1, keepdims=True)
    else:
        predicted = [number[cells[id][0]] for id in ids]
        probabilities = np.eye(len(number), dtype=np.float32)[predicted]
    labels = np.array([number[solution.labels[id]] for id in ids])
    return solution.metric.value(probabilities, labels)


def _read_open(folder: Path) -> Hosted:
    """The state of a competition that is not closed."""
    hosted = read_hosted(folder)
    if hosted.closed:
        raise PipelineError(f"the competition was closed on {hosted.closed}", where=folder)
    return hosted


def _place(folder: Path, digest: str) -> Path:
    return folder / RECEIVED / f"{digest}.csv"
