"""Sends a file to Kaggle once: it is in the ledger before, and its outcome after."""

import html
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.submission.kaggle import SITE, Kaggle, KaggleError, NoAnswerError, Quota, Remote
from pipeline.submission.ledger import (
    Entry,
    add_entry,
    change_entry,
    now,
    read_entries,
    refuse_copies,
    sending,
)

SETTLED = 30.0  # seconds after which Kaggle lists what it has received
PAUSE, LONGEST_PAUSE = 1.0, 15.0  # seconds between two questions
SHOW = "`pipeline submissions` shows the score later."


def send(
    kaggle: Kaggle,
    ledger: Path,
    entry: Entry,
    again: bool = False,
    agree: Callable[[Entry, Quota], bool] | None = None,
) -> int | None:
    """Sends the file of a new entry; returns its number in the ledger, or None.

    If it turns out that the same file arrived when its outcome was unknown, that is its number.

    Args:
        again: send it even if it was sent before.
        agree: asked just before.

    Raises:
        PipelineError: it was sent before, another process is sending, the quota is used up, or
            Kaggle refuses it.
        NoAnswerError: it is not known whether it arrived. The next call asks Kaggle.
    """
    slug = entry.place
    with sending(ledger):
        unknown = _unknown(ledger, slug)
        newer_than = _settle(kaggle, ledger, slug)
        entries = read_entries(ledger)
        for number in unknown:
            same = entries[number].sha256 == entry.sha256
            if same and entries[number].status != "not received":
                return number
        if not again:
            refuse_copies(ledger, entry)
        quota = kaggle.quota(slug)
        if quota.left == 0:
            raise PipelineError(
                f"no submission is left today ({quota})",
                where=slug,
                remedy="Send it after 0:00 UTC.",
            )
        if agree and not agree(entry, quota):
            return None
        number = add_entry(ledger, replace(entry, newer_than=newer_than, asked=now()))
        try:
            ref = kaggle.submit(slug, Path(entry.file), entry.message)
        except NoAnswerError as error:
            change_entry(ledger, number, asked=now())
            raise NoAnswerError(
                f"{error.found}; it is not known whether the file arrived",
                where=slug,
                remedy="Run the same command again: it asks Kaggle first, and sends nothing twice.",
            ) from None
        except PipelineError as error:
            change_entry(ledger, number, status="not received", error=error.found)
            raise
        if ref:  # without a number, `refresh` finds it
            change_entry(ledger, number, status="pending", ref=ref)
    return number


def wait_for_score(kaggle: Kaggle, ledger: Path, number: int, seconds: float) -> Entry:
    """Asks for the score until it is there; returns the entry with it.

    Raises:
        KaggleError: there is none after this time, or Kaggle could not score the file.
    """
    end, pause = time.monotonic() + seconds, PAUSE
    entry = read_entries(ledger)[number]
    while True:
        with suppress(NoAnswerError):  # the next question may be answered
            refresh(kaggle, ledger, entry.place)
        entry = read_entries(ledger)[number]
        if entry.status == "complete":
            return entry
        if entry.status == "error":
            raise KaggleError(
                f"Kaggle could not score it: {entry.error or 'it does not say why'}",
                where=entry.file,
                remedy=f"See {SITE}/{entry.place}/submissions.",
            )
        if time.monotonic() + pause > end:
            raise KaggleError(
                f"no score after {seconds:g} seconds; Kaggle has the file, as {entry.ref}",
                where=entry.file,
                remedy=SHOW,
            )
        time.sleep(pause)
        pause = min(1.5 * pause, LONGEST_PAUSE)


def refresh(kaggle: Kaggle, ledger: Path, slug: str) -> int:
    """Brings the entries of a competition up to date with Kaggle.

    An entry of unknown outcome gets the number of the submission that arrived, if one did.

    Returns:
        The highest number of a submission on Kaggle.
    """
    listed = kaggle.submissions(slug)
    of_ref = {one.ref: one for one in listed}
    entries = read_entries(ledger)
    known = {entry.ref for entry in entries if _is_of(entry, slug)}
    for number, entry in enumerate(entries):
        if not _is_of(entry, slug):
            continue
        found = of_ref.get(entry.ref) if entry.ref else _arrived(entry, listed, known)
        if found:
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
    return max(of_ref, default=0)


def _settle(kaggle: Kaggle, ledger: Path, slug: str) -> int:
    """As `refresh`; afterwards no outcome is unknown. Hold the lock of `sending`."""
    while True:
        newest, recent = refresh(kaggle, ledger, slug), False
        for number in _unknown(ledger, slug):
            if _age(read_entries(ledger)[number]) > SETTLED:
                reason = "the connection was cut or the command killed before it arrived"
                change_entry(ledger, number, status="not received", error=reason)
            else:
                recent = True
        if not recent:
            return newest
        time.sleep(PAUSE)


def _unknown(ledger: Path, slug: str) -> list[int]:
    """The numbers of the entries of unknown outcome."""
    entries = enumerate(read_entries(ledger))
    return [number for number, one in entries if _is_of(one, slug) and one.status == "unknown"]


def _is_of(entry: Entry, slug: str) -> bool:
    return entry.kaggle and entry.place == slug


def _age(entry: Entry) -> float:
    """Seconds since it may have been sent, or more if the clock was set back since."""
    return abs((datetime.now(UTC) - datetime.fromisoformat(entry.asked)).total_seconds())


def _arrived(entry: Entry, listed: Iterable[Remote], known: set[int | None]) -> Remote | None:
    """The submission of an entry of unknown outcome.

    It is newer than all that Kaggle had before, by its number: clocks may differ. Its text may be
    cut, and escaped for HTML.
    """
    if entry.status != "unknown":
        return None
    mine = (
        one
        for one in listed
        if one.ref > entry.newer_than
        and one.ref not in known
        and one.file_name == Path(entry.file).name
        and _is_text_of(one.description, entry.message)
    )
    return min(mine, key=lambda one: one.ref, default=None)


def _is_text_of(description: str, message: str) -> bool:
    text = html.unescape(description).strip()
    return html.unescape(message).startswith(text) and bool(text or not message)
