"""Every rule that a grader applies to a submission; all faults are found at once."""

import codecs
import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.errors import PipelineError, suggest
from pipeline.reading.cells import NUMBER
from pipeline.reading.faults import MAX_CELL
from pipeline.submission.format import SubmissionFormat

SHOWN = 3  # examples in a message
Row = tuple[int, list[str]]  # line, cells
Kind = Literal[
    "empty file",
    "byte-order mark",
    "encoding",
    "CSV",
    "header",
    "fields",
    "number of rows",
    "missing ids",
    "unknown ids",
    "repeated ids",
    "class",
    "probability",
    "sum",
]


@dataclass(frozen=True)
class Violation:
    """An error in a submission, for which a grader would refuse it."""

    kind: Kind
    text: str


def raise_faults(faults: Iterable[Violation], path: Path, doubts: Sequence[str] = ()) -> None:
    """Raises the PipelineError of a submission with errors; does nothing if there are none."""
    texts = [fault.text for fault in faults]
    if texts:
        raise PipelineError(
            f"invalid submission: {_count(len(texts), 'error')}",
            where=path,
            details=[*texts, *(f"also doubtful: {doubt}" for doubt in doubts)],
        )


def find_faults(expected: SubmissionFormat, content: bytes) -> Iterator[Violation]:
    """The faults in the content of a submission file."""
    faults, lines = parse(content)
    yield from faults
    if lines:
        yield from _table_faults(expected, lines)


def parse(content: bytes) -> tuple[list[Violation], list[Row]]:
    """The faults of a file as a CSV, and its rows; none if it cannot be parsed."""
    unmarked = content.removeprefix(codecs.BOM_UTF8)
    if not unmarked.strip():
        return [Violation("empty file", "the file is empty")], []
    faults = []
    if unmarked != content:
        text = "line 1: the file starts with a byte-order mark, which becomes part of the header"
        faults.append(Violation("byte-order mark", text))
    try:
        text = unmarked.decode()
    except UnicodeDecodeError:
        return [*faults, Violation("encoding", "the file is not UTF-8 text")], []
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        return faults, [(reader.line_num, cells) for cells in reader]
    except csv.Error:
        text = (
            f"line {reader.line_num}: a cell is longer than {csv.field_size_limit():,} characters"
        )
        return [*faults, Violation("CSV", text)], []


def _table_faults(expected: SubmissionFormat, lines: list[Row]) -> Iterator[Violation]:
    header, rows = tuple(lines[0][1]), lines[1:]
    if header != expected.header:
        found, wanted = ",".join(header), ",".join(expected.header)
        if len(found) > len(wanted) + MAX_CELL:
            found = found[: len(wanted)] + "..."
        text = f"line 1: the header is {found!r}; expected {wanted!r}"
        if header and header[0] in expected.ids:
            text = f"line 1: there is no header; expected {wanted!r} above the rows"
            rows = list(lines)
        yield Violation("header", text)
    while rows and not rows[-1][1]:
        rows.pop()
    width = len(expected.header)
    other = [row for row in rows if len(row[1]) != width]
    yield from _row_faults("fields", f"{{}} without {width} fields", other)
    complete = [row for row in rows if len(row[1]) == width]
    yield from _id_faults(expected, complete, len(rows))
    if expected.columns:
        yield from _probability_faults(complete)
    else:
        yield from _class_faults(expected, complete)


def _id_faults(expected: SubmissionFormat, rows: list[Row], count: int) -> Iterator[Violation]:
    if count != len(expected.ids):
        text = f"{_count(count, 'row')}; expected {len(expected.ids):,}"
        yield Violation("number of rows", text)
    known, found = set(expected.ids), Counter(cells[0] for _, cells in rows)
    missing = [id for id in expected.ids if id not in found]
    if missing:
        yield Violation("missing ids", f"{_count(len(missing), 'missing id')}: {_some(missing)}")
    unknown = [row for row in rows if row[1][0] not in known]
    yield from _row_faults("unknown ids", "{} with an unknown id", unknown)
    repeated = [id for id, times in found.items() if times > 1]
    if repeated:
        yield Violation(
            "repeated ids", f"{_count(len(repeated), 'repeated id')}: {_some(repeated)}"
        )


def _class_faults(expected: SubmissionFormat, rows: list[Row]) -> Iterator[Violation]:
    """A fault for each of the most frequent values that are not classes."""
    classes = set(expected.classes)
    lines: dict[str, list[int]] = {}
    for line, (_, name) in rows:
        if name not in classes:
            lines.setdefault(name, []).append(line)
    values = sorted(lines, key=lambda value: -len(lines[value]))
    for value in values[:SHOWN]:
        found = f"{value[:MAX_CELL]!r} is not a class" if value else "the class is empty"
        count = _count(len(lines[value]), "row")
        hint = _hint(value[:MAX_CELL], expected.classes)
        yield Violation("class", f"line {lines[value][0]}: {found} ({count}). {hint}")
    if len(values) > SHOWN:
        yield Violation("class", f"... and {_count(len(values) - SHOWN, 'other value')}")


def _hint(value: str, classes: Sequence[str]) -> str:
    """What to write instead of a value: 3 instead of 3.0."""
    same = [
        name
        for name in classes
        if NUMBER.fullmatch(value) and NUMBER.fullmatch(name) and float(name) == float(value)
    ]
    if same:
        return f"Write {same[0]}."
    return suggest(value, classes) or f"Expected one of {_some(classes)}"


def _probability_faults(rows: list[Row]) -> Iterator[Violation]:
    invalid, wrong_sum = [], []
    for row in rows:
        values = [_number(cell) for cell in row[1][1:]]
        if not all(0 <= value <= 1 for value in values):
            invalid.append(row)
        elif not math.isclose(sum(values), 1, abs_tol=1e-3):
            wrong_sum.append(row)
    yield from _row_faults("probability", "{} with a value that is not in 0..1", invalid)
    yield from _row_faults("sum", "{} with probabilities that do not sum to 1", wrong_sum)


def _number(cell: str) -> float:
    """The number in a cell; NaN if it is none."""
    return float(cell) if NUMBER.fullmatch(cell) else math.nan


def _row_faults(kind: Kind, text: str, rows: list[Row]) -> Iterator[Violation]:
    """One fault for all rows of a kind: their number, and the lines of the first ones.

    Args:
        text: with {} for the number of rows.
    """
    if rows:
        lines = "line" if len(rows) == 1 else "lines"
        first = _some([str(line) for line, _ in rows])
        yield Violation(kind, f"{text.format(_count(len(rows), 'row'))}: {lines} {first}")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _some(items: Sequence[str]) -> str:
    cut = [item[:MAX_CELL] for item in items[:SHOWN]]
    shown = [item if item.isprintable() else repr(item) for item in cut]
    return ", ".join(shown) + (", ..." if len(items) > SHOWN else "")
