"""Sends files to a Kaggle competition, and waits for their scores."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.submission.kaggle import SITE, Kaggle, KaggleError, Quota
from pipeline.submission.ledger import Entry, read_entries
from pipeline.submission.place import NoAnswerError, Submission
from pipeline.submission.sending import PAUSE, refresh

LONGEST_PAUSE = 15.0  # seconds between two requests
SHOW = "`pipeline submissions` shows the score later."


class KagglePlace:
    """A Kaggle competition, see `Place`.

    Args:
        agree: called with the new entry and the quota before the file is sent. If it returns false,
            nothing is sent.
    """

    delay = 30.0

    def __init__(
        self, kaggle: Kaggle, slug: str, agree: Callable[[Entry, Quota], bool] | None = None
    ) -> None:
        self.kaggle, self.name, self.agree = kaggle, slug, agree

    def submissions(self) -> Sequence[Submission]:
        return self.kaggle.submissions(self.name)

    def may_send(self, entry: Entry) -> bool:
        quota = self.kaggle.quota(self.name)
        if quota.left == 0:
            raise PipelineError(
                f"no submission is left today ({quota})",
                where=self.name,
                remedy="Send it after 0:00 UTC.",
            )
        return self.agree is None or self.agree(entry, quota)

    def submit(self, entry: Entry) -> int:
        return self.kaggle.submit(self.name, Path(entry.file), entry.message)


def wait_for_score(place: KagglePlace, ledger: Path, number: int, seconds: float) -> Entry:
    """Waits for the score; returns the entry with it.

    Raises:
        KaggleError: there is no score after this time, or Kaggle could not score the file.
    """
    end, pause = time.monotonic() + seconds, PAUSE
    while True:
        with suppress(NoAnswerError):  # the next request may succeed
            refresh(place, ledger)
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
