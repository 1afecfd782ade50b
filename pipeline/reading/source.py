"""A CSV file's format: delimiter, header, columns. Its rows in blocks, or one by one."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import PipelineError
from pipeline.reading.cells import CONTROL, NUMBER, with_points
from pipeline.reading.other_formats import check_other_formats
from pipeline.reading.pixel_strings import PixelStrings, find_pixel_strings
from pipeline.reading.unpack import AGAIN, line_blocks

BLOCK = 1 << 20
COLUMN_NUMBER = re.compile("[0-9]{1,9}")
MAX_NAME = 256  # characters of a column's name
QUOTE = '"'
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


@dataclass(frozen=True)
class Source:
    """A CSV file whose format is known and whose rows are not read yet.

    Attributes:
        delimiter: one character.
        header: the columns' names, or None if the first row is data or only numbers the columns.
        columns: number of columns.
        first_line: the line of the first data row, counted from 1.
        header_line: the header row as written, also one that only numbers the columns.
        strings: where each image is a string of its pixels, which are then columns all the same.
    """

    path: Path
    delimiter: str
    header: list[str] | None
    columns: int
    first_line: int
    header_line: str | None = None
    strings: PixelStrings | None = None

    def blocks(self, size: int | None = None) -> Iterator[tuple[int, bytes]]:
        """The data rows as (line of the block's first row, complete lines ending in LF)."""
        for line, block in self._blocks_as_written(size or BLOCK):
            if self.strings:
                yield from self.strings.blocks(line, block, self.delimiter)
            else:
                yield line, block

    def by_usage(self) -> "tuple[Source, Source] | None":
        """The training rows and the others as files of their own; None if it does not have both.

        A column `Usage` tells them apart, as in FER-2013.

        Raises:
            PipelineError: no row is for training.
        """
        strings = self.strings
        if strings is None or strings.usage is None:
            return None
        train, test = (
            replace(self, strings=replace(strings, part=part)) for part in ("train", "test")
        )
        if not next(train.blocks(), None):
            raise PipelineError(
                "the column Usage has no row with the value Training",
                where=self.path,
                expected="Training for the training rows; all others are test rows",
                remedy="Correct the values, or remove the column.",
            )
        return (train, test) if next(test.blocks(), None) else None

    def _blocks_as_written(self, size: int) -> Iterator[tuple[int, bytes]]:
        line, skip = 1, self.first_line - 1
        for block in line_blocks(self.path, size):
            start = 0
            while skip and start < len(block):
                start = block.index(b"\n", start) + 1
                line, skip = line + 1, skip - 1
            if start < len(block):
                rows = block[start:] if start else block
                yield line, rows
                line += int(np.count_nonzero(np.frombuffer(rows, np.uint8) == ord("\n")))

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Every data row, one by one, as (line, cells), without empty lines. Slow and exact."""
        for line, block in self.blocks():
            yield from self.rows_of(line, block)

    def rows_of(self, line: int, block: bytes) -> Iterator[tuple[int, list[str]]]:
        """The rows of one block as (line, cells).

        Args:
            line: the line of the block's first row.

        Raises:
            PipelineError: the block is not UTF-8, or a cell is larger than `csv` allows.
        """
        text = _decode(self.path, line, block)
        lines = text.split("\n") if QUOTE in text else ()
        reader = _reader(io.StringIO(text), self.delimiter)
        while True:
            start = line + reader.line_num
            cells = _next_row(reader, self.path, start)
            if cells is None:
                return
            is_row = len(cells) > 1 or "".join(cells).strip()
            if is_row or (lines and QUOTE in lines[start - line]):  # a quote is no empty line
                yield start, cells

    @cached_property
    def header_cells(self) -> list[str] | None:
        """The cells of the header row, names or numbers; None without a header row."""
        if self.header_line is None:
            return None
        return [cell.strip() for cell in next(_reader([self.header_line], self.delimiter))]

    def column(self, index: int) -> str:
        """The column for messages: its name, or its number counted from 1."""
        if self.header and index < len(self.header) and self.header[index]:
            return self.header[index]
        return str(index + 1)


def open_source(
    path: Path,
    delimiter: str | None = None,
    header: bool | None = None,
    keep_numbers: bool = False,
) -> Source:
    """Infers a file's format from its first lines.

    Args:
        delimiter: one character; None infers it.
        header: whether the first row holds names; None infers it.
        keep_numbers: whether a header that only numbers the columns counts as names.

    Raises:
        PipelineError: the file cannot be read, is empty or is not a CSV.
    """
    lines = _first_lines(path)
    if not lines:
        raise PipelineError(
            "the file is empty", where=path, expected="rows of pixels", remedy=AGAIN
        )
    number, line = lines[0]
    delimiter = delimiter or _delimiter(line)
    # Without `csv`, whose cells are shorter than the string of a large image.
    plain = [text.replace('"', "").split(delimiter) for _, text in lines[:3]]
    if header is not False and (strings := find_pixel_strings(*plain)):
        columns = strings.names(plain[0])
        sign = delimiter if len(plain[0]) > 1 else ","
        return Source(path, sign, columns, len(columns), number + 1, sign.join(columns), strings)
    first, second, third = (
        with_points(_next_row(_reader([line], delimiter), path, number) or [], delimiter)
        for number, line in [*lines, (0, ""), (0, "")][:3]
    )
    if header is None:
        header = _is_header(first, second, third)
    named = header and (keep_numbers or not _are_consecutive(first))
    names = [name.strip() for name in first] if named else None
    source = Source(path, delimiter, names, len(first), number + header, line if header else None)
    _check_first_row(source, number, first, second, third)
    return source


def _first_lines(path: Path) -> list[tuple[int, str]]:
    """The first lines that are not empty, three at least if there are so many: (number, text).

    Raises:
        PipelineError: the file cannot be read, has another format or is not UTF-8.
    """
    found: list[tuple[int, str]] = []
    last = 0
    for block in line_blocks(path, 1 << 16):  # a row of a large image is longer
        if not last:
            check_other_formats(path, block)
        lines = _decode(path, last + 1, block).removesuffix("\n").split("\n")
        found += [
            (number, line)
            for number, line in enumerate(lines, last + 1)
            if line.strip() and not line.lower().startswith("sep=")
        ]
        if len(found) >= 3:
            break
        last += len(lines)
    return found


def _decode(path: Path, line: int, block: bytes) -> str:
    """A block of a file as text.

    Args:
        line: the line of the block's first row.

    Raises:
        PipelineError: it is not UTF-8.
    """
    try:
        return block.decode()
    except UnicodeDecodeError as error:
        line += block[: error.start].count(b"\n")
        raise PipelineError(
            f"the byte 0x{block[error.start]:02x} is not UTF-8 text",
            where=f"{path} line {line}",
            remedy="Save the file as UTF-8.",
        ) from None


def _reader(lines: Iterable[str], delimiter: str) -> Any:
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True)


def _next_row(reader: Any, path: Path, line: int) -> list[str] | None:
    """The cells of the reader's next row; None at its end.

    Raises:
        PipelineError: a cell is larger than `csv` allows.
    """
    try:
        row: list[str] | None = next(reader, None)
    except csv.Error:
        raise PipelineError(
            f"a cell is longer than {csv.field_size_limit():,} characters",
            where=f"{path} line {line}",
            expected="a number, a label or an id",
            remedy="If a quote in this line is not closed, close it.",
        ) from None
    return row


def _check_first_row(
    source: Source, line: int, first: list[str], second: list[str], third: list[str]
) -> None:
    """Raises if the first row would make every later row look invalid."""
    where = f"{source.path} line {line}"
    if len(first) == 1:
        raise PipelineError(
            f"the row is a single cell, {first[0][:40]!r}",
            where=where,
            expected="columns separated by commas, semicolons, tabs or pipes",
            remedy="If the delimiter is another of these, set it with --delimiter.",
        )
    is_short = len(second) < len(first) or not second[-1].strip()
    if not first[-1].strip() and is_short:
        raise PipelineError(
            f"the row ends with a delimiter: column {len(first)} is empty",
            where=where,
            remedy="Remove the delimiter from the ends of the rows.",
        )
    if third and third[-1].strip() and len(second) == len(third) != len(first):
        raise PipelineError(
            f"the row has {len(first)} fields, and the next rows have {len(second)}",
            where=where,
            expected="the same number in all rows",
            remedy="Correct the row, or remove what is above the header.",
        )
    if _is_data_in_the_header(first, second):
        raise PipelineError(
            f"the header is a row of data: {', '.join(name[:20] for name in first[:8])}, ...",
            where=where,
            remedy="pandas does this to a file without a header. Read it with header=None, and "
            "save it with header=False.",
        )
    seen: dict[str, int] = {}
    for column, name in enumerate(source.header or (), start=1):
        if CONTROL.search(name):
            raise PipelineError(
                f"the name of column {column} is {name[:40]!r}",
                where=where,
                expected="printable characters",
                remedy="Rename it.",
            )
        if len(name) > MAX_NAME:
            raise PipelineError(
                f"the name of column {column} has {len(name):,} characters",
                where=where,
                expected=f"at most {MAX_NAME}",
                remedy="Rename it. If a quote in this line is not closed, close it.",
            )
        if name and name in seen:
            raise PipelineError(
                f"the header has {name!r} twice, as columns {seen[name]} and {column}",
                where=where,
                remedy="Rename or remove one of them.",
            )
        seen[name] = column


def _is_header(first: list[str], *next_rows: list[str]) -> bool:
    """Whether a file's first row holds names, not data."""
    numbers = [cell for cell in first if NUMBER.fullmatch(cell)]
    if len(numbers) < len(first) / 2:
        return True
    return _are_consecutive(numbers) and any(first != row for row in next_rows)


def _are_consecutive(names: list[str]) -> bool:
    """Whether these are consecutive numbers: 0, 1, 2, ... A saved index has an empty name."""
    texts = [text for name in names if (text := name.strip())]
    if len(texts) < 3 or not COLUMN_NUMBER.fullmatch(texts[0]):
        return False
    numbered = enumerate(texts, start=int(texts[0]))
    return all(COLUMN_NUMBER.fullmatch(text) and int(text) == n for n, text in numbered)


def _is_data_in_the_header(first: list[str], second: list[str]) -> bool:
    """Whether pandas made these names from numbers: a second 0 becomes 0.1, a third 0.2."""
    names = set(first)
    alike = len(set(second)) < len(second) and len(names) == len(first)
    numbers = all(NUMBER.fullmatch(name) for name in first[1:-1])
    return alike and numbers and any({n, f"{n}.1", f"{n}.2", f"{n}.3"} <= names for n in names)


def _delimiter(line: str) -> str:
    counts = {delimiter: line.count(delimiter) for delimiter in "\t;|,"}
    # Where cells hold decimal commas there are as many commas as delimiters, or more.
    most = max(counts.values())
    return next(delimiter for delimiter in counts if counts[delimiter] >= most / 2)
