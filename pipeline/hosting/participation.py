"""Sends a submission to a hosted competition, with an entry in the ledger."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.hosting.board import Valid, check_received, receive
from pipeline.hosting.hosted import read_hosted
from pipeline.submission.ledger import Entry, read_entries
from pipeline.submission.place import Submission
from pipeline.submission.sending import refresh, send


class HostedPlace:
    """The folder of a hosted competition, see `Place`."""

    delay = 0.0

    def __init__(self, folder: Path) -> None:
        self.folder, self.name = folder, str(folder)
        self.checked: Valid | None = None

    def submissions(self) -> Sequence[Submission]:
        return [
            Submission(
                ref,
                "complete",
                public=one.public,
                private=one.private,
                sha256=one.sha256,
                team=one.team,
            )
            for ref, one in enumerate(read_hosted(self.folder).received, 1)
        ]

    def may_send(self, entry: Entry) -> bool:
        self.checked = check_received(self.folder, Path(entry.file), entry.team)
        return True

    def submit(self, entry: Entry) -> int:
        assert self.checked is not None  # `may_send` was asked just before
        return receive(self.folder, self.checked)[0]


def participate(ledger: Path, entry: Entry, again: bool = False) -> Entry:
    """Sends the file of a new entry; returns the entry with its public score.

    If the same file was sent before with unknown outcome and has arrived, its entry is returned.

    Args:
        again: send it even if it was sent before.

    Raises:
        PipelineError: the file was sent before, another process is sending, or as for `receive`.
            The file is then not added to the ledger.
    """
    place = HostedPlace(Path(entry.place))
    number = send(place, ledger, entry, again)
    assert number is not None
    refresh(place, ledger)
    return read_entries(ledger)[number]
