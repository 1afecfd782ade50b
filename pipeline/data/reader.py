"""CSV -> arrays. Every row is checked, and cells that are no numbers stand out as NaN."""

from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.data.cells import Texts, is_bytes, to_numbers, with_points
from pipeline.data.faults import Fault, Faults
from pipeline.data.source import Source
from pipeline.errors import PipelineError

# Below this many bytes, polars' import takes longer than the exact parser.
SMALL = 1 << 20

Pixels = npt.NDArray[np.uint8 | np.float32]


@dataclass(frozen=True)
class Table:
    """What a file holds.

    Attributes:
        texts: column index -> (n,) strings, for columns that may be labels or ids: as written,
            without spaces around them, and with a decimal point where the file has a comma.
        values: (n, columns) uint8 where every number is a whole one in 0..255, else float32, NaN
            where a cell is no finite number. Columns of `texts` are zero here.
    """

    source: Source
    texts: dict[int, Texts]
    values: Pixels

    def __len__(self) -> int:
        return len(self.values)


def read(source: Source, text_columns: Collection[int]) -> Table:
    """Reads the file, checking every row.

    Args:
        text_columns: columns kept as text, because they may be labels or ids.

    Raises:
        PipelineError: rows of other lengths; the first five are named.
    """
    texts: list[Texts] = []
    values: list[Pixels] = []
    faults = Faults(source)
    keep = sorted(text_columns)
    fast = _FastParser(source, keep)
    for line, block, quickly in _side_by_side(source, fast):
        parsed = quickly or _parse_exactly(source, line, block, keep, faults)
        texts.append(parsed[0])
        values.append(parsed[1])
    if faults.ragged:  # broken cells alone may wait: which column they are in is told better later
        faults.refuse()
    if not sum(map(len, values)):
        raise PipelineError(f"{source.path} holds no rows of data. Expected a row for each image.")
    text = np.char.strip(np.concatenate(texts))
    if source.delimiter != ",":
        text = np.array([with_points(row, source.delimiter) for row in text], np.str_)
    columns = {column: text[:, place] for place, column in enumerate(keep)}
    return Table(source, columns, _stack(values, source.columns, keep))


def _side_by_side(
    source: Source, fast: "_FastParser"
) -> Iterator[tuple[int, bytes, tuple[Texts, Pixels] | None]]:
    """The blocks in their order, parsed two at a time while the next one is read."""
    waiting: deque[tuple[int, bytes, Future[tuple[Texts, Pixels] | None]]] = deque()
    with ThreadPoolExecutor(2) as pool:
        for line, block in source.blocks():
            waiting.append((line, block, pool.submit(fast.parse, block)))
            if len(waiting) > 1:
                first, bytes_of_first, future = waiting.popleft()
                yield first, bytes_of_first, future.result()
        for first, bytes_of_first, future in waiting:
            yield first, bytes_of_first, future.result()


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

    def parse(self, block: bytes) -> tuple[Texts, Pixels] | None:
        if len(block) < SMALL and not self.started:
            return None
        import polars

        self.started = True

        for dtype in (polars.UInt8, polars.Float32)[0 if self.whole else 1 :]:
            # A hint for later blocks alone: another thread may change it at any time.
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
            values = frame.drop(self.texts).to_numpy()
            if dtype is polars.Float32 and not np.isfinite(values).all():
                return None
            texts = frame.select(self.texts).to_numpy().astype(np.str_)
            return None if '"' in "".join(texts.ravel().tolist()) else (texts, values)
        self.whole = True
        return None


def _parse_exactly(
    source: Source, line: int, block: bytes, text_columns: list[int], faults: Faults
) -> tuple[Texts, Pixels]:
    """Parses a block cell by cell and adds what is wrong with it to the faults."""
    texts: list[list[str]] = []
    rows: list[npt.NDArray[np.float32]] = []
    number_columns = [c for c in range(source.columns) if c not in text_columns]
    for at, cells in source.rows_of(line, block):
        fault = _row_fault(source, at, cells)
        if fault:
            faults.add(fault)
            faults.ragged = True
            continue
        texts.append([cells[c] for c in text_columns])
        numbers = to_numbers(with_points([cells[c] for c in number_columns], source.delimiter))
        faults.add_cells(at, cells, [number_columns[n] for n in np.flatnonzero(np.isnan(numbers))])
        with np.errstate(over="ignore"):  # beyond float32 is infinite, and refused for its size
            rows.append(numbers.astype(np.float32))
    values = np.array(rows, np.float32).reshape(len(rows), len(number_columns))
    return (
        np.array(texts, np.str_).reshape(len(rows), len(text_columns)),
        values.astype(np.uint8) if is_bytes(values) else values,
    )


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
