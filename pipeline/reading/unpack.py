"""A file as complete lines of bytes, unpacked if it is gzipped or zipped; other formats refused."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import PipelineError, suggest

MAX_LINE = 1 << 25  # bytes; a row of 1024 x 1024 RGB images has up to 12 MB
# Of unpacked content: CSVs of images shrink to a twentieth, and blank ones to a hundredth.
MAX_RATIO, ALWAYS_ALLOWED = 200, 1 << 26
MAX_MEMBERS, MAX_NAME = 10_000, 255  # files of an archive, characters of a name

UTF16 = (b"\xff\xfe", b"\xfe\xff")
# Files that people name .csv, by their first bytes.
OTHER_FORMATS = {
    b"PAR1": "a Parquet file",
    b"\x89PNG": "a PNG image",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"%PDF": "a PDF document",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
}


def check_other_formats(path: Path, head: bytes) -> None:
    """Checks that the file is a CSV.

    Args:
        head: the file's first bytes, unpacked.

    Raises:
        PipelineError: they belong to another format.
    """
    start = head[:512].lstrip().lower()
    found = next((name for magic, name in OTHER_FORMATS.items() if head.startswith(magic)), None)
    remedy = "Save it as CSV."
    if head.startswith(b"BM") and b"\0" in head[:16]:
        found = "a BMP image"
    if found is None and (head.startswith(UTF16) or head[:64].count(0) >= 8):
        found, remedy = "UTF-16 or binary", "Save it as UTF-8 text."
    elif found is None and b"\0" in head:
        found = "binary: it has null bytes"
    elif start.startswith(b"version https://git-lfs"):
        found, remedy = "a Git LFS pointer, not the file itself", "Run `git lfs pull`."
    elif start.startswith(b"<"):
        found = "a web page, perhaps a login page saved by a download"
        remedy = "Download it again, signed in."
    elif start.startswith((b"{", b"[")):
        found = "JSON"
    if found:
        raise PipelineError(f"not a CSV: it is {found}", where=path, remedy=remedy)


def line_blocks(path: Path, size: int) -> Iterator[bytes]:
    """The file's bytes, unpacked, in complete lines that end in LF, without a byte-order mark.

    Args:
        size: bytes to read at a time.

    Raises:
        PipelineError: the file is missing, damaged or unreadable, has a line longer than
            `MAX_LINE`, or unpacks to much more than its size.
    """
    try:
        with _open(path) as file:
            line = bytearray()  # the start of a line that is not complete yet
            for chunk in _with_line_feeds(_chunks(path, file, size)):
                end = chunk.rfind(b"\n") + 1
                if end:
                    yield bytes(line) + memoryview(chunk)[:end]
                    line.clear()
                line += memoryview(chunk)[end:]
                if len(line) > MAX_LINE:
                    raise PipelineError(
                        f"a line is longer than {MAX_LINE >> 20} MB",
                        where=path,
                        expected="a CSV with one image a line",
                    )
            if line:
                yield bytes(line) + b"\n"
    except (
        EOFError,
        zlib.error,
        gzip.BadGzipFile,
        zipfile.BadZipFile,
        NotImplementedError,
    ) as error:
        raise PipelineError(
            f"the file is damaged or cut short: {error}",
            where=path,
            remedy="Download or copy it again.",
        ) from None
    except OSError as error:
        raise PipelineError(
            f"the file cannot be read: {error.strerror or error}", where=path
        ) from None


def file_on_disk(path: Path) -> Path:
    """The archive that holds a file, for a path such as `digits.zip/train.csv`; else the path."""
    return next((parent for parent in path.parents if parent.is_file()), path)


def file_names(archive: Path) -> list[str]:
    """The names of the files in a zip.

    Raises:
        PipelineError: it is no zip, or damaged.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            return [member.filename for member in _members(archive, opened)]
    except (OSError, zipfile.BadZipFile) as error:
        raise PipelineError(
            f"the archive cannot be read: {error}",
            where=archive,
            remedy="Download or copy it again.",
        ) from None


def _chunks(path: Path, file: BinaryIO, size: int) -> Iterator[bytes]:
    """The unpacked bytes, `size` at a time, without a byte-order mark."""
    total, allowed = 0, _allowed(path)
    while chunk := file.read(size):
        yield chunk if total else chunk.removeprefix(b"\xef\xbb\xbf")
        total += len(chunk)
        if total > allowed:
            raise _unpacks_to_much(path)


def _allowed(path: Path) -> int:
    """How many bytes a file may unpack to."""
    return max(ALWAYS_ALLOWED, MAX_RATIO * file_on_disk(path).stat().st_size)


def _unpacks_to_much(path: Path) -> PipelineError:
    return PipelineError(
        f"it unpacks to more than {MAX_RATIO} times its size",
        where=path,
        remedy="If it is not damaged, unpack it first.",
    )


def _with_line_feeds(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes with LF for CR LF and CR."""
    held = b""  # a CR at the end of a chunk: an LF may follow
    for chunk in chunks:
        if held or b"\r" in chunk:
            chunk = held + chunk
            held = b"\r" if chunk.endswith(b"\r") else b""
            chunk = chunk.removesuffix(held).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield chunk
    if held:
        yield b"\n"


def _open(path: Path) -> BinaryIO:
    """Opens a file by its content, not by its extension."""
    archive = file_on_disk(path)
    if archive != path:
        return _open_zip(archive, path.relative_to(archive).as_posix())
    if not path.exists():
        link = f": it is a link to {path.readlink()}" if path.is_symlink() else ""
        names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        remedy = None if link else suggest(path.name, names) or None
        raise PipelineError(f"the file does not exist{link}", where=path, remedy=remedy)
    if not path.is_file():
        raise PipelineError("not a file", where=path)
    with open(path, "rb") as file:
        magic = file.read(4)
    if magic.startswith(b"\x1f\x8b"):
        return gzip.open(path)  # type: ignore[return-value]
    if magic == b"PK\x03\x04" or magic == b"PK\x05\x06":
        return _open_zip(path)
    return open(path, "rb")


def _members(path: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files in a zip.

    Raises:
        PipelineError: there are too many, or one has a name that leads out of the archive.
    """
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise PipelineError(f"the archive holds more than {MAX_MEMBERS:,} files", where=path)
    for member in members:
        parts = member.filename.split("/")
        if parts[0] == "" or ".." in parts or max(map(len, parts)) > MAX_NAME:
            raise PipelineError(
                f"the archive holds {member.filename[:80]!r}, which is no name of a file in it",
                where=path,
                remedy="Use an archive from another source.",
            )
    return [
        member
        for member in members
        if not member.is_dir() and not member.filename.startswith("__MACOSX/")
    ]


def _open_zip(path: Path, name: str | None = None) -> BinaryIO:
    """Opens a file in a zip: that of the name, or the only one."""
    archive = zipfile.ZipFile(path)
    members = _members(path, archive)
    names = ", ".join(member.filename for member in members[:5])
    if any(member.filename == "[Content_Types].xml" for member in members):
        raise PipelineError(
            "not a CSV: it is an Excel workbook", where=path, remedy="Save it as CSV."
        )
    if name is not None:
        members = [member for member in members if member.filename == name]
        if not members:
            raise PipelineError(f"the archive has no file {name!r}", where=path, expected=names)
    elif len(members) != 1:
        raise PipelineError(
            f"the archive holds {len(members)} files ({names or 'none'})",
            where=path,
            expected="a single CSV",
            remedy="Unpack it and keep the file that you want.",
        )
    if members[0].flag_bits & 1:
        raise PipelineError(
            "the archive is encrypted", where=path, remedy="Unpack it with its password."
        )
    if members[0].file_size > _allowed(path):  # the archive says so itself
        raise _unpacks_to_much(path if name is None else path / name)
    return archive.open(members[0])  # type: ignore[return-value]
