"""Checksums of the files of a folder, which `sha256sum -c SHA256SUMS` verifies too."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from pipeline.documents import read_small
from pipeline.files import write_text

CHECKSUMS = "SHA256SUMS"
# Errors that say that something is missing, or is a folder in place of a file; others may pass.
MISSING = (FileNotFoundError, IsADirectoryError, NotADirectoryError)
LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)\n")


class ChangedError(ValueError):
    """A file does not have its checksum."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} was changed or damaged: {CHECKSUMS} differs")


def sha256(path: Path) -> str:
    """SHA-256 of the file's content, 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def signature(path: Path) -> tuple[int, ...]:
    """Size, times and inode of a file: as long as they stay, it was not changed."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev


def write_checksums(folder: Path) -> None:
    """Writes the SHA-256 of each file of a folder and of the folders in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = (f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files)
    write_text(folder / CHECKSUMS, "".join(lines))


def read_checksums(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file of a folder, by name.

    Raises:
        OSError, ValueError: they cannot be read.
    """
    content = read_small(folder / CHECKSUMS).decode()
    checksums = {name: digest for digest, name in LINE.findall(content)}
    if content != "".join(f"{digest}  {name}\n" for name, digest in checksums.items()):
        raise ValueError("it has other lines than checksums and names")
    return checksums


def read_verified(folder: Path, checksums: Mapping[str, str], name: str) -> bytes:
    """The content of a file that has its checksum.

    Raises:
        OSError, KeyError: it cannot be read, or has no checksum.
        ChangedError: its checksum differs.
    """
    content = (folder / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != checksums[name]:
        raise ChangedError(name)
    return content
