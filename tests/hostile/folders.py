"""Folders of runs: their checksums, and what is in them."""

import hashlib
import os
from pathlib import Path


def sign(run: Path) -> None:
    """Makes the checksums fit, as whoever changed the files can."""
    files = sorted(path for path in run.iterdir() if path.name != "SHA256SUMS")
    small = (path for path in files if path.stat().st_size < 1 << 30)  # others are not read
    sums = dict.fromkeys(files, "0" * 64)
    sums |= {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in small}
    lines = (f"{digest}  {path.name}\n" for path, digest in sums.items())
    (run / "SHA256SUMS").write_text("".join(lines))


def tree(folder: Path) -> list[tuple[str, int]]:
    """All files of a folder, with their sizes. Locks do not count."""
    found = (path for path in folder.rglob("*") if ".locks" not in path.parts)
    return sorted((os.fsdecode(path), path.lstat().st_size) for path in found)
