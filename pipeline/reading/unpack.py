"""A file as complete lines of bytes, unpacked if it is gzipped or zipped."""

import gzip
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from pipeline.errors import UNPRINTABLE, PipelineError, suggest
from pipeline.files import write_parts
from pipeline.reading.other_formats import GZIP, ZIP

try:
    from lzma import LZMAError
except ImportError:  # some builds of Python are without it, and zipfile then refuses such files

    class LZMAError(Exception):  # type: ignore[no-redef]
        pass


MAX_LINE = 1 << 25  # bytes; a row of 1024 x 1024 RGB images has up to 12 MB
# Of unpacked content: CSVs of images shrink to a twentieth, and blank ones to a hundredth.
MAX_RATIO, ALWAYS_ALLOWED = 200, 1 << 26
MAX_MEMBERS, MAX_NAME = 10_000, 255  # files of an archive, characters of a name

# What reading a damaged archive raises; zipfile also raises the first five.
DAMAGE = (
    IndexError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
    EOFError,
    LZMAError,
    gzip.BadGzipFile,
    zipfile.BadZipFile,
    zlib.error,
)
AGAIN = "Download or copy it again."


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
            number = 1
            for chunk in _with_line_feeds(_chunks(path, file, size)):
                end = chunk.rfind(b"\n") + 1
                if end:
                    yield bytes(line) + memoryview(chunk)[:end]
                    line.clear()
                    number += chunk.count(b"\n")
                line += memoryview(chunk)[end:]
                if len(line) > MAX_LINE:
                    raise PipelineError(
                        f"a line is longer than {MAX_LINE >> 20} MB",
                        where=f"{path} line {number}",
                        expected="a CSV with one image a line",
                        remedy="Check that it is the right file, and download or copy it again.",
                    )
            if line:
                yield bytes(line) + b"\n"
    except DAMAGE as error:
        raise _damaged(path, error) from None
    except OSError as error:
        if error.errno is None:  # of a bzip2 stream
            raise _damaged(path, error) from None
        raise PipelineError(
            f"the file cannot be read: {error.strerror}",
            where=path,
            remedy="Check the permissions of the file and of its folder, and the disk.",
        ) from None


def _damaged(path: Path, error: Exception) -> PipelineError:
    return PipelineError(
        f"the file is damaged or cut short: {error}",
        where=path,
        expected="a complete archive",
        remedy=AGAIN,
    )


def ends_with_cell(path: Path) -> bool:
    """Whether a file ends after a complete cell, not perhaps within one.

    A copy that was cut short by digits of the last number cannot be told from a complete file
    without a newline at the end. Archives have checksums.
    """
    if file_on_disk(path) != path:
        return True
    with open(path, "rb") as file:
        if file.read(4).startswith((GZIP, *ZIP)):
            return True
        file.seek(-1, os.SEEK_END)
        last = file.read()
    return last.isspace() or last == b'"'


def file_on_disk(path: Path) -> Path:
    """The archive that holds a file, for a path such as `digits.zip/train.csv`; else the path."""
    return next((parent for parent in path.parents if os.path.isfile(parent)), path)


def file_names(archive: Path) -> list[str]:
    """The names of the files in a zip.

    Raises:
        PipelineError: it is no zip, or damaged.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            return [member.filename for member in _members(archive, opened)]
    except (OSError, *DAMAGE) as error:
        raise PipelineError(
            f"the archive cannot be read: {error}",
            where=archive,
            expected="a complete archive",
            remedy=AGAIN,
        ) from None


def unpack_files(archive: Path, folder: Path) -> list[Path]:
    """Writes the files of a zip into a folder; links and folders in it become files and folders.

    Returns:
        Their paths.

    Raises:
        PipelineError: it is no zip, damaged or encrypted, has a name that is not valid, or
            unpacks to much more than its size; or a file cannot be written.
    """
    left, paths = _allowed(archive), []
    try:
        with zipfile.ZipFile(archive) as opened:
            for member in _members(archive, opened):
                if member.flag_bits & 1:
                    raise _encrypted(archive)
                if UNPRINTABLE.search(member.filename):
                    raise _invalid_name(archive, member)
                left -= member.file_size
                if left < 0:
                    raise _unpacks_to_much(archive)
                paths.append(folder / member.filename)
                with opened.open(member) as file:
                    write_parts(paths[-1], _content(archive, file), member.file_size)
    except DAMAGE as error:
        raise _damaged(archive, error) from None
    return paths


def _content(archive: Path, file: IO[bytes]) -> Iterator[bytes]:
    """The content of a member of an archive."""
    try:
        while chunk := file.read(1 << 20):
            yield chunk
    except OSError as error:  # of a bzip2 stream
        raise _damaged(archive, error) from None


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


def _check_size(path: Path) -> None:
    """Raises an error if a gzip is too large by the size in its last bytes, before parsing."""
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - 4))
        size = int.from_bytes(file.read(), "little")
    if size > _allowed(path):  # or it is cut short, and the last bytes are not the size
        with gzip.open(path) as unpacked:
            for _ in _chunks(path, unpacked, 1 << 20):  # type: ignore[arg-type]
                pass


def _unpacks_to_much(path: Path) -> PipelineError:
    return PipelineError(
        f"it unpacks to more than {MAX_RATIO} times its size",
        where=path,
        remedy="If it is not damaged, unpack it first.",
    )


def _invalid_name(path: Path, member: zipfile.ZipInfo) -> PipelineError:
    return PipelineError(
        f"the archive holds {member.filename[:80]!r}, which is not a valid file name",
        where=path,
        remedy="Use an archive from another source.",
    )


def _encrypted(path: Path) -> PipelineError:
    remedy = "Unpack it with its password."
    return PipelineError("the archive is encrypted", where=path, remedy=remedy)


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
    if not os.path.exists(path):
        raise _missing(path)
    if not os.path.isfile(path):
        raise PipelineError(
            "not a file", where=path, expected="a CSV file", remedy="Put the file in its place."
        )
    with open(path, "rb") as file:
        magic = file.read(4)
    if magic.startswith(GZIP):
        _check_size(path)
        return gzip.open(path)  # type: ignore[return-value]
    if magic in ZIP:
        return _open_zip(path)
    return open(path, "rb")


def _missing(path: Path) -> PipelineError:
    if path.is_symlink():
        return PipelineError(
            f"the file does not exist: it is a link to {path.readlink()}",
            where=path,
            remedy="Correct the link, or put the file in its place.",
        )
    names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    return PipelineError(
        "the file does not exist", where=path, remedy=suggest(path.name, names) or None
    )


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
            raise _invalid_name(path, member)
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
        members = [each for each in members if PurePosixPath(each.filename).as_posix() == name]
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
        raise _encrypted(path)
    if members[0].file_size > _allowed(path):  # the archive says so itself
        raise _unpacks_to_much(path if name is None else path / name)
    return archive.open(members[0])  # type: ignore[return-value]
