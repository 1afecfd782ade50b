"""CSV -> arrays. Every row is checked; a cell that holds no number becomes NaN."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Pixels, Texts
from pipeline.errors import PipelineError
from pipeline.large_arrays import GrowingRows
from pipeline.machine import keep_memory
from pipeline.reading.cells import fits_uint8, to_numbers, with_points
from pipeline.reading.faults import SHOWN, Fault, Faults, cell_fault, check_cells, in_fields
from pipeline.reading.parser import Parser
from pipeline.reading.source import Source
from pipeline.reading.unpack import AGAIN, file_on_disk

# Below this many bytes, the exact parser takes less time than importing pandas.
SMALL = 1 << 20
MAX_TEXT = 256  # characters of a label or an id
SPACES = " \t\n\r\v\f"

Parsed = tuple[Texts, Pixels]


@dataclass(frozen=True)
class Table:
    """The content of a file.

    Attributes:
        texts: column index -> (n,) strings, for columns that may be labels or ids: without spaces
            around them, and with a decimal point where the file has a comma.
        written: the same as written, without spaces around them, for ids.
        values: (n, columns) uint8 if every number is an integer in 0..255, else float32, with NaN
            for a cell that holds no finite number. Columns of `texts` are zero. Mapped from a
            file, as it may be larger than memory.
    """

    source: Source
    texts: dict[int, Texts]
    written: dict[int, Texts]
    values: Pixels

    def __len__(self) -> int:
        return len(self.values)


def read(source: Source, text_columns: Collection[int], file: Path) -> Table:
    """Reads the file, checking every row.

    Args:
        text_columns: columns to read as text, because they may be labels or ids.
        file: a new file for the values.

    Raises:
        PipelineError: the file has no rows, or rows of different lengths.
    """
    keep_memory()
    texts: list[Texts] = []
    values = GrowingRows(file)
    faults = Faults(source)
    text_columns = tuple(sorted(text_columns))
    large = file_on_disk(source.path).stat().st_size > SMALL
    header = (source.header_line or "").encode()
    parser = Parser(source.delimiter, source.columns, text_columns, header, use_pandas=large)
    for line, block, fast_result in _parse_in_parallel(source, parser.parse):
        some_texts, some_values = fast_result or _parse_exactly(
            source, line, block, text_columns, faults
        )
        texts.append(some_texts)
        values.add(some_values)
    if faults.fatal:  # only these: cells are checked when it is known which columns are pixels
        faults.check()
    if not values.count:
        raise PipelineError(
            "the file has no data rows",
            where=source.path,
            expected="a row for each image",
            remedy=AGAIN,
        )
    text = np.char.strip(np.concatenate(texts), SPACES)
    _check_printable(source, text, text_columns)
    text = np.char.strip(text)  # of spaces that are not ASCII
    written = dict(zip(text_columns, text.T, strict=True))
    columns = written
    if source.delimiter != ",":
        columns = {
            column: np.array(with_points(cells, source.delimiter), np.str_)
            for column, cells in written.items()
        }
    return Table(source, columns, written, values.array(source.columns))


def _check_printable(source: Source, text: Texts, columns: Sequence[int]) -> None:
    """Raises if labels or ids have control characters.

    Args:
        text: (n, columns) the cells.
    """
    codes = text.view(np.uint32).reshape(*text.shape, -1)  # zero behind the end
    control = ((codes > 0) & (codes < 32)) | ((codes >= 127) & (codes < 160))
    invalid = np.argwhere(control.any(axis=2))
    first = [(row, columns[at], "printable characters") for row, at in invalid[:SHOWN].tolist()]
    check_cells(source, first, len(invalid))


def _parse_in_parallel(
    source: Source, parse: Callable[[bytes], Parsed | None]
) -> Iterator[tuple[int, bytes, Parsed | None]]:
    """The blocks in their order, parsed two at a time while the next one is read."""
    waiting: deque[tuple[int, bytes, Future[Parsed | None]]] = deque()
    with ThreadPoolExecutor(2) as pool:
        for line, block in source.blocks():
            waiting.append((line, block, pool.submit(parse, block)))
            if len(waiting) > 2:
                first, bytes_of_first, future = waiting.popleft()
                yield first, bytes_of_first, future.result()
        for first, bytes_of_first, future in waiting:
            yield first, bytes_of_first, future.result()


def _parse_exactly(
    source: Source, line: int, block: bytes, text_columns: Collection[int], faults: Faults
) -> Parsed:
    """Parses a block cell by cell, and adds its faults."""
    texts: list[list[str]] = []
    rows: list[npt.NDArray[np.float32]] = []
    number_columns = [c for c in range(source.columns) if c not in text_columns]
    for row_line, cells in source.rows_of(line, block):
        fault = _row_fault(source, row_line, cells)
        if fault:
            faults.add(fault)
            faults.fatal = True
            continue
        texts.append([_short_text(source, row_line, cells, c, faults) for c in text_columns])
        numbers = to_numbers(with_points([cells[c] for c in number_columns], source.delimiter))
        invalid = [number_columns[n] for n in np.flatnonzero(np.isnan(numbers))]
        faults.add_cells(row_line, cells, invalid)
        row = np.zeros(source.columns, np.float32)
        with np.errstate(over="ignore"):  # too large for float32: infinite, out of range
            row[number_columns] = numbers
        rows.append(row)
    values = np.array(rows, np.float32).reshape(len(rows), source.columns)
    return (
        np.array(texts, np.str_).reshape(len(rows), len(text_columns)),
        values.astype(np.uint8) if fits_uint8(values) else values,
    )


def _short_text(source: Source, line: int, cells: list[str], column: int, faults: Faults) -> str:
    """The text of a cell. One that is too long is a fault, and cut: in an array, all texts take
    the memory of the longest."""
    text = cells[column]
    if "\0" in text:  # in an array, it would end the text
        faults.add(cell_fault(source, line, cells, column, "printable characters"))
        faults.fatal = True
    if len(text) > MAX_TEXT:
        found = f"a text of {len(text):,} characters"
        faults.add(Fault(line, source.column(column), found, f"at most {MAX_TEXT}"))
        faults.fatal = True
    return text[:MAX_TEXT]


def _row_fault(source: Source, line: int, cells: list[str]) -> Fault | None:
    count, expected = len(cells), source.columns
    is_open = cells[-1].endswith("\n")  # the cell goes on to the end of the block
    if count == expected and is_open:
        return Fault(line, None, "the last cell has a quote that is not closed", "a closing quote")
    if count == expected:
        header = source.header_cells
        # In joined files, a byte-order mark may precede it.
        if header and [cell.strip().removeprefix("\ufeff") for cell in cells] == header:
            return Fault(line, None, "a repeated header", "a row of data")
        return None
    found = in_fields(count)
    if is_open:
        found += ", the last of them with a quote that is not closed"
    elif count == expected + 1 and not cells[-1].strip():
        found += f", the last of them empty after a stray {source.delimiter!r}"
    pixels = " (a field for each pixel)" if source.strings else ""
    return Fault(line, None, found, f"{expected}{pixels}, as in the first row")
