"""The sample submission: what is submitted, and whether its ids are those of the test file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.reading.faults import SHOWN, Fault, Faults, in_fields, locate
from pipeline.reading.source import Source, open_source
from pipeline.reading.unpack import AGAIN

NO_SAMPLE = "none"  # instead of a file's name
WITHOUT = "To go on without the sample, use --sample none."
REMEDY = f"One of the two files is cut short, or belongs to another competition. {WITHOUT}"
NUMBERED = re.compile(r"(.*?)([0-9]+)(|\.\w+)")  # an id such as img_7.png


@dataclass(frozen=True)
class Sample:
    """A sample submission: the format that the competition accepts.

    Attributes:
        path: the file.
        header: the columns' names, the id's first.
        ids: the first column, as written, in the order of a submission.
    """

    path: Path
    header: tuple[str, ...]
    ids: tuple[str, ...]


def read_sample(path: Path) -> Sample:
    """Reads a sample submission.

    Raises:
        PipelineError: the file cannot be read, a row is invalid, or an id is missing or repeated.
    """
    source = open_source(path, header=True, keep_numbers=True)
    assert source.header is not None
    faults = Faults(source)
    ids = []
    for line, cells in source.rows():
        ids.append(cells[0].strip())
        if len(cells) != source.columns:
            expected = f"{source.columns}, as in the header"
            faults.add(Fault(line, None, in_fields(len(cells)), expected))
    faults.check()
    if not ids:
        raise PipelineError(
            "the file has no data rows",
            where=path,
            expected="a row for each test image",
            remedy=AGAIN,
        )
    check_unique_ids(source, 0, ids)
    return Sample(path, tuple(source.header), tuple(ids))


def asks_for_probabilities(header: Sequence[str]) -> bool:
    """Whether a sample has a column for each class, not a single one."""
    return len(header) > 2


def explain_submission(sample: Sample | None) -> tuple[str, str]:
    """ "classes" or "probabilities", and where that was learned from."""
    if sample is None:
        return "classes", "assumed, as there is no sample"
    kind = "probabilities" if asks_for_probabilities(sample.header) else "classes"
    return kind, f"as in {sample.path.name}"


def class_columns(
    sample: Sample, classes: tuple[str, ...], named: Sequence[str | int] | None
) -> tuple[str, ...]:
    """The class of each column after the id; empty if there is a single column of classes.

    There is a column for each class of the training file, and for other classes in `named`.

    Columns have the names of the classes, perhaps all with one prefix: "7", "class_7", "p7".

    Args:
        named: the classes in the order of the columns, if the user names them. Some of them may
            have no training rows.

    Raises:
        PipelineError: there is neither one column for the class nor one column for each class.
    """
    names = sample.header[1:]
    if len(names) == 1:
        return ()
    in_order = tuple(map(str, named or ()))
    for end in range(len(names[0])):
        of_class = {names[0][:end] + name: name for name in (*classes, *in_order)}
        columns = tuple(of_class[name] for name in names if name in of_class)
        if len(columns) == len(names) and {*columns} >= {*classes}:
            return columns
    if len(in_order) == len(names) and {*in_order} >= {*classes}:
        return in_order
    in_toml = "name the classes in their order in competition.toml: classes = [...]."
    remedy = REMEDY
    if len(names) == len(classes):
        remedy = f"If there is one for each class, {in_toml} {WITHOUT}"
    elif len(names) > len(classes):
        remedy = f"If some classes have no training rows, {in_toml} "
        remedy += f"The probabilities of these are 0. {REMEDY}"
    raise PipelineError(
        f"{len(names)} columns after the id: {', '.join(names)}",
        where=sample.path,
        expected=f"one column for the class, or one for each of the {len(classes)} classes of the "
        f"training file: {', '.join(classes)}",
        remedy=remedy,
    )


def check_unique_ids(source: Source, column: int, ids: Sequence[str]) -> None:
    """Checks that no id is empty or repeated.

    Args:
        column: where the ids are in the file, for the message.

    Raises:
        PipelineError: there are such ids.
    """
    first: dict[str, int] = {}
    invalid = [row for row, id in enumerate(ids) if first.setdefault(id, row) != row or not id]
    shown = invalid[:SHOWN]
    lines = locate(source, set(shown) | {first[ids[row]] for row in shown})
    faults = Faults(source)
    for row in shown:
        repeated = f"the id {ids[row]!r} repeats line {lines[first[ids[row]]][0]}"
        found = repeated if ids[row] else "the id is empty"
        faults.add(Fault(lines[row][0], source.column(column), found))
    faults.total = len(invalid)
    faults.check()


def number_rows(first_id: int | None, rows: int) -> tuple[str, ...]:
    """The ids of rows that have none: numbers, from 0 if not given."""
    return tuple(str((first_id or 0) + row) for row in range(rows))


def check_same_ids(
    test: Source,
    sample: Sample | None,
    ids: tuple[str, ...] | None,
    rows: int,
    first_id: int | None = None,
) -> None:
    """Checks that a sample submission and a test file match.

    Args:
        ids: the test file's, or None if it has none.
        rows: number of rows of the test file.
        first_id: the id of the first row, if the user says that the ids number the rows.

    Raises:
        PipelineError: their ids differ; or without ids, their numbers of rows, or it is unclear
            which id belongs to which row.
    """
    if sample is None:
        return
    count = len(sample.ids)
    if ids is None and count != rows:
        more = f"{abs(count - rows):,} {'more' if count > rows else 'fewer'} than"
        raise PipelineError(
            f"{count:,} rows, {more} the {rows:,} of {test.path}",
            where=sample.path,
            expected="a row for each row of the test file",
            remedy=REMEDY,
        )
    if ids is None and first_id is not None:
        ids = number_rows(first_id, rows)
    if ids is None:
        _check_order(test, sample)
    elif set(ids) != set(sample.ids):
        raise PipelineError(
            f"the ids are not those of {test.path}",
            where=sample.path,
            expected="the same ids in both",
            remedy=REMEDY,
            details=[
                f"{count:,} rows, and {rows:,} in {test.path.name}",
                *_only("missing", ids, sample.ids),
                *_only(f"not in {test.path.name}", sample.ids, ids),
            ],
        )


def _only(what: str, ids: Sequence[str], others: Sequence[str]) -> list[str]:
    """A line that counts and names the ids that are not among the others, if there are any."""
    known = set(others)
    found = [id for id in ids if id not in known]
    some = ", ".join(found[:SHOWN]) + ", ..." * (len(found) > SHOWN)
    return [f"{len(found):,} {'id' if len(found) == 1 else 'ids'} {what}: {some}"] if found else []


def _check_order(test: Source, sample: Sample) -> None:
    """Raises if the sample has row numbers in another order, and the test file has no ids.

    The numbers may have the same text around them: "img_7.png".
    """
    parts = [NUMBERED.fullmatch(id) for id in sample.ids]
    numbers = [int(part[2]) for part in parts if part]
    around = {(part[1], part[3]) for part in parts if part}
    first = min(numbers, default=0)
    counted = {*numbers} == {*range(first, first + len(sample.ids))}
    if len(around) == 1 and counted and numbers != sorted(numbers):
        copy = f"copy the ids into {test.path.name}, as a column with the same name."
        ordered = f"If the rows have the order of the test rows, {copy}"
        plain = f"If they are the numbers of the test rows, set first_id = {first} in "
        raise PipelineError(
            f"the ids count from {first} but are not in ascending order, and {test.path.name} has "
            "no ids",
            where=sample.path,
            expected="ids whose rows are known",
            remedy=f"{plain}competition.toml. {ordered}"
            if around == {("", "")}
            else f"In the order of the test rows, {copy}",
        )
