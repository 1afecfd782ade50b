"""Where submissions are scored: Kaggle, or the folder of a hosted competition."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipeline.errors import PipelineError
from pipeline.submission.ledger import Entry, Status


class NoAnswerError(PipelineError):
    """There was no usable answer. The request may have been carried out."""

    exit_code = 1


@dataclass(frozen=True)
class Submission:
    """A submission as a place lists it.

    Attributes:
        ref: its number; later submissions have higher ones.
        public, private: its scores; None if they are not known.
        error: why it could not be scored.
        sha256, team: checksum of the file, and the team; empty if the place does not list them.
        file_name, description: name of the file, and the message, if the place does not list the
            checksum. The message may be cut, and escaped for HTML.
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

        The number alone is not enough: a hosted competition that is made again starts at 1 again.
        """
        return self.ref == entry.ref and (not self.sha256 or self._has_file_of(entry))

    def may_be(self, entry: Entry) -> bool:
        """Whether it may be the submission of an entry with unknown outcome.

        Its number must be higher than those of all earlier submissions. Times are not compared,
        because clocks may differ.
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
        """The name, as in `Entry.place`."""

    @property
    def delay(self) -> float:
        """Seconds until it lists a file that it has received."""

    def submissions(self) -> Sequence[Submission]:
        """The latest submissions."""

    def may_send(self, entry: Entry) -> bool:
        """Whether to send a file. It is called just before `submit`.

        Raises:
            PipelineError: the place would refuse it.
        """

    def submit(self, entry: Entry) -> int:
        """Sends the file of an entry; returns the number of the submission, or 0 if it is unknown.

        Raises:
            NoAnswerError: it is not known whether the file arrived.
            PipelineError: the file did not arrive.
        """
