"""A file that is missing, unreadable or no CSV is refused, and the error says what it is."""

import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.reading import unpack
from pipeline.reading.parser import Parser


def png() -> bytes:
    return cv2.imencode(".png", np.zeros((9, 9), np.uint8))[1].tobytes()


def archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return buffer.getvalue()


ROWS = b"1,2,3,4,5\n" * 4000
NOISE = bytes(range(256))
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
OTHER_FORMATS = {  # content -> what is found
    "nothing": (b"", "the file is empty"),
    "a byte-order mark": (b"\xef\xbb\xbf", "the file is empty"),
    "blank lines": (b"   \n \t \n\r\n", "the file is empty"),
    "a delimiter line": (b"sep=,\n", "the file is empty"),
    "a header": (b"a,b,c,d,e\n", "the file has no data rows"),
    "a web page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
    "a page in capitals": (b"\n <HTML>\n<head></head></HTML>", "a web page"),
    "XML": (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "a web page"),
    "an LFS pointer": (LFS, "a Git LFS pointer, not the file itself"),
    "UTF-16": ("1,2,3\n4,5,6\n".encode("utf-16"), "UTF-16 or binary"),
    "UTF-16 without a mark": (("1,2,3\n" * 9).encode("utf-16-le"), "UTF-16 or binary"),
    "big-endian UTF-16": (("1,2,3\n" * 9).encode("utf-16-be"), "UTF-16 or binary"),
    "a picture": (png(), "a PNG image"),
    "a BMP": (b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0", "a BMP image"),
    "a JPEG": (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG image"),
    "Parquet": (b"PAR1\x15\x04\x15", "a Parquet file"),
    "HDF5": (b"\x89HDF\r\n\x1a\n\0\0", "an HDF5 file"),
    "a NumPy array": (b"\x93NUMPY\x01\x00v\x00", "a NumPy array"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook"),
    "JSON": (b'{"columns": [1, 2, 3]}\n', "JSON"),
    "a JSON list": (b"[[1, 2, 3],\n [4, 5, 6]]\n", "JSON"),
    "null bytes": (b"1,2,3\n" * 40 + b"\0\0\0\n", "binary: it has null bytes"),
    "prose": (b"Please see the other folder\nfor the data\n", "the row is a single cell"),
    "a cut gzip": (gzip.compress(ROWS)[:-30], "damaged or cut short"),
    "a gzip's head": (gzip.compress(ROWS)[:8], "damaged or cut short"),
    "a broken gzip": (gzip.compress(NOISE)[:-20] + b"x" * 20, "damaged or cut short"),
    "two files in a zip": (archive({"a.csv": ROWS, "b.csv": ROWS}), "2 files (a.csv, b.csv)"),
    "an empty zip": (archive({}), "0 files (none)"),
    "a workbook": (archive({"[Content_Types].xml": b"<x/>"}), "an Excel workbook"),
    "a zip of a picture": (archive({"a.png": png()}), "a PNG image"),
    "a cut zip": (archive({"a.csv": ROWS})[:-40], "damaged or cut short"),
    "a broken zip": (archive({"a.csv": ROWS}).replace(b"1,2,3,4", b"9,2,3,4", 1), "damaged"),
    "latin-1": ("größe,b,c\n1,2,3\n".encode("latin-1"), "the byte 0xf6 is not UTF-8 text"),
}


@pytest.mark.parametrize("content", OTHER_FORMATS)
@pytest.mark.parametrize("name", ["train.csv", "test.csv", "sample_submission.csv"])
def test_what_is_no_csv_is_refused(folder, name, content) -> None:
    folder.fill()
    held, said = OTHER_FORMATS[content]
    folder.write(name, held)
    error = folder.refused()
    assert error.where.split(" line ")[0] == name
    assert said in error.found


TAR = io.BytesIO()
with tarfile.open(fileobj=TAR, mode="w") as packed:
    packed.addfile(tarfile.TarInfo("train.csv"), io.BytesIO())
CONFLICT = b"<<<<<<< HEAD\n1,2\n=======\n1,3\n>>>>>>> other\n"
MESSAGES = {
    b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0": "a BMP image. Save it as CSV.",
    TAR.getvalue(): "a tar archive. Unpack it.",
    "1,2,3\n4,5,6\n".encode("utf-16"): "UTF-16 or binary. Save it as UTF-8 text.",
    b"1,2,34,\0" * 8: "UTF-16 or binary. Save it as UTF-8 text.",
    b"1,2,3\n" * 40 + b"\0\0\0\n": "binary: it has null bytes. Save it as CSV.",
    CONFLICT: "a file with a merge conflict. Resolve the conflict.",
    b"<html></html>": "a web page, perhaps a login page saved by a download. "
    "Download it again, signed in.",
    b'{"columns": [1, 2, 3]}\n': "JSON. Save it as CSV.",
}


@pytest.mark.parametrize("content", MESSAGES, ids=[*map(str, range(len(MESSAGES)))])
def test_the_message_of_another_format_is_a_sentence_with_a_remedy(folder, content: bytes) -> None:
    folder.fill()
    folder.write("train.csv", content)
    assert folder.refusal() == f"train.csv: not a CSV: it is {MESSAGES[content]}\n"


def test_the_message_of_another_format_says_what_to_do(folder) -> None:
    folder.fill()
    folder.write("train.csv", LFS)
    said = "train.csv: not a CSV: it is a Git LFS pointer, not the file itself. Run `git lfs pull`."
    assert folder.refusal() == said + "\n"


def test_a_small_archive_of_a_huge_file_is_refused(folder, monkeypatch) -> None:
    folder.fill()
    folder.write("train.csv", gzip.compress((b"0," * 64 + b"0\n") * 20_000))
    assert "unpacks" not in folder.refused().found
    monkeypatch.setattr(unpack, "ALWAYS_ALLOWED", 1 << 20)
    error = folder.refused()
    assert (error.where, error.found) == ("train.csv", "it unpacks to more than 200 times its size")
    monkeypatch.setattr(Parser, "parse", None)  # its rows are not parsed
    assert folder.refused().found == error.found


def test_a_zip_with_a_password_is_refused(folder) -> None:
    folder.fill()
    content = bytearray(archive({"a.csv": ROWS}))
    content[6] |= 1  # the flag in the file's own header, and the one in the list of contents
    content[content.index(b"PK\x01\x02") + 8] |= 1
    folder.write("train.csv", bytes(content))
    error = folder.refused()
    assert (error.where, error.found) == ("train.csv", "the archive is encrypted")


def test_a_missing_training_file_is_named_and_what_is_there(folder) -> None:
    folder.fill()
    (folder.path / "train.csv").rename(folder.path / "digits.csv")
    text = folder.refused().text
    assert "no training file" in text
    assert "train.csv or train_data.csv" in text
    assert "digits.csv" in text
    assert 'competition.toml: train = "..."' in text


def test_a_folder_that_is_empty_or_missing_or_a_file_is_refused(folder) -> None:
    assert "no training file" in folder.refused().text
    folder.path = folder.path / "nowhere"
    assert "does not exist" in folder.refused().text
    folder.path = folder.path.parent / "data.csv"
    folder.path.write_text("1,2\n")
    assert "not a folder" in folder.refused().text


NO_FILES = {
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "dangling link": lambda path: path.symlink_to("elsewhere.csv"),
    "link to a folder": lambda path: path.symlink_to(path.parent),
}


@pytest.mark.parametrize("kind", NO_FILES)
@pytest.mark.parametrize("name", ["train.csv", "test.csv", "sample_submission.csv"])
def test_what_is_no_file_is_refused_at_once(folder, name, kind) -> None:
    folder.fill()
    path = folder.path / name
    path.unlink(missing_ok=True)
    NO_FILES[kind](path)
    error = folder.refused()
    dangling = "the file does not exist: it is a link to elsewhere.csv"
    assert error.where == name
    assert error.found == (dangling if kind == "dangling link" else "not a file")


def test_a_file_that_cannot_be_read_is_refused(folder, monkeypatch) -> None:
    folder.fill()
    usual = open

    def denied(path, *rest, **options):
        if Path(str(path)).parent == folder.path:  # permissions do not stop root
            raise PermissionError(13, "Permission denied", str(path))
        return usual(path, *rest, **options)

    monkeypatch.setattr("builtins.open", denied)
    assert folder.refused().found == "the file cannot be read: Permission denied"


def test_check_refuses_the_same_folders(folder) -> None:
    folder.write("train.csv", "")
    folder.write("test.csv", "")
    submission = folder.write("submission.csv", "Id,Category\n0,1\n")
    result = CliRunner().invoke(main, ["check", str(folder.path), str(submission)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "train.csv: the file is empty" in result.stderr
