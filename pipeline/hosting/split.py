"""Makes a hosted competition: hides a part of the labels of another one."""

import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pipeline.arrays import Pixels, Rows
from pipeline.checksums import sha256
from pipeline.competition.competition import Competition
from pipeline.competition.folds import hold_out
from pipeline.competition.overrides import FILE
from pipeline.competition.sample import asks_for_probabilities
from pipeline.errors import PipelineError
from pipeline.files import new_folder, write_parts, write_text
from pipeline.hosting.hosted import (
    LABELS,
    USAGE,
    Hosted,
    hosted_format,
    participants_folder,
    write_hosted,
)
from pipeline.submission.format import HEADER
from pipeline.tables import csv_text

CHUNK = 1000  # rows that are in memory as text


def host_competition(
    competition: Competition, folder: Path, hidden: float, public: float, seed: int | None
) -> Path:
    """Splits the training rows, and writes the folder of a hosted competition.

    Both splits are stratified, and keep copies of an image together. The hidden rows are in random
    order, so that their places in the file reveal nothing.

    Args:
        hidden: share of the training rows whose labels are hidden.
        public: share of the hidden rows for the public score.
        seed: random seed. Default: a new one, so that nobody can repeat the split.

    Returns:
        The folder for participants.

    Raises:
        PipelineError: the folder exists, or a part would be empty.
    """
    if folder.exists():
        raise PipelineError("it exists", where=folder, remedy="Name another folder with --output.")
    seed = secrets.randbits(32) if seed is None else seed
    groups, labels = competition.groups, competition.labels
    random = np.random.default_rng(seed)
    split = hold_out(groups, labels, hidden, seed)
    rows = random.permutation(split.validation)
    shown = hold_out(groups[rows], labels[rows], public, seed).validation
    if not 0 < len(shown) < len(rows):
        raise PipelineError(
            f"of {len(labels)} rows, {len(rows)} would be hidden and {len(shown)} of these public",
            where=competition.folder,
            expected="at least one row in each part",
            remedy="Use larger shares, or more images.",
        )
    usage = np.full(len(rows), USAGE[2], dtype=object)
    usage[shown] = USAGE[1]
    with new_folder(folder) as new:
        participants = new / participants_folder(folder).name
        header = _write_data(competition, participants, split.train, rows)
        names = [competition.classes[label] for label in labels[rows]]
        ids = range(1, len(rows) + 1)
        _write_csv(new / LABELS, [*header, USAGE[0]], zip(ids, names, usage, strict=True))
        _check(competition, participants, split.train, rows)
        write_hosted(
            new,
            Hosted(
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                source=competition.fingerprint,
                seed=seed,
                classes=competition.classes,
                labels_sha256=sha256(new / LABELS),
                metric=competition.metric.name,
                probabilities=_wants_probabilities(competition),
            ),
        )
    return participants_folder(folder)


def _write_data(
    competition: Competition, folder: Path, train: Rows, hidden: Rows
) -> tuple[str, str]:
    """Writes the participants' files; returns the header of a submission of classes."""
    sample, classes = competition.sample, competition.classes
    header = competition.overrides.submission_header or HEADER
    if sample is not None and len(sample.header) == 2:
        header = sample.header[0], sample.header[1]
    columns = [f"pixel{number}" for number in range(competition.train_pixels.shape[1])]
    labels = (classes[label] for label in competition.labels[train])
    _write_csv(
        folder / "train.csv",
        ["label", *columns],
        ([label, *row] for label, row in zip(labels, _cells(competition, train), strict=True)),
    )
    cells = enumerate(_cells(competition, hidden), 1)
    _write_csv(folder / "test.csv", [header[0], *columns], ([id, *row] for id, row in cells))
    ids = [str(id) for id in range(1, len(hidden) + 1)]
    expected = hosted_format(header, ids, classes, _wants_probabilities(competition))
    equal = np.full((len(ids), len(classes)), 1 / len(classes), np.float32)
    _write_csv(folder / "sample_submission.csv", expected.header, expected.rows(equal))
    write_text(folder / FILE, _settings(competition))
    return header


def _wants_probabilities(competition: Competition) -> bool:
    """Whether a submission has a column for each class."""
    sample = competition.sample
    asked = sample is not None and asks_for_probabilities(sample.header)
    return asked or competition.metric.needs_probabilities


def _settings(competition: Competition) -> str:
    """Settings that cannot be inferred from a part of the rows, as lines of competition.toml."""
    schema = competition.schema
    values = {
        "label": "label",
        "classes": competition.classes,
        "shape": schema.shape,
        "range": (schema.low, schema.high),
        "planes": schema.planes,
        "transpose": schema.transpose,
        "metric": competition.metric.name,
    }
    lines = (f"{name} = {json.dumps(v, ensure_ascii=False)}\n" for name, v in values.items())
    return "".join(lines)  # these values are written in TOML as in JSON


def _cells(competition: Competition, rows: Rows) -> Iterator[Sequence[str]]:
    """The pixels of rows as text that restores them exactly."""
    pixels = competition.train_pixels
    form = "d" if pixels.dtype == np.uint8 else ".9g"
    for start in range(0, len(rows), CHUNK):
        for row in pixels[rows[start : start + CHUNK]].tolist():
            yield [format(value, form) for value in row]


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes class names unchanged: an added apostrophe would change the class."""

    def parts() -> Iterator[bytes]:
        yield csv_text(header, ()).encode()
        for row in rows:
            yield csv_text([str(cell) for cell in row], ()).encode()

    write_parts(path, parts())


def _check(competition: Competition, folder: Path, train: Rows, hidden: Rows) -> None:
    """Checks that the participants' files are read as the same images and labels.

    Raises:
        PipelineError: they are not.
    """
    made = Competition.load(folder)
    same = (
        np.array_equal(made.labels, competition.labels[train])
        and _equal(made.train_pixels, competition.train_pixels, train)
        and _equal(made.test_pixels, competition.train_pixels, hidden)
        and (made.schema.shape, made.schema.low, made.schema.high)
        == (competition.schema.shape, competition.schema.low, competition.schema.high)
    )
    if not same:
        raise PipelineError(
            "the files that were made are not read as the same images",
            where=competition.folder,
            remedy="Set what differs in competition.toml, such as shape and range.",
        )


def _equal(made: Pixels, pixels: Pixels, rows: Rows) -> bool:
    return made.shape == (len(rows), pixels.shape[1]) and all(
        np.array_equal(made[start : start + CHUNK], pixels[rows[start : start + CHUNK]])
        for start in range(0, len(rows), CHUNK)
    )
