"""A submission file: its faults, and what a grader accepts but is probably a mistake."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.submission.check import SHOWN, find_faults, parse, raise_faults
from pipeline.submission.format import SubmissionFormat, submission_format

OFTEN = 0.5  # of the rows; a class that is predicted more often is doubtful
MORE_THAN_TRAINED = 0.25  # by which its fraction must exceed that of the training rows
SURE = 20  # expected rows of a class, of which it is doubtful that none is predicted
MANY = 20  # times as large as a valid file: no submission, and too large to be read
ALWAYS = 1 << 20  # bytes that are read in any case
MAX_OTHERS = 1000  # files that are compared

Predictions = dict[str, list[str]]  # id -> cells after it


def review_file(competition: Competition, path: Path, others: Iterable[Path] = ()) -> list[str]:
    """Checks a submission file; returns what a grader accepts but is doubtful.

    Args:
        others: earlier submissions, with which it is compared.

    Raises:
        PipelineError: a grader would not accept it, with every fault and doubt in `details`; or
            the file cannot be read.
    """
    expected = submission_format(competition)
    content = _read(path, expected)
    faults = list(find_faults(expected, content))
    predictions = _predictions(content)
    doubts = list(_find_doubts(expected, predictions, competition))
    if competition.sample:
        others = [*others, competition.sample.path]
    equal = list(_equal_files(path, predictions, others))
    doubts += [f"the predictions are those of {other}" for other in equal[:SHOWN]]
    if len(equal) > SHOWN:
        doubts.append(f"and those of {len(equal) - SHOWN} more files")
    raise_faults(faults, path, doubts)
    return doubts


def _read(path: Path, expected: SubmissionFormat) -> bytes:
    """The content of the file, unless it is much too large."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise PipelineError(
            "not a file", where=path, expected="a submission file", remedy="Name another file."
        )
    # At most 26 characters are in a class of usual length, or in a probability.
    usual = sum(len(id) + 26 * len(expected.header) for id in expected.ids)
    try:
        if (size := path.stat().st_size) > MANY * usual + ALWAYS:
            raise PipelineError(
                f"it has {size:,} bytes",
                where=path,
                expected=f"a submission of {len(expected.ids):,} rows, of about {usual:,} bytes",
                remedy="Check that it is the right file.",
            )
        return path.read_bytes()
    except OSError as error:
        raise PipelineError(
            f"it cannot be read: {error.strerror}",
            where=path,
            remedy="Check its name and permissions.",
        ) from None


def _predictions(content: bytes) -> Predictions:
    """The complete rows; without the header, which is the first line."""
    _, lines = parse(content)
    return {cells[0]: cells[1:] for _, cells in lines[1:] if len(cells) > 1}


def _find_doubts(
    expected: SubmissionFormat, predictions: Predictions, competition: Competition
) -> Iterator[str]:
    ids = list(predictions)
    if ids != list(expected.ids) and {*ids} == {*expected.ids}:
        yield "the rows are in another order than the test rows; a grader goes by their ids"
    classes = _classes(expected, predictions)
    rows = len(classes)
    counts = Counter(classes)
    trained = np.bincount(competition.labels)
    shares = dict(zip(expected.classes, (trained / trained.sum()).tolist(), strict=True))
    for name, count in counts.most_common(1):
        share, usual = count / rows, shares.get(name, 0.0)
        if share == 1 or share > max(OFTEN, usual + MORE_THAN_TRAINED):
            yield (
                f"{count:,} of {rows:,} rows are of class {name!r}, and {usual:.0%} of the "
                "training rows"
            )
    never = [name for name, share in shares.items() if not counts[name] and share * rows >= SURE]
    if never:
        yield f"no row is of class {', '.join(map(repr, never))}"


def _classes(expected: SubmissionFormat, predictions: Predictions) -> list[str]:
    """The predicted class of each row that has one."""
    if not expected.columns:
        return [cells[0] for cells in predictions.values() if cells[0] in expected.classes]
    found = []
    for cells in predictions.values():
        try:
            values = [float(cell) for cell in cells]
        except ValueError:
            continue
        if len(values) == len(expected.columns):
            found.append(expected.columns[int(np.argmax(values))])
    return found


def _equal_files(path: Path, predictions: Predictions, others: Iterable[Path]) -> list[Path]:
    """Which of these files, and of those beside the file, hold the same predictions."""
    if not predictions:
        return []
    size = path.stat().st_size
    beside = sorted(path.parent.glob("*.csv"))[:MAX_OTHERS]
    found: dict[str, Path] = {}
    for other in [*beside, *others]:
        place = os.path.realpath(other)
        if place == os.path.realpath(path) or place in found or not os.path.isfile(other):
            continue
        if size / MANY < other.stat().st_size < size * MANY and _hold(other, predictions):
            found[place] = other
    return list(found.values())


def _hold(path: Path, predictions: Predictions) -> bool:
    try:
        return _predictions(path.read_bytes()) == predictions
    except OSError:
        return False
