"""A file that is missing, unreadable or no CSV gets one message that says what it is."""

import gzip
import io
import os
import zipfile
from pathlib import Path

import pytest

from pipeline.cli import main


def png() -> bytes:
    import cv2
    import numpy as np

    return cv2.imencode(".png", np.zeros((9, 9), np.uint8))[1].tobytes()


def archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return buffer.getvalue()


ROWS = b"1,2,3,4,5\n" * 4000
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
NO_CSV = {  # content -> what is said of it
    "nothing": (b"", "is empty. Expected rows of pixels."),
    "a byte-order mark": (b"\xef\xbb\xbf", "is empty"),
    "newlines": (b"\n\n\r\n", "is empty"),
    "spaces": (b"   \n \t \n", "is empty"),
    "a delimiter line": (b"sep=,\n", "is empty"),
    "a header": (b"a,b,c,d,e\n", "holds no rows of data"),
    "a web page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "it is a web page"),
    "a page in capitals": (b"\n <HTML>\n<head></head></HTML>", "it is a web page"),
    "XML": (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "it is a web page"),
    "an LFS pointer": (LFS, "it is a Git LFS pointer, not the file itself. Run `git lfs pull`."),
    "UTF-16": ("1,2,3\n4,5,6\n".encode("utf-16"), "it is UTF-16 or binary. Save it as UTF-8"),
    "UTF-16 without a mark": (("1,2,3\n" * 9).encode("utf-16-le"), "it is UTF-16 or binary"),
    "big-endian UTF-16": (("1,2,3\n" * 9).encode("utf-16-be"), "it is UTF-16 or binary"),
    "a picture": (png(), "it is a PNG image"),
    "Parquet": (b"PAR1\x15\x04\x15", "it is a Parquet file"),
    "HDF5": (b"\x89HDF\r\n\x1a\n\0\0", "it is an HDF5 file"),
    "a NumPy array": (b"\x93NUMPY\x01\x00v\x00", "it is a NumPy array"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "it is an old Excel workbook"),
    "JSON": (b'{"columns": [1, 2, 3]}\n', "it is JSON"),
    "a JSON list": (b"[[1, 2, 3],\n [4, 5, 6]]\n", "it is JSON"),
    "zero bytes": (b"1,2,3\n" * 40 + b"\0\0\0\n", "it is binary: it holds zero bytes"),
    "prose": (b"Please see the other folder\nfor the data\n", "is a single cell"),
    "a cut gzip": (gzip.compress(ROWS)[:-30], "is damaged or cut short"),
    "a gzip's head": (gzip.compress(ROWS)[:8], "is damaged or cut short"),
    "a broken gzip": (gzip.compress(os.urandom(99))[:-20] + b"x" * 20, "is damaged or cut short"),
    "a zip of two files": (archive({"a.csv": ROWS, "b.csv": ROWS}), "holds 2 files (a.csv, b.csv)"),
    "an empty zip": (archive({}), "holds 0 files (none). Expected one CSV"),
    "a workbook": (
        archive({"[Content_Types].xml": b"<x/>", "sheet.xml": b"<x/>"}),
        "it is an Excel workbook. Save it as CSV.",
    ),
    "a zip of a picture": (archive({"a.png": png()}), "it is a PNG image"),
    "a cut zip": (archive({"a.csv": ROWS})[:-40], "is damaged or cut short"),
    "a broken zip": (
        archive({"a.csv": ROWS}).replace(b"1,2,3,4", b"9,2,3,4", 1),
        "is damaged or cut",
    ),
    "latin-1": ("größe,b,c\n1,2,3\n".encode("latin-1"), "line 1: the byte 0xf6 is not UTF-8 text"),
}


@pytest.mark.parametrize("content", NO_CSV)
@pytest.mark.parametrize("name", ["train.csv", "test.csv", "sample_submission.csv"])
def test_what_is_no_csv_is_refused(folder, name, content) -> None:
    folder.fill()
    held, said = NO_CSV[content]
    folder.write(name, held)
    if name.startswith("sample") and content == "a header":
        said = "holds no rows"
    message = folder.refusal()
    assert message.startswith(name)
    assert said in message


def test_a_zip_with_a_password_is_refused(folder) -> None:
    folder.fill()
    content = bytearray(archive({"a.csv": ROWS}))
    content[6] |= 1  # the flag in the file's own header, and the one in the list of contents
    content[content.index(b"PK\x01\x02") + 8] |= 1
    folder.write("train.csv", bytes(content))
    assert "train.csv is encrypted. Unpack it first." in folder.refusal()


@pytest.mark.parametrize("name", ["train.csv", "test.csv"])
def test_a_missing_file_is_named_and_what_is_there(folder, name) -> None:
    folder.fill()
    (folder.path / name).rename(folder.path / "digits.csv")
    message = folder.refusal()
    role = name.removesuffix(".csv")
    assert f"has no {role} file. Looked for {name} and {role}_data.csv" in message
    assert "found digits.csv, " in message
    assert f'competition.toml: {role} = "..."' in message


def test_an_empty_folder_is_refused(folder) -> None:
    assert "has no train file" in folder.refusal()
    assert "found nothing" in folder.refusal()


def test_a_missing_folder_is_refused(folder) -> None:
    folder.path = folder.path / "nowhere"
    assert "nowhere does not exist. Expected a folder with train.csv and test.csv." in (
        folder.refusal()
    )


def test_a_file_in_place_of_the_folder_is_refused(folder) -> None:
    folder.path = folder.write("data.csv", "1,2\n")
    assert "data.csv is not a folder. Expected a folder with train.csv" in folder.refusal()


@pytest.mark.parametrize("kind", ["folder", "dangling link", "pipe", "link to a folder"])
@pytest.mark.parametrize("name", ["train.csv", "test.csv", "sample_submission.csv"])
def test_what_is_no_file_is_refused_at_once(folder, name, kind) -> None:
    folder.fill()
    path = folder.path / name
    path.unlink(missing_ok=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "dangling link":
        path.symlink_to("elsewhere.csv")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(folder.path)
    said = "does not exist: it is a link to elsewhere" if kind == "dangling link" else "not a file"
    message = folder.refusal()
    assert message.startswith(name)
    assert said in message


def test_a_file_that_cannot_be_read_is_refused(folder, monkeypatch) -> None:
    folder.fill()

    def denied(path, *rest, **options):
        if Path(str(path)).parent == folder.path:
            raise PermissionError(13, "Permission denied", str(path))
        return usual(path, *rest, **options)

    usual = open

    monkeypatch.setattr("builtins.open", denied)
    with pytest.raises(Exception, match=r"train\.csv cannot be read: Permission denied"):
        folder.load()


def test_check_refuses_the_same_folders(folder) -> None:
    from click.testing import CliRunner

    folder.write("train.csv", "")
    folder.write("test.csv", "")
    submission = folder.write("submission.csv", "Id,Category\n0,1\n")
    result = CliRunner().invoke(main, ["check", str(folder.path), str(submission)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "train.csv is empty" in result.stderr
