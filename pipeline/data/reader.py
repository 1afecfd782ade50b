"""CSV -> arrays. Every cell is checked, and every fault is named with file, line and column."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import isfinite

import numpy as np
import numpy.typing as npt

from pipeline.data.source import NUMBER, Source
from pipeline.errors import PipelineError

# Below this many bytes, polars' import takes longer than the exact parser.
SMALL = 1 << 20
SHOWN = 5

Pixels = npt.NDArray[np.uint8 | np.float32]


@dataclass(frozen=True)
class Table:
    """What a file holds.

    Attributes:
        texts: column index -> (n,) strings as written, for columns that may be labels or ids.
        values: (n, columns) uint8 where every number is a whole one in 0..255, else float32;
            finite. Columns of `texts` are zero here until `numbers` turns them into pixels.
    """

    source: Source
    texts: dict[int, npt.NDArray[np.str_]]
    values: Pixels

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Fault:
    """A place in a file that cannot be right. Lines and columns as people count them, from 1."""

    line: int
    column: str | None
    what: str

    def __str__(self) -> str:
        return f"line {self.line}{f', column {self.column}' if self.column else ''}: {self.what}"


def read(source: Source, text_columns: Collection[int]) -> Table:
    """Reads the file, checking every cell.

    Args:
        text_columns: columns kept as text, because they may be labels or ids.

    Raises:
        PipelineError: rows of other lengths, cells that are not numbers; the first five are named.
    """
    texts: list[npt.NDArray[np.str_]] = []
    values: list[Pixels] = []
    faults: list[Fault] = []
    keep = sorted(text_columns)
    fast = _FastParser(source, keep)
    for line, block in source.blocks():
        parsed = fast.parse(block) or _parse_exactly(source, line, block, keep, faults)
        texts.append(parsed[0])
        values.append(parsed[1])
    refuse(source, faults)
    if not sum(map(len, values)):
        raise PipelineError(f"{source.path} holds no rows of data. Expected a row for each image.")
    text = np.concatenate(texts)
    table = _stack(values, source.columns, keep)
    return Table(source, {c: np.char.strip(text[:, i]) for i, c in enumerate(keep)}, table)


def refuse(source: Source, faults: list[Fault], total: int | None = None) -> None:
    """Raises with the first faults and how many there are, where there are any.

    Raises:
        PipelineError: there is at least one fault.
    """
    if faults:
        total = total or len(faults)
        shown = "\n".join(f"  {fault}" for fault in faults[:SHOWN])
        more = f"\n  ... and {total - SHOWN} more" if total > SHOWN else ""
        noun = "1 fault" if total == 1 else f"{total} faults"
        raise PipelineError(
            f"{source.path} has {noun}. Mend the file and run the command again.\n{shown}{more}"
        )


def locate(source: Source, rows: Collection[int]) -> Iterator[tuple[int, int, list[str]]]:
    """(row, line, cells) of data rows, counted from 0, for messages about what was read."""
    wanted = set(rows)
    if not wanted:
        return
    for row, (line, cells) in enumerate(source.rows()):
        if row in wanted:
            yield row, line, cells
        if row == max(wanted):
            return


class _FastParser:
    """Parses blocks with polars where it can vouch for every cell, as uint8 while that holds.

    polars passes over some faults (short rows become nulls, `nan` a number); a block in which
    anything is unusual is left to the exact parser.
    """

    def __init__(self, source: Source, text_columns: list[int]) -> None:
        self.source = source
        self.texts = [str(c) for c in text_columns]
        self.numbers = [str(c) for c in range(source.columns) if c not in text_columns]
        self.whole = True
        self.started = False

    def parse(self, block: bytes) -> tuple[npt.NDArray[np.str_], Pixels] | None:
        if len(block) < SMALL and not self.started:
            return None
        import polars

        self.started = True

        for dtype in (polars.UInt8, polars.Float32)[0 if self.whole else 1 :]:
            self.whole = dtype is polars.UInt8
            kinds = dict.fromkeys(self.numbers, dtype) | dict.fromkeys(self.texts, polars.String)
            try:
                frame = polars.read_csv(
                    block,
                    has_header=False,
                    separator=self.source.delimiter,
                    schema={str(c): kinds[str(c)] for c in range(self.source.columns)},
                    decimal_comma=self.source.delimiter != "," and b"," in block,
                )
            except polars.exceptions.PolarsError:
                continue
            if frame.height != block.count(b"\n") or sum(frame.null_count().row(0)):
                return None
            values = frame.select(self.numbers).to_numpy()
            if not self.whole and not np.isfinite(values).all():
                return None
            return frame.select(self.texts).to_numpy().astype(np.str_), values
        self.whole = True
        return None


def _parse_exactly(
    source: Source, line: int, block: bytes, text_columns: list[int], faults: list[Fault]
) -> tuple[npt.NDArray[np.str_], Pixels]:
    """Parses a block cell by cell and adds what is wrong with it to the faults."""
    texts: list[list[str]] = []
    rows: list[npt.NDArray[np.float64]] = []
    number_columns = [c for c in range(source.columns) if c not in text_columns]
    for at, cells in source.rows_of(line, block):
        fault = _row_fault(source, at, cells)
        if fault:
            faults.append(fault)
            continue
        numbers = [cells[c] for c in number_columns]
        parsed = _numbers(source, numbers)
        if parsed is None:
            faults.extend(_cell_faults(source, at, number_columns, numbers))
            continue
        texts.append([cells[c] for c in text_columns])
        rows.append(parsed)
    values = np.array(rows).reshape(len(rows), len(number_columns))
    return (
        np.array(texts, np.str_).reshape(len(rows), len(text_columns)),
        values.astype(np.uint8) if is_bytes(values) else values.astype(np.float32),
    )


def is_bytes(values: npt.NDArray[np.generic]) -> bool:
    """Whether every value is a whole number in 0..255."""
    if values.dtype == np.uint8 or not values.size:
        return True
    if values.min() < 0 or values.max() > 255:
        return False
    return bool(np.array_equal(values, values.astype(np.uint8)))


def _numbers(source: Source, cells: list[str]) -> npt.NDArray[np.float64] | None:
    """The cells as numbers, or None where one is no finite number written in digits."""
    joined = "".join(cells)
    if source.delimiter != "," and "," in joined:
        cells = [cell.replace(",", ".") for cell in cells]
    if "_" in joined:  # Python reads 1_000 as a number
        return None
    try:
        numbers = np.array(cells, dtype=np.float64)
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def _row_fault(source: Source, line: int, cells: list[str]) -> Fault | None:
    count, expected = len(cells), source.columns
    if count == expected:
        if source.header and [cell.strip() for cell in cells] == source.header:
            return Fault(line, None, "the header again, in the middle of the data")
        return None
    what = f"{count} fields where the first row has {expected}"
    if count == expected + 1 and not cells[-1].strip():
        what += f"; the row ends with a stray '{source.delimiter}'"
    elif count < expected:
        what += "; the row is cut short"
    return Fault(line, None, what)


def _cell_faults(
    source: Source, line: int, columns: list[int], cells: list[str]
) -> Iterator[Fault]:
    for column, cell in zip(columns, cells, strict=True):
        text = cell.replace(",", ".") if source.delimiter != "," else cell
        if not cell.strip():
            what = "the cell is empty; expected a number"
        elif not NUMBER.fullmatch(text) or not isfinite(float(text)):
            what = f"found {cell[:40]!r}; expected a number"
        else:
            continue
        yield Fault(line, source.column(column), what)


def _stack(blocks: list[Pixels], columns: int, text_columns: list[int]) -> Pixels:
    """One array of all blocks, text columns zero; each block is freed once it is copied."""
    rows = sum(map(len, blocks))
    whole = all(is_bytes(block) for block in blocks)
    table = np.zeros((rows, columns), np.uint8 if whole else np.float32)
    numbers = np.setdiff1d(np.arange(columns), text_columns)
    # Usually the numbers stand side by side: then a plain copy will do, which is far faster.
    side_by_side = len(numbers) and numbers[-1] - numbers[0] + 1 == len(numbers)
    where = slice(numbers[0], numbers[-1] + 1) if side_by_side else numbers
    at = 0
    while blocks:
        block = blocks.pop(0)
        table[at : at + len(block), where] = block
        at += len(block)
    return table
