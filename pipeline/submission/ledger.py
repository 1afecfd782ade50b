"""The ledger: every file that was sent to be scored, with its own score and the one it got."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pipeline.checksums import sha256
from pipeline.documents import read_sealed, seal
from pipeline.errors import PipelineError
from pipeline.files import lock, write_text
from pipeline.metrics.metric import MetricName
from pipeline.runs.ranking import interval_of, metric_of, value_of
from pipeline.runs.record import Count, encode
from pipeline.runs.run import Run

if TYPE_CHECKING:
    import pandas as pd

LEDGER = "ledger.json"
SENDING = "sending"  # what is locked by who sends
FEWEST = 3  # submissions with both scores, for a rank correlation
Status = Literal["unknown", "pending", "complete", "error", "not received"]


@dataclass(frozen=True)
class OwnScore:
    """The score of a run on its validation rows.

    Attributes:
        metric: what it is, such as "accuracy".
        value, low, high: with its 95 % interval.
        scored_on: which rows, such as "hold-out".
    """

    metric: MetricName
    value: float
    low: float
    high: float
    scored_on: str


@dataclass(frozen=True)
class Entry:
    """A submission.

    Attributes:
        created: time in ISO 8601.
        place: the slug of a Kaggle competition, or the folder of a hosted one.
        kaggle: whether the place is Kaggle.
        file, sha256: the file's path, and its checksum.
        message: what the user says about it.
        team: name of the team in a hosted competition.
        run: the run that it is of; None for a file of unknown origin.
        own: the run's own score.
        status: "unknown" from just before it is sent until there is an answer: if the process is
            killed, the server knows whether it arrived. "not received" if it did not.
        asked: when it may have been sent, as long as the status is "unknown".
        newer_than: the highest number of a submission that the server had before.
        ref: its number on the server.
        public, private: the scores that it got.
        error: why it was not received, or could not be scored.
    """

    created: str
    place: str
    kaggle: bool
    file: str
    sha256: str
    message: str
    team: str = ""
    run: str | None = None
    own: OwnScore | None = None
    status: Status = "unknown"
    asked: str = ""
    newer_than: Count = 0
    ref: Count | None = None
    public: float | None = None
    private: float | None = None
    error: str = ""

    @property
    def sent(self) -> bool:
        """Whether it arrived, or may have."""
        return self.status != "not received"

    def is_copy(self, other: "Entry") -> bool:
        """Whether the same team sends the same content to the same place."""
        mine, others = ((one.sha256, one.place, one.team) for one in (self, other))
        return mine == others


@dataclass(frozen=True)
class Ledger:
    """The content of ledger.json."""

    entries: tuple[Entry, ...] = ()


def now() -> str:
    """The time in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def new_entry(place: str, kaggle: bool, file: Path, message: str, run: Run | None) -> Entry:
    """An entry for a file that is about to be sent."""
    created = now()
    entry = Entry(created, place, kaggle, str(file), sha256(file), message.strip(), asked=created)
    if run is None:
        return entry
    fold = run.record.fold
    scored_on = "out of fold" if fold.out_of_fold else fold.name
    own = OwnScore(metric_of(run).name, value_of(run), *interval_of(run), scored_on)
    return replace(entry, run=run.name, own=own)


def read_entries(path: Path) -> list[Entry]:
    """The entries, in the order in which they were sent; none where there is no ledger.

    Raises:
        PipelineError: it is damaged.
    """
    if not path.exists():
        return []
    try:
        return list(read_sealed(path, Ledger).entries)
    except (OSError, ValueError) as error:
        raise PipelineError(
            f"it cannot be read: {error}",
            where=path,
            remedy="Restore it. If you rename it instead, what was sent before is not known, and "
            "could be sent again.",
        ) from None


def add_entry(path: Path, entry: Entry) -> int:
    """Appends an entry; returns its number."""
    with lock(path, wait=True):
        entries = [*read_entries(path), entry]
        _write(path, entries)
    return len(entries) - 1


def change_entry(path: Path, number: int, **changes: Any) -> Entry:
    """Changes the fields of an entry; returns it."""
    with lock(path, wait=True):
        entries = read_entries(path)
        changed = replace(entries[number], **changes)
        if changed != entries[number]:
            entries[number] = changed
            _write(path, entries)
    return changed


@contextmanager
def sending(path: Path) -> Iterator[None]:
    """In the block, no other process sends a file of this competition.

    Raises:
        PipelineError: another one does.
    """
    with lock(path.with_name(SENDING), found="another process is sending a file"):
        yield


def refuse_copies(path: Path, entry: Entry) -> None:
    """Raises a PipelineError if the same file was sent to the same place before."""
    for other in read_entries(path):
        if other.sent and other.is_copy(entry):
            score = "" if other.public is None else f", public score {other.public:g}"
            status = f"{other.status}{score}"
            raise PipelineError(
                f"the same file was sent on {other.created} as {other.file} ({status})",
                where=entry.file,
                remedy="`pipeline submissions` shows its score. To send it once more, add --again.",
            )


def ledger_table(entries: list[Entry]) -> "pd.DataFrame":
    """A row for each entry, the latest last.

    `attrs["correlations"]` has Spearman's rank correlation of own and public scores, and the
    number of entries, for each place and metric with three or more entries that have both.
    """
    import pandas as pd

    rows = [
        {
            "created": entry.created,
            "place": entry.place,
            "team": entry.team,
            "file": entry.file,
            "sha256": entry.sha256,
            "run": entry.run,
            "scored_on": entry.own and entry.own.scored_on,
            "metric": entry.own and entry.own.metric,
            "score": entry.own and entry.own.value,
            "low": entry.own and entry.own.low,
            "high": entry.own and entry.own.high,
            "public_score": entry.public,
            "private_score": entry.private,
            "status": entry.status,
            "ref": entry.ref,
            "message": entry.message,
            "error": entry.error,
        }
        for entry in entries
    ]
    table = pd.DataFrame(rows, columns=list(rows[0]) if rows else None)
    numbers = ["score", "low", "high", "public_score", "private_score"]
    if rows:
        table = table.astype(dict.fromkeys(numbers, float) | {"ref": "Int64"})
        table.attrs["correlations"] = _correlations(table)
    return table


def _correlations(table: "pd.DataFrame") -> dict[tuple[str, str], tuple[float, int]]:
    found = {}
    scored = table.dropna(subset=["score", "public_score"])
    for (place, metric), some in scored.groupby(["place", "metric"]):
        varied = min(some["score"].nunique(), some["public_score"].nunique()) > 1
        if len(some) >= FEWEST and varied:
            value = some["score"].corr(some["public_score"], method="spearman")
            found[str(place), str(metric)] = (float(value), len(some))
    return found


def _write(path: Path, entries: list[Entry]) -> None:
    write_text(path, seal(encode(Ledger(tuple(entries)))))
