"""Kaggle's single zip is read without unpacking."""

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.competition import cache

NAMES = ("train.csv", "test.csv", "sample_submission.csv")


@pytest.fixture
def zipped(folder):
    """Moves the folder's files into an archive."""
    truth = folder.fill(header="names")
    folder.save("sample_submission.csv", [["Key", "Class"], *([n, 0] for n in range(12))])

    def pack(archive: str = "digit-recognizer.zip", prefix: str = "", keep: bool = False) -> Path:
        path = folder.path / archive
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
            for name in NAMES:
                opened.write(folder.path / name, prefix + name)
                opened.writestr(f"__MACOSX/._{name}", b"\0")
                if not keep:
                    (folder.path / name).unlink()
        return path

    return truth, pack


@pytest.mark.parametrize("prefix", ["", "competition/", "mnist_"])
def test_the_files_are_read_from_the_archive(folder, zipped, prefix) -> None:
    truth, pack = zipped
    pack(prefix=prefix)
    for _ in range(2):  # from the archive, and from the cache
        competition = folder.load()
        np.testing.assert_array_equal(competition.train_pixels, truth.train)
        np.testing.assert_array_equal(competition.test_pixels, truth.test)
    if prefix != "mnist_":
        assert competition.sample.header == ("Key", "Class")
    assert [path.name for path in folder.path.iterdir()] == ["digit-recognizer.zip"]


def test_inspect_shows_the_archive_as_used(folder, zipped) -> None:
    zipped[1]()
    found = json.loads(folder.inspect("--format", "json").stdout)
    assert found["train"]["name"] == "digit-recognizer.zip/train.csv"
    assert found["ignored"] == []


def test_faults_are_located_in_the_archive(folder, zipped) -> None:
    folder.put("test.csv", 3, 5, "x")
    zipped[1]()
    assert folder.refused().where == "digit-recognizer.zip/test.csv line 4, column pixel5"


def test_files_beside_the_archive_win(folder, zipped) -> None:
    zipped[1](keep=True)
    assert folder.load().train_source.path == folder.path / "train.csv"
    (folder.path / "train.csv").unlink()
    competition = folder.load()
    assert competition.train_source.path.parent.name == "digit-recognizer.zip"
    assert competition.test_source.path == folder.path / "test.csv"


def test_several_archives_are_refused_and_one_can_be_chosen(folder, zipped) -> None:
    zipped[1]("a.zip", keep=True)
    zipped[1]("b.zip")
    error = folder.refused()
    assert error.found == "2 files may be the training file: a.zip/train.csv, b.zip/train.csv"
    assert len(folder.load(train="a.zip/train.csv").labels) == 40
    error = folder.refused(train="a.zip/nosuch.csv")
    assert (error.where, error.found) == ("a.zip", "the archive has no file 'nosuch.csv'")


def test_a_damaged_archive_is_named(folder, zipped) -> None:
    path = zipped[1]()
    path.write_bytes(path.read_bytes()[:-40])
    error = folder.refused()
    assert error.where == "digit-recognizer.zip"
    assert error.found.startswith("the archive cannot be read")


def test_a_changed_archive_is_read_again(folder, zipped, monkeypatch) -> None:
    monkeypatch.setattr(cache, "TIME_RESOLUTION", -1)
    path = zipped[1]()
    before, stat = folder.load(), path.stat()
    with zipfile.ZipFile(path) as opened:
        content = {name: opened.read(name) for name in NAMES}
    train = content["train.csv"].splitlines(keepends=True)
    content["train.csv"] = b"".join(train[:-1])
    with zipfile.ZipFile(path, "w") as opened:
        for name, held in content.items():
            opened.writestr(name, held)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert len(folder.load().labels) == len(before.labels) - 1
