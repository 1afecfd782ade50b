"""A block of a CSV -> texts and numbers, many cells at a time, where nothing is unusual."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Pixels, Texts
from pipeline.reading.cells import is_bytes
from pipeline.reading.plain_cells import ZERO, Codes, Places, short_fractions, small_whole_numbers

LONGEST_TEXT = 64
LF, QUOTE, LAST_OF_ASCII = ord("\n"), ord('"'), 127


@dataclass(frozen=True)
class Parser:
    """How a file's blocks are cut into cells.

    Attributes:
        delimiter: one character.
        columns: how many a row has.
        text_columns: those kept as text, ascending; the others hold numbers.
        use_polars: whether the file is worth its import, where numbers are written at length.
    """

    delimiter: str
    columns: int
    text_columns: tuple[int, ...]
    use_polars: bool = True

    def parse(self, block: bytes) -> tuple[Texts, Pixels] | None:
        """Whole lines -> (n, text columns) strings and (n, columns) numbers, or None.

        Numbers are uint8 where all are whole ones in 0..255, else float32; zero in columns of
        text. None where anything is unusual: a quote, a row of another length, a cell that is no
        number. What is wrong, if it is wrong, is for the exact parser to say.
        """
        # The digit in front is what columns of text are taken for where numbers are read. Whole
        # blocks are looked at by NumPy alone: other threads run meanwhile.
        codes = np.empty(len(block) + 1, np.uint8)
        codes[0], codes[1:] = ZERO, np.frombuffer(block, np.uint8)
        ends = np.flatnonzero((codes == ord(self.delimiter)) | (codes == LF))
        if len(ends) % self.columns or codes.max() > LAST_OF_ASCII or (codes == QUOTE).any():
            return None
        rows = len(ends) // self.columns
        is_last = (codes[ends] == LF).reshape(rows, -1)
        if is_last[:, :-1].any() or not is_last[:, -1].all():
            return None
        lengths = np.diff(ends, prepend=0) - 1
        by_row = ends.reshape(rows, -1), lengths.reshape(rows, -1)
        texts = [_texts(codes, *(places[:, c] for places in by_row)) for c in self.text_columns]
        for places in by_row:
            places[:, self.text_columns] = 1
        values: Pixels | None = small_whole_numbers(codes, ends, lengths)
        if values is None:
            values = short_fractions(codes, ends, lengths)
        if values is None and self.use_polars:
            values = self._any_numbers(block, *by_row)
        if values is None or any(text is None for text in texts):
            return None
        values = values.reshape(rows, -1)
        if is_bytes(values[:1]) and is_bytes(values):
            values = values.astype(np.uint8)
        return np.stack(texts, axis=1), values  # type: ignore[arg-type]

    def _any_numbers(
        self, block: bytes, ends: Places, lengths: Places
    ) -> npt.NDArray[np.float32] | None:
        """Numbers however written, by polars: as a table of one column, which it reads fastest."""
        import polars

        edges = [-1, *self.text_columns, self.columns]
        between = [slice(a + 1, b) for a, b in pairwise(edges) if a + 1 < b]
        starts = ends - lengths - 1  # in the block, which has no digit in front
        spans = [(starts[:, part.start], ends[:, part.stop - 1]) for part in between]
        cells = b"".join(
            block[first:behind]
            for row in zip(*(places.tolist() for span in spans for places in span), strict=True)
            for first, behind in zip(row[::2], row[1::2], strict=True)
        )
        try:
            column = polars.read_csv(
                cells.replace(self.delimiter.encode(), b"\n"),
                has_header=False,
                schema={"number": polars.Float32},
                separator="\t",
                quote_char=None,
                decimal_comma=self.delimiter != "," and b"," in cells,
            )["number"]
        except polars.exceptions.PolarsError:
            return None
        if len(column) != cells.count(b"\n") + cells.count(self.delimiter.encode()):
            return None
        if column.null_count() or not np.isfinite(column.to_numpy()).all():
            return None
        values = np.zeros(ends.shape, np.float32)
        numbers = np.setdiff1d(np.arange(self.columns), self.text_columns)
        values[:, numbers] = column.to_numpy().reshape(len(ends), -1)
        return values


def _texts(codes: Codes, ends: Places, lengths: Places) -> Texts | None:
    """The cells of one column as strings."""
    width = max(int(lengths.max()), 1)
    if width > LONGEST_TEXT:
        return None
    within = np.arange(width)
    places = np.minimum((ends - lengths)[:, None] + within, len(codes) - 1)
    letters = np.where(within < lengths[:, None], codes[places], 0).astype(np.uint8)
    return letters.view(f"S{width}").ravel().astype(np.str_)
