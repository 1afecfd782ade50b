"""Sends a file once. The ledger has an entry before, and the outcome afterwards."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.submission.ledger import (
    Entry,
    add_entry,
    change_entry,
    now,
    read_entries,
    refuse_copies,
    sending,
)
from pipeline.submission.place import NoAnswerError, Place

PAUSE = 1.0  # seconds between two requests


def send(place: Place, ledger: Path, entry: Entry, again: bool = False) -> int | None:
    """Sends the file of a new entry; returns its number in the ledger, or None.

    If the same file was sent before with unknown outcome and has arrived, its number is returned.

    Args:
        again: send it even if it was sent before.

    Raises:
        PipelineError: it was sent before, another process is sending, or the place refuses it.
        NoAnswerError: it is not known whether the file arrived. The next call checks it.
    """
    with sending(ledger):
        unknown = _unknown(ledger, place)
        newer_than = _settle(place, ledger)
        entries = read_entries(ledger)
        for number in unknown:
            if entries[number].sent and entries[number].is_copy(entry):
                return number
        if not again:
            refuse_copies(ledger, entry)
        if not place.may_send(entry):
            return None
        number = add_entry(ledger, replace(entry, newer_than=newer_than, asked=now()))
        try:
            ref = place.submit(entry)
        except NoAnswerError as error:
            change_entry(ledger, number, asked=now())
            raise NoAnswerError(
                f"{error.found}; it is not known whether the file arrived",
                where=place.name,
                remedy="Run the same command again: it checks first, and sends nothing twice.",
            ) from None
        except PipelineError as error:
            change_entry(ledger, number, status="not received", error=error.found)
            raise
        if ref:  # without a number, `refresh` finds it
            change_entry(ledger, number, status="pending", ref=ref)
    return number


def refresh(place: Place, ledger: Path) -> int:
    """Updates the entries of a place.

    An entry with unknown outcome gets the number of its submission, if that has arrived.

    Returns:
        The highest number of a submission there.
    """
    listed = sorted(place.submissions(), key=lambda one: one.ref)
    mine = {n: one for n, one in enumerate(read_entries(ledger)) if one.place == place.name}
    known = {one.ref for one in listed for entry in mine.values() if one.is_of(entry)}
    for number, entry in mine.items():
        if entry.ref:
            same = (one for one in listed if one.is_of(entry))
        elif entry.status == "unknown":
            same = (one for one in listed if one.ref not in known and one.may_be(entry))
        else:
            continue
        if found := next(same, None):
            known.add(found.ref)
            change_entry(
                ledger,
                number,
                ref=found.ref,
                status=found.status,
                public=found.public,
                private=found.private,
                error=found.error,
            )
    return listed[-1].ref if listed else 0


def _settle(place: Place, ledger: Path) -> int:
    """Calls `refresh` until no outcome is unknown. The caller holds the lock of `sending`."""
    while True:
        newest, recent = refresh(place, ledger), False
        for number in _unknown(ledger, place):
            if _age(read_entries(ledger)[number]) >= place.delay:
                reason = "the connection was cut or the command killed before it arrived"
                change_entry(ledger, number, status="not received", error=reason)
            else:
                recent = True
        if not recent:
            return newest
        time.sleep(PAUSE)


def _unknown(ledger: Path, place: Place) -> list[int]:
    """The numbers of the entries with unknown outcome."""
    entries = enumerate(read_entries(ledger))
    return [n for n, one in entries if one.place == place.name and one.status == "unknown"]


def _age(entry: Entry) -> float:
    """Seconds since it may have been sent, or more if the clock was set back since."""
    return abs((datetime.now(UTC) - datetime.fromisoformat(entry.asked)).total_seconds())
