"""The fast parser: a block of a CSV -> texts and numbers, many cells at a time."""

import csv
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Pixels, Texts
from pipeline.reading.cells import column_index, fits_uint8
from pipeline.reading.plain_cells import (
    Cells,
    parse_digit_block,
    select_cells,
    short_fractions,
    small_integers,
)

MAX_TEXT = 64  # characters of a label or an id
LF, COMMA, ZERO = b"\n,0"
QUOTE, NULL = b'"', b"\0"
IN_NUMBERS = np.isin(np.arange(256), list(b"0123456789.,+-eE \n"))


@dataclass(frozen=True)
class Parser:
    """How a file's blocks are split into cells.

    Attributes:
        delimiter: one character.
        columns: number of columns.
        text_columns: columns that stay text, ascending; the others hold numbers.
        header: the header row as written, or empty.
        use_pandas: whether pandas parses numbers that NumPy cannot. A small file
            is read by the exact parser before pandas is imported.
    """

    delimiter: str
    columns: int
    text_columns: tuple[int, ...]
    header: bytes = b""
    use_pandas: bool = True

    def parse(self, block: bytes) -> tuple[Texts, Pixels] | None:
        """Parses complete lines. Returns None for input that the exact parser must read.

        That is a quote, a null byte, a character beyond ASCII, a row of another length, the header
        again, a long text, or a cell that is not a number. The exact parser decides whether it is a
        fault.

        Returns:
            (n, text columns) strings, and (n, columns) numbers: uint8 if all are integers in
            0..255, else float32; zero in columns of text.
        """
        if not block.isascii() or QUOTE in block or NULL in block:
            return None
        codes = np.frombuffer(block, np.uint8)
        ends = self._cell_ends(codes)
        if ends is None or self._repeats_header(block, ends[:, -1]):
            return None
        texts = [_texts(select_cells(codes, ends, [column])) for column in self.text_columns]
        if any(text is None for text in texts):
            return None
        values: Pixels | None = self._integers(codes, ends)
        if values is None:
            values = self._any_numbers(codes, ends)
        return None if values is None else (np.stack(texts, axis=1), values)  # type: ignore[arg-type]

    def _cell_ends(self, codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64] | None:
        """(rows, columns) offsets behind each cell; None unless all rows are of one length."""
        ends_line = codes == LF
        ends = np.flatnonzero((codes == ord(self.delimiter)) | ends_line)
        of_rows = ends[self.columns - 1 :: self.columns]
        rows, rest = divmod(len(ends), self.columns)
        if rest or np.count_nonzero(ends_line) != rows or not ends_line[of_rows].all():
            return None
        return ends.reshape(-1, self.columns)

    def _repeats_header(self, block: bytes, row_ends: npt.NDArray[np.int64]) -> bool:
        """Whether a row is the header again, which is all numbers where it numbers the columns."""
        starts = np.concatenate([[0], row_ends[:-1] + 1])
        alike = starts[row_ends - starts == len(self.header)]
        return any(block.startswith(self.header, start) for start in alike.tolist())

    def _integers(
        self, codes: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.uint8] | None:
        """(rows, columns) of a block of only digits, the fastest way; else None."""
        at_end = parse_digit_block(codes, ord(self.delimiter))
        if at_end is None:
            return None
        values = at_end.take(ends)
        values[:, list(self.text_columns)] = 0
        return values.astype(np.uint8) if values.max() <= 255 else None

    def _any_numbers(
        self, codes: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]
    ) -> Pixels | None:
        """(rows, columns) uint8 or float32, by the fastest of three ways that reads all cells."""
        columns = [c for c in range(self.columns) if c not in self.text_columns]
        if not columns:
            return np.zeros(ends.shape, np.uint8)
        cells = select_cells(codes, ends, columns)
        numbers: Pixels | None = small_integers(cells)
        if numbers is None:
            numbers = short_fractions(cells)
        if numbers is None and self.use_pandas:
            numbers = _numbers_by_pandas(cells)
        if numbers is None:
            return None
        whole = fits_uint8(numbers[:1]) and fits_uint8(numbers)
        values = np.zeros(ends.shape, np.uint8 if whole else np.float32)
        values[:, column_index(columns)] = numbers
        return values


def _numbers_by_pandas(cells: Cells) -> npt.NDArray[np.float32] | None:
    """(rows, columns) float32 of numbers written in any way, or None if a cell holds none."""
    import pandas

    lines = _one_a_line(cells)
    after_commas = lines[np.flatnonzero(lines == COMMA) + 1]
    if not IN_NUMBERS[lines].all() or (after_commas - ZERO > 9).any():
        return None  # pandas would read "True", "5\0" and "5,"
    try:
        # A table of one column is read fastest. As float64 the number is Python's, and so the
        # exact parser's (before pandas 3.1 up to its last bit, which float32 does not have).
        table = pandas.read_csv(
            io.BytesIO(lines.tobytes()),
            header=None,
            sep="\t",
            dtype=np.float64,
            decimal="," if len(after_commas) else ".",
            na_filter=False,
            quoting=csv.QUOTE_NONE,
            skip_blank_lines=False,
        )
    except ValueError:
        return None
    numbers: npt.NDArray[np.float64] = table.to_numpy()
    if numbers.shape != (cells.ends.size, 1) or not np.isfinite(numbers).all():
        return None
    with np.errstate(over="ignore"):  # too large for float32 is infinite, and out of range later
        return numbers.reshape(cells.ends.shape).astype(np.float32)


def _one_a_line(cells: Cells) -> npt.NDArray[np.uint8]:
    """Only the bytes of these cells, each followed by a line end."""
    steps = np.zeros(len(cells.codes) + 1, np.int8)
    steps[cells.ends - cells.lengths] = 1
    steps[cells.ends + 1] -= 1
    lines = cells.codes.copy()
    lines[cells.ends] = LF
    return lines[np.cumsum(steps[:-1], dtype=np.int8) > 0]


def _texts(cells: Cells) -> Texts | None:
    """(rows,) strings of one column, or None if one is very long."""
    codes, ends, lengths = cells
    width = max(int(lengths.max()), 1)
    if width > MAX_TEXT:
        return None
    within = np.arange(width)
    offsets = np.minimum(ends - lengths + within, len(codes) - 1)
    letters = np.where(within < lengths, codes[offsets], 0).astype(np.uint8)
    return letters.view(f"S{width}").ravel().astype(np.str_)
