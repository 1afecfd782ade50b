"""A CSV file as bytes: plain, gzipped or zipped; its delimiter and header; its rows in blocks."""

import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import PipelineError

BLOCK = 8 << 20
NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}

# What people save under the name of a CSV, by its first bytes.
NOT_A_CSV = {
    b"PAR1": "a Parquet file",
    b"\x89PNG": "a PNG image",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"%PDF": "a PDF document",
}


@dataclass(frozen=True)
class Source:
    """A CSV file whose form is known and whose rows are not read yet.

    Attributes:
        delimiter: one character.
        header: the columns' names, or None where the first row is data.
        columns: how many there are.
        first_line: the line of the file, from 1, on which the first data row stands.
    """

    path: Path
    delimiter: str
    header: list[str] | None
    columns: int
    first_line: int

    def blocks(self, size: int = BLOCK) -> Iterator[tuple[int, bytes]]:
        """The data rows as (line of the block's first row, whole lines ending in LF)."""
        line, skip = 1, self.first_line - 1
        for block in _line_blocks(self.path, size):
            start = 0
            while skip and start < len(block):
                start = block.index(b"\n", start) + 1
                line, skip = line + 1, skip - 1
            if start < len(block):
                rows = block[start:] if start else block
                yield line, rows
                line += rows.count(b"\n")

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Every data row, one by one, as (line, cells); empty lines are passed over.

        Slow and exact: what decides where the fast reader is not sure.
        """
        for line, block in self.blocks():
            yield from self.rows_of(line, block)

    def rows_of(self, line: int, block: bytes) -> Iterator[tuple[int, list[str]]]:
        """The rows of one block whose first row stands on that line."""
        reader = csv.reader(io.StringIO(self.decode(line, block)), delimiter=self.delimiter)
        while True:
            start = line + reader.line_num
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise PipelineError(f"{self.path} line {start}: {error}.") from None
            if cells and (len(cells) > 1 or cells[0].strip()):
                yield start, cells

    def decode(self, line: int, block: bytes) -> str:
        try:
            return block.decode()
        except UnicodeDecodeError as error:
            line += block[: error.start].count(b"\n")
            raise PipelineError(
                f"{self.path} line {line}: the byte 0x{block[error.start]:02x} is not UTF-8 text. "
                "Save the file as UTF-8."
            ) from None

    def column(self, index: int) -> str:
        """The column as messages name it: its name, or its number counted from 1."""
        if self.header and index < len(self.header) and self.header[index]:
            return self.header[index]
        return str(index + 1)


def open_source(path: Path, delimiter: str | None = None, header: bool | None = None) -> Source:
    """Looks at the start of the file and tells its form.

    Args:
        delimiter: told rather than inferred.
        header: whether the first row holds names, told rather than inferred.

    Raises:
        PipelineError: the file cannot be read, is empty or is not a CSV.
    """
    head = next(_line_blocks(path, 1 << 16), b"")
    _refuse_other_formats(path, head)
    lines = head.decode(errors="replace").split("\n")
    line = 0
    while line < len(lines) and (not lines[line].strip() or lines[line].lower().startswith("sep=")):
        line += 1
    if line == len(lines):
        raise PipelineError(f"{path} is empty. Expected rows of pixels.")
    delimiter = delimiter or _delimiter(lines[line])
    first, second = (
        next(csv.reader([text], delimiter=delimiter), [])
        for text in (lines[line], lines[line + 1] if line + 1 < len(lines) else "")
    )
    if header is None:
        header = _is_header(first, second)
    names = [name.strip() for name in first] if header else None
    _refuse_first_row(path, line + 1, first, names)
    source = Source(path, delimiter, names, len(first), line + 1 + header)
    if names and "\ufffd" in "".join(names):
        source.decode(1, head)
    return source


def _refuse_first_row(path: Path, line: int, cells: list[str], names: list[str] | None) -> None:
    if len(cells) > 1 and not cells[-1].strip():
        raise PipelineError(
            f"{path} line {line} ends with a delimiter: its column {len(cells)} is empty. "
            "Remove the delimiter from the ends of the rows."
        )
    for column, name in enumerate(names or ()):
        first = cells.index(cells[column])
        if name and first != column:
            raise PipelineError(
                f"{path} line {line}: the header has {name!r} twice, as columns {first + 1} "
                f"and {column + 1}. Rename or remove one of them."
            )


def _is_header(first: list[str], second: list[str]) -> bool:
    """Whether a file's first row holds names rather than data."""
    numbers = [cell for cell in first if NUMBER.fullmatch(cell)]
    if len(numbers) < len(first) / 2:
        return True
    # A table saved with its columns numbered: 0,1,2,... perhaps with 'label' among them.
    if len(numbers) < 3 or first == second or not all(cell.strip().isdigit() for cell in numbers):
        return False
    counted = [int(cell) for cell in numbers]
    return counted == list(range(counted[0], counted[0] + len(counted)))


def _delimiter(line: str) -> str:
    counts = {delimiter: line.count(delimiter) for delimiter in "\t;|,"}
    # Where cells hold decimal commas there are as many commas as delimiters, or more.
    most = max(counts.values())
    return next(delimiter for delimiter in counts if counts[delimiter] >= most / 2)


def _refuse_other_formats(path: Path, head: bytes) -> None:
    start = head[:512].lstrip().lower()
    found = next((name for magic, name in NOT_A_CSV.items() if head.startswith(magic)), None)
    advice = "Save it as CSV."
    if start.startswith(b"version https://git-lfs"):
        found, advice = "a Git LFS pointer, not the file itself", "Run `git lfs pull`."
    elif start.startswith((b"<!doctype", b"<html", b"<?xml")):
        found = "a web page, perhaps a login page saved by a download"
        advice = "Download it again, signed in."
    elif head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[:64].count(0) >= 8:
        found, advice = "UTF-16 or binary", "Save it as UTF-8 text."
    elif b"\0" in head:
        found = "binary: it holds zero bytes"
    elif start.startswith((b"{", b"[")):
        found = "JSON"
    if found:
        raise PipelineError(f"{path} is not a CSV: it is {found}. {advice}")


def _line_blocks(path: Path, size: int) -> Iterator[bytes]:
    """The file's bytes, unpacked, in whole lines with LF ends and without a byte-order mark."""
    try:
        with _open(path) as file:
            rest, first = b"", True
            while chunk := file.read(size):
                if first:
                    chunk, first = chunk.removeprefix(b"\xef\xbb\xbf"), False
                rest += chunk
                if b"\r" in rest:
                    held = rest.endswith(b"\r")
                    rest = (rest[:-1] if held else rest).replace(b"\r\n", b"\n")
                    rest = rest.replace(b"\r", b"\n") + b"\r" * held
                end = rest.rfind(b"\n") + 1
                if end:
                    yield rest[:end]
                    rest = rest[end:]
            if rest := rest.removesuffix(b"\r"):
                yield rest + b"\n"
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise PipelineError(
            f"{path} is damaged or cut short: {error}. Download or copy it again."
        ) from None
    except OSError as error:
        raise PipelineError(f"{path} cannot be read: {error.strerror or error}.") from None


def _open(path: Path) -> BinaryIO:
    """The file's content by what it is, whatever its ending says."""
    if not path.exists():
        raise PipelineError(f"{path} does not exist.")
    if not path.is_file():
        raise PipelineError(f"{path} is not a file.")
    with open(path, "rb") as file:
        magic = file.read(4)
    if magic.startswith(b"\x1f\x8b"):
        return gzip.open(path)  # type: ignore[return-value]
    if magic == b"PK\x03\x04" or magic == b"PK\x05\x06":
        return _open_zip(path)
    return open(path, "rb")


def _open_zip(path: Path) -> BinaryIO:
    archive = zipfile.ZipFile(path)
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir() and not member.filename.startswith("__MACOSX/")
    ]
    names = ", ".join(member.filename for member in members[:5])
    if any(member.filename == "[Content_Types].xml" for member in members):
        raise PipelineError(f"{path} is not a CSV: it is an Excel workbook. Save it as CSV.")
    if len(members) != 1:
        raise PipelineError(
            f"{path} holds {len(members)} files ({names or 'none'}). Expected one CSV: "
            "unpack it and keep the one that is meant."
        )
    if members[0].flag_bits & 1:
        raise PipelineError(f"{path} is encrypted. Unpack it first.")
    return archive.open(members[0])  # type: ignore[return-value]
