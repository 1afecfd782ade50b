"""Scores submissions on the hidden labels, and ranks teams."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

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
from pipeline.submission.check import find_faults, parse, raise_faults

if TYPE_CHECKING:
    import pandas as pd

MAX_TEAM = 60  # characters


def receive(folder: Path, file: Path, team: str) -> tuple[int, Received]:
    """Scores a submission on the public part, and puts it on the board.

    Returns:
        Its number, from 1, and its entry.

    Raises:
        PipelineError: it is not valid, the competition is closed, or the name of the team is not
            usable.
    """
    if not team.strip() or len(team) > MAX_TEAM or UNPRINTABLE.search(team):
        expected = f"1 to {MAX_TEAM} printable characters"
        raise PipelineError(f"the team {team!r}", where="--team", expected=expected)
    content = file.read_bytes()
    solution = read_solution(folder)
    raise_faults(find_faults(solution.expected, content), file)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    digest, public = sha256(file), _score(content, solution, public=True)
    with lock(folder / HOSTED, wait=True):
        hosted = read_hosted(folder)
        if hosted.closed:
            raise PipelineError(f"the competition was closed on {hosted.closed}", where=folder)
        write_bytes(_place(folder, digest), content)
        entry = Received(created, team.strip(), digest, public)
        write_hosted(folder, replace(hosted, received=(*hosted.received, entry)))
    return len(hosted.received) + 1, entry


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
    """A row for each team, the best first; scores in 0..1.

    The submission that counts is that with the best public score, of equal ones the first. Before
    the end, teams are ranked by their public score, afterwards by the private one.
    """
    import pandas as pd

    best: dict[str, Received] = {}
    counts: dict[str, int] = {}
    for entry in hosted.received:
        counts[entry.team] = counts.get(entry.team, 0) + 1
        if entry.team not in best or entry.public > best[entry.team].public:
            best[entry.team] = entry
    rows = [
        {
            "team": team,
            "private_score": entry.private,
            "public_score": entry.public,
            "submissions": counts[team],
            "created": entry.created,
        }
        for team, entry in best.items()
    ]
    columns = ["rank", "team", "private_score", "public_score", "submissions", "created"]
    table = pd.DataFrame(rows, columns=columns[1:])
    by = "private_score" if hosted.closed else "public_score"
    table = table.sort_values([by, "created"], ascending=[False, True], kind="stable")
    table.insert(0, "rank", table[by].rank(method="min", ascending=False).astype(int))
    return table.reset_index(drop=True)


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
    """The share of correct rows of one of the two parts."""
    predicted: Mapping[str, str] = {row[0]: row[1] for _, row in parse(content)[1][1:] if row}
    ids = [id for id in solution.labels if (id in solution.public) == public]
    return sum(predicted[id] == solution.labels[id] for id in ids) / len(ids)


def _place(folder: Path, digest: str) -> Path:
    return folder / RECEIVED / f"{digest}.csv"
