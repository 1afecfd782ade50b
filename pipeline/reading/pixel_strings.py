"""Images in one cell, as numbers with spaces between them (FER-2013) -> a cell for each pixel."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

PIXELS = re.compile(r"\s*[0-9.]+(\s+[0-9.]+){3,}\s*")
SPACES = b" \t\r\v\f"
USAGE, TRAINING = "usage", (b"training", b"train")  # a column, and its values for training rows
Part = Literal["train", "test"]


@dataclass(frozen=True)
class PixelStrings:
    """Where a file has its images, and which of its rows are read.

    Attributes:
        columns: number of columns as written.
        pixels: the column with the images, counted from 0.
        count: number of pixels of an image.
        usage: the column that says what a row is for; it is not among the columns that are read.
        part: the rows that are read: "train" are those whose usage is Training, "test" the
            others. None: all.
    """

    columns: int
    pixels: int
    count: int
    usage: int | None = None
    part: Part | None = None

    @property
    def usage_of_part(self) -> str | None:
        """Which rows are read, in words; None for all."""
        return {"train": "Usage is Training", "test": "Usage is not Training"}.get(self.part or "")

    def names(self, header: Sequence[str]) -> list[str]:
        """The header as it would be with a column for each pixel."""
        pixels = [f"pixel{number}" for number in range(self.count)]
        cells = [[name.strip()] for name in header]
        cells[self.pixels] = pixels
        return [name for at, some in enumerate(cells) if at != self.usage for name in some]

    def blocks(self, line: int, block: bytes, delimiter: str) -> Iterator[tuple[int, bytes]]:
        """The rows of a block with a cell for each pixel: (line of the first row, rows).

        Args:
            line: of the block's first row.
            block: complete lines that end in LF.
        """
        sign = delimiter.encode()
        to_signs = bytes.maketrans(SPACES, sign * len(SPACES))
        rows = [row.split(sign) for row in block[:-1].replace(b'"', b"").split(b"\n")]
        for wanted, some in groupby(enumerate(rows, start=line), lambda row: self._is_read(row[1])):
            if wanted:
                numbered = list(some)
                expanded = b"".join(self._expand(row, sign, to_signs) for _, row in numbered)
                yield numbered[0][0], expanded

    def _is_read(self, row: Sequence[bytes]) -> bool:
        if self.part is None or self.usage is None or len(row) != self.columns:
            return True
        return (row[self.usage].strip().lower() in TRAINING) == (self.part == "train")

    def _expand(self, row: Sequence[bytes], sign: bytes, to_signs: bytes) -> bytes:
        """A row of other columns keeps them all, so that it is found to be too long or short."""
        cells = list(row)
        if len(cells) == self.columns:
            cells[self.pixels] = self._delimited(cells[self.pixels], sign, to_signs)
            if self.usage is not None:
                del cells[self.usage]
        return sign.join(cells) + b"\n"

    def _delimited(self, numbers: bytes, sign: bytes, to_signs: bytes) -> bytes:
        """Numbers with spaces between them, with delimiters instead.

        Args:
            to_signs: translates spaces to delimiters.
        """
        delimited = numbers.strip().translate(to_signs)
        if delimited.count(sign) == self.count - 1:
            return delimited
        return sign.join(numbers.split())  # several spaces are one delimiter; much slower


def find_pixel_strings(header: Sequence[str], *rows: Sequence[str]) -> PixelStrings | None:
    """Where a file has images as strings, by its header and its first rows; None if it has none."""
    for row in rows:
        found = [column for column, cell in enumerate(row) if PIXELS.fullmatch(cell)]
        # A header of several words is that of cells with spaces between them.
        if len(found) == 1 and len(row) == len(header) and len(header[found[0]].split()) == 1:
            names = [name.strip().lower() for name in header]
            usage = names.index(USAGE) if USAGE in names else None
            return PixelStrings(len(header), found[0], len(row[found[0]].split()), usage)
    return None
