"""The folder of a hosted competition: what participants get, and what the host keeps."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.checksums import sha256
from pipeline.documents import read_sealed, seal
from pipeline.errors import PipelineError
from pipeline.files import write_text
from pipeline.reading.unpack import line_blocks
from pipeline.runs.record import Count, encode
from pipeline.submission.check import parse
from pipeline.submission.format import SubmissionFormat

HOSTED, LABELS, RECEIVED = "hosted.json", "labels.csv", "received"
USAGE = "Usage", "Public", "Private"  # the names in a solution file of Kaggle
BLOCK = 1 << 20


@dataclass(frozen=True)
class Received:
    """A submission.

    Attributes:
        created: time in ISO 8601.
        team: its name.
        sha256: checksum of the file, which is in the folder `received`.
        public: share of correct rows of the public part.
        private: that of the private part, once the competition is closed.
    """

    created: str
    team: str
    sha256: str
    public: float
    private: float | None = None


@dataclass(frozen=True)
class Hosted:
    """The content of hosted.json.

    Attributes:
        created: time in ISO 8601.
        source: fingerprint of the competition that was split.
        seed: random seed of the split.
        classes: names of the classes.
        labels_sha256: checksum of labels.csv.
        closed: time at which the private scores were revealed.
        received: the submissions, in the order in which they arrived.
    """

    created: str
    source: str
    seed: Count
    classes: tuple[str, ...]
    labels_sha256: str
    closed: str | None = None
    received: tuple[Received, ...] = ()


@dataclass(frozen=True)
class Solution:
    """The hidden labels.

    Attributes:
        expected: the format of a submission.
        labels: the class of each id.
        public: the ids of the public part.
    """

    expected: SubmissionFormat
    labels: dict[str, str]
    public: frozenset[str]


def participants_folder(folder: Path) -> Path:
    """What participants get: a competition without the hidden labels."""
    return folder / f"{folder.resolve().name}-hosted"


def read_hosted(folder: Path) -> Hosted:
    """The state of a hosted competition.

    Raises:
        PipelineError: the folder is none, or damaged.
    """
    path = folder / HOSTED
    if not path.exists():
        raise PipelineError(
            "not a hosted competition",
            where=folder,
            expected=f"a folder with {HOSTED}, which `pipeline host DATA` makes",
        )
    try:
        return read_sealed(path, Hosted)
    except (OSError, ValueError) as error:
        raise PipelineError(
            f"it cannot be read: {error}", where=path, remedy="Restore it."
        ) from None


def write_hosted(folder: Path, hosted: Hosted) -> None:
    write_text(folder / HOSTED, seal(encode(hosted)))


def read_solution(folder: Path) -> Solution:
    """The hidden labels.

    Raises:
        PipelineError: they were changed since the competition was made, or are damaged.
    """
    hosted, path = read_hosted(folder), folder / LABELS
    if not path.is_file() or sha256(path) != hosted.labels_sha256:
        raise PipelineError(
            "the labels are missing or were changed", where=path, remedy="Restore the file."
        )
    _, rows = parse(b"".join(line_blocks(path, BLOCK)))
    header, cells = rows[0][1], [row for _, row in rows[1:]]
    ids = tuple(row[0] for row in cells)
    expected = SubmissionFormat(tuple(header[:2]), ids, tuple(range(len(ids))), hosted.classes)
    public = frozenset(row[0] for row in cells if row[2] == USAGE[1])
    return Solution(expected, {row[0]: row[1] for row in cells}, public)
