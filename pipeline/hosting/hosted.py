"""The folder of a hosted competition: what participants get, and what the host keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.checksums import sha256
from pipeline.documents import read_sealed, seal
from pipeline.errors import PipelineError
from pipeline.files import write_text
from pipeline.metrics.metric import METRICS, Metric, MetricName
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
        public: score on the public part.
        private: score on the private part; None until the competition is closed.
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
        metric: name of the metric that scores submissions.
        probabilities: whether a submission has a column for each class.
        closed: time at which the private scores were revealed.
        received: the submissions, in the order in which they arrived.
    """

    created: str
    source: str
    seed: Count
    classes: tuple[str, ...]
    labels_sha256: str
    metric: MetricName = "accuracy"
    probabilities: bool = False
    closed: str | None = None
    received: tuple[Received, ...] = ()


@dataclass(frozen=True)
class Solution:
    """The hidden labels.

    Attributes:
        metric: the metric that scores submissions.
        expected: the format of a submission.
        labels: the class of each id.
        public: the ids of the public part.
    """

    metric: Metric
    expected: SubmissionFormat
    labels: dict[str, str]
    public: frozenset[str]


def hosted_format(
    header: tuple[str, str], ids: Sequence[str], classes: tuple[str, ...], probabilities: bool
) -> SubmissionFormat:
    """The format of a submission.

    Args:
        header: header of a submission of classes. With probabilities, there is a column per class.
    """
    order = tuple(range(len(ids)))
    if not probabilities:
        return SubmissionFormat(header, tuple(ids), order, classes)
    columns = (header[0], *(f"class_{name}" for name in classes))
    return SubmissionFormat(columns, tuple(ids), order, classes, classes)


def participants_folder(folder: Path) -> Path:
    """The folder for participants: a competition without the hidden labels.

    Its name starts with the name of the hosted competition, so that each one has its own runs.
    """
    return folder / f"{folder.resolve().name}-hosted"


def read_hosted(folder: Path) -> Hosted:
    """The state of a hosted competition.

    Raises:
        PipelineError: the folder is not a hosted competition, or it is damaged.
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
    (id, label, *_), cells = rows[0][1], [row for _, row in rows[1:]]
    ids = [row[0] for row in cells]
    expected = hosted_format((id, label), ids, hosted.classes, hosted.probabilities)
    public = frozenset(row[0] for row in cells if row[2] == USAGE[1])
    labels = {row[0]: row[1] for row in cells}
    return Solution(METRICS[hosted.metric], expected, labels, public)
