"""Brings the files of a Kaggle competition into a folder."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from pipeline.checksums import read_checksums, sha256, write_checksums
from pipeline.documents import read_small
from pipeline.errors import PipelineError
from pipeline.files import lock, new_folder, sync, write_errors, write_text
from pipeline.reading.unpack import unpack_files
from pipeline.submission.kaggle import Kaggle

NAME = "([a-z0-9][a-z0-9-]{0,99})"
ADDRESS_FILE = "kaggle.txt"  # has the address of the competition whose files are in the folder
ADDRESS = rf"(?:https?://)?(?:www\.)?kaggle\.com/(?:competitions|c)/{NAME}(?:[/?#].*)?"


def slug_of(text: str) -> str:
    """The slug of a competition, which may be given by its address.

    Raises:
        PipelineError: it is neither.
    """
    text = text.strip().lower()
    found = re.fullmatch(NAME, text) or re.fullmatch(ADDRESS, text)
    if not found:
        raise PipelineError(
            f"{text!r} is not the name of a competition",
            expected="the last part of its address, such as digit-recognizer",
        )
    return found[1]


def fetched_slug(folder: Path) -> str | None:
    """The competition whose files were fetched into the folder, if all are there, unchanged."""
    try:
        sums = read_checksums(folder)
        if ADDRESS_FILE not in sums or any(sha256(folder / each) != sums[each] for each in sums):
            return None
        return slug_of(read_small(folder / ADDRESS_FILE).decode())
    except (OSError, ValueError, PipelineError):
        return None


def fetch_files(slug: str, folder: Path, data: Path, force: bool) -> bool:
    """Downloads and unpacks a competition's files; False if they were there.

    The folder is complete or as before. Other files in it stay.

    Args:
        data: as for `Kaggle`.
        force: replace files in the folder that have the same names as fetched ones.

    Raises:
        PipelineError: the folder has other content, or as `Kaggle` and `unpack_files`.
    """
    there = None if force else fetched_slug(folder)
    if there == slug:
        return False
    if there:
        raise PipelineError(
            f"the folder has the files of the competition {there}",
            where=folder,
            remedy="Name another folder with --output.",
        )
    if not force and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PipelineError(
            "the folder has files that were not fetched, or were changed since",
            where=folder,
            remedy="Rename it, or name another folder with --output. --force replaces files that "
            "have the same names.",
        )
    kaggle = Kaggle(data)
    with lock(folder), new_folder(folder) as new:
        with tempfile.TemporaryDirectory(dir=new) as download:
            unpack_files(kaggle.download(slug, Path(download)), new)
        write_text(new / ADDRESS_FILE, f"https://www.kaggle.com/competitions/{slug}\n")
        write_checksums(new)
        with write_errors(folder):
            _keep_others(folder, new)
    return True


def _keep_others(folder: Path, new: Path) -> None:
    """Links what only the old folder has into the new one."""
    for old in sorted(folder.rglob("*")):  # does not follow links
        kept = new / old.relative_to(folder)
        if os.path.lexists(kept):
            continue
        if old.is_symlink():
            kept.symlink_to(os.readlink(old))
        elif old.is_dir():
            kept.mkdir()
        else:
            _link(old, kept)


def _link(file: Path, link: Path) -> None:
    """Makes a hard link, or a copy where the file system has no links."""
    try:
        os.link(file, link)
    except OSError:
        shutil.copy2(file, link)
        sync(link)
