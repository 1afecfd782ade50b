"""Archives of competitions: nothing outside is read or written, and they are bounded."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def packed(folder: Path, names: list[str], content: bytes = b"") -> None:
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)


@pytest.mark.parametrize("name", ["/SECRET", "../secret/train.csv", "x/../../secret/train.csv",
                                  "..", "x" * 300 + "/train.csv"])  # fmt: skip
def test_a_name_that_leads_out_of_an_archive_is_refused(
    name: str, folder: Any, tmp_path: Path, canary: Path, refuse: Callable[..., str]
) -> None:
    folder.fill(header="names")
    secret = tmp_path / "secret" / "train.csv"
    secret.parent.mkdir()
    (folder.path / "train.csv").rename(secret)
    packed(folder.path, [name.replace("/SECRET", str(secret)), "test.csv"])
    assert "is not a valid file name" in refuse("inspect", folder.path)


def test_an_archive_of_very_many_files_is_refused(
    folder: Any, canary: Path, refuse: Callable[..., str]
) -> None:
    packed(folder.path, [f"{number}/train.csv" for number in range(10_001)])
    assert "more than 10,000 files" in refuse("inspect", folder.path)


def test_of_many_files_that_may_be_meant_a_few_are_named(
    folder: Any, canary: Path, refuse: Callable[..., str]
) -> None:
    packed(folder.path, [f"{number}\x1b[31m/train.csv" for number in range(100)])
    message = refuse("inspect", folder.path)
    assert "100 files may be the training file" in message
    assert len(message) < 1000
    assert "\x1b" not in message


def test_a_bomb_is_refused_before_it_is_read(
    folder: Any, canary: Path, refuse: Callable[..., str]
) -> None:
    packed(folder.path, ["train.csv"], b"0,0,0,0\n" * (9 << 20))
    assert "unpacks to more than" in refuse("inspect", folder.path)


def test_a_link_in_an_archive_is_a_file_with_the_name_of_its_target(
    folder: Any, canary: Path, refuse: Callable[..., str]
) -> None:
    link = zipfile.ZipInfo("train.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(folder.path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    message = refuse("inspect", folder.path)
    assert "the row is a single cell, '/etc/passwd'" in message


def test_nothing_of_an_archive_is_written_beside_it(folder: Any) -> None:
    folder.fill(header="names")
    with zipfile.ZipFile(folder.path / "a.zip", "w") as archive:
        for name in ("train.csv", "test.csv"):
            archive.write(folder.path / name, f"a/{name}")
            (folder.path / name).unlink()
        archive.writestr("a/evil.py", "raise SystemExit")
    before = sorted(os.listdir(folder.path.parent)), sorted(os.listdir(folder.path))
    assert len(folder.load().labels) == 40
    assert (sorted(os.listdir(folder.path.parent)), sorted(os.listdir(folder.path))) == before
