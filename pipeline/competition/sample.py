"""The sample submission, and whether its ids are those of the test file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.reading.faults import SHOWN, Fault, Faults, locate
from pipeline.reading.source import Source, open_source


@dataclass(frozen=True)
class Sample:
    """A sample submission: the form that the competition accepts.

    Attributes:
        header: the columns' names, the id's first.
        ids: the first column, as written, in the order asked for.
    """

    path: Path
    header: tuple[str, ...]
    ids: tuple[str, ...]


def read_sample(path: Path) -> Sample:
    """Raises:
    PipelineError: the file cannot be read, a row is broken, an id is missing or there twice.
    """
    source = open_source(path, header=True, keep_numbers=True)
    assert source.header is not None
    faults = Faults(source)
    ids = []
    for line, cells in source.rows():
        ids.append(cells[0].strip())
        if len(cells) != source.columns:
            what = f"{len(cells)} fields where the header has {source.columns}"
            faults.add(Fault(line, None, what))
    faults.refuse()
    if not ids:
        raise PipelineError(f"{path} holds no rows. Expected a row for each test image.")
    check_bad_ids(source, 0, ids)
    return Sample(path, tuple(source.header), tuple(ids))


def check_bad_ids(source: Source, column: int, ids: Sequence[str]) -> None:
    """Refuses ids that are empty or stand there twice."""
    first: dict[str, int] = {}
    bad = [row for row, id in enumerate(ids) if first.setdefault(id, row) != row or not id]
    lines = locate(
        source, {row for bad_row in bad[:SHOWN] for row in (bad_row, first[ids[bad_row]])}
    )
    faults = Faults(source)
    for row in bad[:SHOWN]:
        twice = f"the id {ids[row]!r} stands in line {lines[first[ids[row]]][0]} already"
        what = twice if ids[row] else "the id is empty"
        faults.add(Fault(lines[row][0], source.column(column), what))
    faults.total = len(bad)
    faults.refuse()


def check_other_ids(
    test: Source, sample: Sample | None, ids: tuple[str, ...] | None, rows: int
) -> None:
    """Refuses a sample and a test file that cannot be of one competition."""
    if sample is None:
        return
    if ids is None and len(sample.ids) != rows:
        raise PipelineError(
            f"{sample.path} has {len(sample.ids)} rows and {test.path} has {rows}. Expected as "
            "many: one of the two belongs to another competition, or is cut short."
        )
    if ids is not None and set(ids) != set(sample.ids):
        lacking, extra = set(sample.ids) - set(ids), set(ids) - set(sample.ids)
        raise PipelineError(
            f"{sample.path} and {test.path} have other ids: {len(lacking)} of the sample's are "
            f"not in the test file, {len(extra)} of the test's not in the sample (for example "
            f"{min(lacking | extra)!r}). Expected the same."
        )
