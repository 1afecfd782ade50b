"""A participant's side of a hosted competition: a submission, and its place in the ledger."""

from dataclasses import replace
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.hosting.board import receive
from pipeline.hosting.hosted import Received, read_hosted
from pipeline.submission.ledger import (
    Entry,
    add_entry,
    change_entry,
    read_entries,
    refuse_copies,
    sending,
)


def participate(ledger: Path, entry: Entry, team: str, again: bool = False) -> Entry:
    """Has the file of a new entry scored on the public part; returns the entry with the score.

    If it turns out that the same file arrived when its outcome was unknown, that is the entry.

    Args:
        again: send it even if it was sent before.

    Raises:
        PipelineError: it was sent before, another process is sending, or as `receive`.
    """
    folder = Path(entry.place)
    entry = replace(entry, team=team.strip())
    with sending(ledger):
        unknown = [
            number
            for number, one in enumerate(read_entries(ledger))
            if one.place == entry.place and one.status == "unknown"
        ]
        refresh_hosted(ledger, folder)
        for number in unknown:
            one = read_entries(ledger)[number]
            if one.status == "unknown":
                error = "the command was killed before it arrived"
                change_entry(ledger, number, status="not received", error=error)
            elif (one.sha256, one.team) == (entry.sha256, entry.team):
                return one
        if not again:
            refuse_copies(ledger, entry)
        number = add_entry(ledger, entry)
        try:
            ref, received = receive(folder, Path(entry.file), team)
        except PipelineError as error:
            change_entry(ledger, number, status="not received", error=str(error)[:300])
            raise
        return _update(ledger, number, ref, received)


def refresh_hosted(ledger: Path, folder: Path) -> None:
    """Brings the entries of a hosted competition up to date with its board.

    A command that was killed has left an entry of unknown outcome: the board knows it.
    """
    place, received = str(folder), read_hosted(folder).received
    entries = read_entries(ledger)
    mine = {n: entry for n, entry in enumerate(entries) if entry.place == place}
    known = {entry.ref for entry in mine.values()}
    for number, entry in mine.items():
        ref = entry.ref
        if entry.status == "unknown":
            sent = entry.sha256, entry.team
            same = (n for n, one in enumerate(received, 1) if (one.sha256, one.team) == sent)
            ref = next((n for n in same if n not in known), None)
        if ref:
            _update(ledger, number, ref, received[ref - 1])


def _update(ledger: Path, number: int, ref: int, received: Received) -> Entry:
    return change_entry(
        ledger,
        number,
        status="complete",
        ref=ref,
        public=received.public,
        private=received.private,
    )
