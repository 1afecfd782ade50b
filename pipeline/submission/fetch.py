"""Brings the files of a Kaggle competition into a folder."""

import re
import shutil
import tempfile
from pathlib import Path

from pipeline.checksums import CHECKSUMS, read_checksums, sha256, write_checksums
from pipeline.errors import PipelineError
from pipeline.files import lock, new_folder
from pipeline.reading.unpack import unpack_files
from pipeline.submission.kaggle import Kaggle

NAME = "([a-z0-9][a-z0-9-]{0,99})"
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


def is_complete(folder: Path) -> bool:
    """Whether all files that were fetched into the folder are there, unchanged."""
    try:
        sums = read_checksums(folder)
        return bool(sums) and all(sha256(folder / name) == sums[name] for name in sums)
    except (OSError, ValueError):
        return False


def fetch_files(slug: str, folder: Path, data: Path, force: bool) -> bool:
    """Downloads and unpacks a competition's files; False if they were there.

    The folder is complete or as before. Other files in it stay.

    Args:
        data: as for `Kaggle`.
        force: replace files in the folder that have the same names as fetched ones.

    Raises:
        PipelineError: the folder has other content, or as `Kaggle` and `unpack_files`.
    """
    if not force and is_complete(folder):
        return False
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
        write_checksums(new)
        for old in sorted(folder.rglob("*")):
            copy = new / old.relative_to(folder)
            if old.is_file() and not copy.exists() and old.name != CHECKSUMS:
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(old, copy)
    return True
