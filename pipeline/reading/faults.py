"""The faults of a file, each with its line and column."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice

from pipeline.errors import PipelineError
from pipeline.reading.source import Source

SHOWN = 5
MAX_CELL = 40  # characters of a cell in a message
REMEDY = "Correct the file and run the command again."


@dataclass(frozen=True)
class Fault:
    """An invalid cell or row.

    Attributes:
        line: counted from 1.
        column: its name, or its number counted from 1; None for a row.
        found: what is wrong.
        expected: what would be accepted.
    """

    line: int
    column: str | None
    found: str
    expected: str | None = None

    @property
    def where(self) -> str:
        return f"line {self.line}" + (f", column {self.column}" if self.column else "")

    def __str__(self) -> str:
        return f"{self.where}: {self.found}" + (
            f"; expected {self.expected}" if self.expected else ""
        )


class Faults:
    """The first faults of a file, and their number: a broken file may have millions.

    Attributes:
        first: up to `SHOWN` faults, in file order.
        total: number of faults.
        fatal: whether a row has the wrong number of cells, or a cell is too long: the file cannot
            be read as a table.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.first: list[Fault] = []
        self.total = 0
        self.fatal = False

    def add(self, fault: Fault) -> None:
        self.total += 1
        if len(self.first) < SHOWN:
            self.first.append(fault)

    def add_cells(self, line: int, cells: Sequence[str], columns: Sequence[int]) -> None:
        """Adds the cells of a row that hold no number."""
        for column in columns[:SHOWN]:
            self.add(cell_fault(self.source, line, cells, column, "a number"))
        self.total += len(columns[SHOWN:])

    def check(self, remedy: str = REMEDY) -> None:
        """Raises an error if there is a fault.

        Raises:
            PipelineError: it names the first faults, and their number if there are more.
        """
        path = self.source.path
        if self.total == 1:
            fault = self.first[0]
            raise PipelineError(
                fault.found,
                where=f"{path} {fault.where}",
                expected=fault.expected,
                remedy=remedy,
            )
        if self.total:
            more = [f"... and {self.total - SHOWN:,} more"] if self.total > SHOWN else []
            raise PipelineError(
                f"{self.total:,} faults",
                where=path,
                remedy=remedy,
                details=[*map(str, self.first), *more],
            )


def in_fields(count: int) -> str:
    """ "1 field" or "12 fields" """
    return f"{count} field{'' if count == 1 else 's'}"


def cell_fault(
    source: Source, line: int, cells: Sequence[str], column: int, expected: str
) -> Fault:
    """The fault of one cell of a row."""
    cell = cells[column]
    found = f"found {cell[:MAX_CELL]!r}" if cell.strip() else "the cell is empty"
    return Fault(line, source.column(column), found, expected)


def check_cells(
    source: Source, invalid: Sequence[tuple[int, int, str]], total: int, remedy: str = REMEDY
) -> None:
    """Raises if a file has invalid cells.

    Args:
        invalid: (data row, column, what is expected) of the first, rows and columns from 0.
        total: number of invalid cells.

    Raises:
        PipelineError: there is at least one.
    """
    lines = locate(source, {row for row, _, _ in invalid})
    faults = Faults(source)
    for row, column, expected in invalid:
        faults.add(cell_fault(source, *lines[row], column, expected))
    faults.total = total
    faults.check(remedy)


def locate(source: Source, rows: Collection[int]) -> dict[int, tuple[int, list[str]]]:
    """Data row, counted from 0 -> (line, cells). Reads the file again, for messages only."""
    last = max(rows, default=-1)
    numbered = enumerate(islice(source.rows(), last + 1))
    return {row: found for row, found in numbered if row in rows}
