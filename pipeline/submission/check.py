"""Every rule that a grader applies, before it does; all faults at once."""

import codecs
import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.errors import PipelineError, nearest
from pipeline.reading.cells import NUMBER
from pipeline.submission.format import SubmissionFormat

SHOWN = 3
Row = tuple[int, list[str]]  # line, cells


def check_file(form: SubmissionFormat, path: Path) -> None:
    """Raises:
    PipelineError: the file cannot be read, or a grader would refuse it: every fault is named.
    """
    if path.exists() and not path.is_file():
        raise PipelineError(f"{path} is not a file.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PipelineError(f"{path} cannot be read: {error.strerror}.") from None
    found = list(faults(form, content))
    if found:
        listed = "\n".join(f"  {fault}" for fault in found)
        noun = "1 fault" if len(found) == 1 else f"{len(found)} faults"
        raise PipelineError(f"{path} would not be accepted: {noun}.\n{listed}")


def faults(form: SubmissionFormat, content: bytes) -> Iterator[str]:
    """What is wrong with a submission of that form, a line each."""
    unmarked = content.removeprefix(codecs.BOM_UTF8)
    if not unmarked.strip():
        yield "the file is empty"
        return
    if unmarked != content:
        yield "line 1: it starts with a byte-order mark, which becomes part of the header"
    try:
        text = unmarked.decode()
    except UnicodeDecodeError:
        yield "it is not UTF-8 text"
        return
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        lines = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        yield f"line {reader.line_num}: {error}"
        return
    header = tuple(lines[0][1])
    if header != form.header:
        yield f"line 1: the header is {','.join(header)!r}; expected {','.join(form.header)!r}"
        if header and header[0] in form.ids:
            lines.insert(0, lines[0])  # no header at all: the first line is data
    rows = lines[1:]
    while rows and not rows[-1][1]:
        rows.pop()
    wide = [(line, cells) for line, cells in rows if len(cells) != len(form.header)]
    yield from _named(f"not {len(form.header)} fields", wide)
    whole = [(line, cells) for line, cells in rows if len(cells) == len(form.header)]
    yield from _id_faults(form, whole, len(rows))
    yield from _probability_faults(whole) if form.columns else _class_faults(form, whole)


def _id_faults(form: SubmissionFormat, rows: list[Row], count: int) -> Iterator[str]:
    if count != len(form.ids):
        yield f"{_count(count, 'row')}; expected {len(form.ids):,}"
    wanted, found = set(form.ids), Counter(cells[0] for _, cells in rows)
    missing = [id for id in form.ids if id not in found]
    if missing:
        yield f"{_count(len(missing), 'id')} missing: {_some(missing)}"
    yield from _named("an id that was not asked for", [r for r in rows if r[1][0] not in wanted])
    twice = [id for id, times in found.items() if times > 1]
    if twice:
        yield f"{_count(len(twice), 'id')} there more than once: {_some(twice)}"


def _class_faults(form: SubmissionFormat, rows: list[Row]) -> Iterator[str]:
    known = set(form.classes)
    wrong = [(line, cells) for line, cells in rows if cells[1] not in known]
    kinds = Counter(cells[1] for _, cells in wrong)
    for kind, times in kinds.most_common(SHOWN):
        line = next(line for line, cells in wrong if cells[1] == kind)
        hint = _hint(kind, form.classes)
        what = f"{kind!r} is none of the classes" if kind else "the class is empty"
        yield f"line {line}: {what} ({_count(times, 'such row')}).{hint}"
    if len(kinds) > SHOWN:
        yield f"... and {_count(len(kinds) - SHOWN, 'other value')}"


def _hint(found: str, classes: tuple[str, ...]) -> str:
    """What to write instead of what was found: 3 instead of 3.0."""
    same = [
        name
        for name in classes
        if NUMBER.fullmatch(found) and NUMBER.fullmatch(name) and float(name) == float(found)
    ]
    if same:
        return f" Write {same[0]}."
    return nearest(found, classes) or f" Expected one of {_some(classes)}"


def _probability_faults(rows: list[Row]) -> Iterator[str]:
    bad, off = [], []
    for line, cells in rows:
        try:
            values = [float(cell) for cell in cells[1:]]
        except ValueError:
            bad.append((line, cells))
            continue
        if not all(0 <= value <= 1 for value in values):
            bad.append((line, cells))
        elif not math.isclose(sum(values), 1, abs_tol=1e-3):
            off.append((line, cells))
    yield from _named("a probability is no number in 0..1", bad)
    yield from _named("the probabilities do not sum to 1", off)


def _named(what: str, rows: list[Row]) -> Iterator[str]:
    """One line for all rows of a kind: how many, and where the first of them stand."""
    if rows:
        lines = _some([str(line) for line, _ in rows])
        yield f"{what} ({_count(len(rows), 'row')}: line {lines})"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _some(items: Iterable[str]) -> str:
    items = list(items)
    return ", ".join(items[:SHOWN]) + (", ..." if len(items) > SHOWN else "")
