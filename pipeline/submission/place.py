"""Where submissions are scored: Kaggle, or the folder of a hosted competition."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipeline.errors import PipelineError
from pipeline.submission.ledger import Entry, Status


class NoAnswerError(PipelineError):
    """There was no answer that can be used: what was asked for may have been done."""

    exit_code = 1


@dataclass(frozen=True)
class Submission:
    """A submission as a place lists it.

    Attributes:
        ref: its number; later submissions have higher ones.
        public, private: its scores; None if they are not known.
        error: why it could not be scored.
        sha256, team: the file's checksum, and who sent it; empty if the place does not tell it.
        file_name, description: otherwise its name, and the message, which may be cut and escaped
            for HTML.
    """

    ref: int
    status: Status
    public: float | None = None
    private: float | None = None
    error: str = ""
    sha256: str = ""
    team: str = ""
    file_name: str = ""
    description: str = ""

    def is_of(self, entry: Entry) -> bool:
        """Whether it is the submission of an entry with a number.

        Numbers are not enough: a hosted competition that is made again counts from 1 again.
        """
        return self.ref == entry.ref and (not self.sha256 or self._has_file_of(entry))

    def may_be(self, entry: Entry) -> bool:
        """Whether it may be the submission of an entry of unknown outcome.

        It is newer than all that the place had before, by its number: clocks may differ.
        """
        if self.ref <= entry.newer_than:
            return False
        if self.sha256:
            return self._has_file_of(entry)
        text = html.unescape(self.description).strip()
        same_text = html.unescape(entry.message).startswith(text) and (text or not entry.message)
        return self.file_name == Path(entry.file).name and bool(same_text)

    def _has_file_of(self, entry: Entry) -> bool:
        return (self.sha256, self.team) == (entry.sha256, entry.team)


class Place(Protocol):
    """A competition that files are sent to."""

    @property
    def name(self) -> str:
        """As in `Entry.place`."""

    @property
    def delay(self) -> float:
        """Seconds after which it lists what it has received."""

    def submissions(self) -> Sequence[Submission]:
        """The latest submissions."""

    def may_send(self, entry: Entry) -> bool:
        """Whether to send a file; asked just before.

        Raises:
            PipelineError: the place would refuse it.
        """

    def submit(self, entry: Entry) -> int:
        """Sends the file of an entry; returns the number of the submission, or 0 if it is unknown.

        Raises:
            NoAnswerError: it is not known whether it arrived.
            PipelineError: it did not.
        """
