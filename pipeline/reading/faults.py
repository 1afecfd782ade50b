"""What is wrong with a file, named by line and column."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice

from pipeline.errors import PipelineError
from pipeline.reading.source import Source

SHOWN = 5


@dataclass(frozen=True)
class Fault:
    """A place in a file that cannot be right. Lines and columns as people count them, from 1."""

    line: int
    column: str | None
    what: str

    def __str__(self) -> str:
        return f"line {self.line}{f', column {self.column}' if self.column else ''}: {self.what}"


class Faults:
    """The first faults of a file, and how many there are: a broken file may have millions.

    Attributes:
        ragged: whether a whole row cannot be read.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.first: list[Fault] = []
        self.total = 0
        self.ragged = False

    def add(self, fault: Fault) -> None:
        self.total += 1
        if len(self.first) < SHOWN:
            self.first.append(fault)

    def add_cells(self, line: int, cells: Sequence[str], columns: Sequence[int]) -> None:
        """Adds cells of a row that are no numbers."""
        for column in columns[:SHOWN]:
            self.add(Fault(line, self.source.column(column), _found(cells[column], "a number")))
        self.total += len(columns[SHOWN:])

    def refuse(self) -> None:
        """Raises:
        PipelineError: there is at least one fault.
        """
        if not self.total:
            return
        shown = "\n".join(f"  {fault}" for fault in self.first)
        more = f"\n  ... and {self.total - SHOWN} more" if self.total > SHOWN else ""
        noun = "1 fault" if self.total == 1 else f"{self.total:,} faults"
        raise PipelineError(
            f"{self.source.path} has {noun}. Mend the file and run the command again."
            f"\n{shown}{more}"
        )


def check_cells(source: Source, places: Sequence[tuple[int, int, str]], total: int) -> None:
    """Refuses cells, where there are any.

    Args:
        places: (data row, column, what should stand there) of the first, counted from 0.
        total: how many there are.

    Raises:
        PipelineError: there is at least one.
    """
    lines = locate(source, {row for row, _, _ in places})
    faults = Faults(source)
    for row, column, expected in places:
        line, cells = lines[row]
        faults.add(Fault(line, source.column(column), _found(cells[column], expected)))
    faults.total = total
    faults.refuse()


def _found(cell: str, expected: str) -> str:
    found = f"found {cell[:40]!r}" if cell.strip() else "the cell is empty"
    return f"{found}; expected {expected}"


def locate(source: Source, rows: Collection[int]) -> dict[int, tuple[int, list[str]]]:
    """Data row, counted from 0 -> (line, cells), for messages about what was read."""
    last = max(rows, default=-1)
    numbered = enumerate(islice(source.rows(), last + 1))
    return {row: found for row, found in numbered if row in rows}
