"""Lines and members of files and archives, and the messages about what cannot be read."""

import bz2
import gzip
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import PipelineError
from pipeline.reading.unpack import ends_with_cell, file_names, line_blocks, unpack_files

TEXT = b"1,2\n30,40\n5,6\n"
AGAIN = "Download or copy it again."
UNPACK = "If it is not damaged, unpack it first."
TOO_MUCH = "it unpacks to more than 200 times its size"
ALLOWED = 1 << 26  # bytes that a small file may unpack to
LINE = 1 << 25  # bytes


def read(path: Path, size: int = 1 << 16) -> bytes:
    return b"".join(line_blocks(path, size))


def refused(call: Callable[[], object]) -> tuple[str, str, str | None, str | None]:
    """The message: found, where, expected, remedy."""
    with pytest.raises(PipelineError) as caught:
        call()
    error = caught.value
    return error.found, str(error.where), error.expected, error.remedy


def zipped(path: Path, *members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def encrypted(path: Path, *members: tuple[str, bytes]) -> Path:
    """An archive whose members say that they are encrypted."""
    content = bytearray(zipped(path, *members).read_bytes())
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(signature) + flags] |= 1
    path.write_bytes(content)
    return path


def plain(folder: Path, content: bytes) -> Path:
    (folder / "a.csv").write_bytes(content)
    return folder / "a.csv"


def in_gzip(folder: Path, content: bytes) -> Path:
    (folder / "a.csv.gz").write_bytes(gzip.compress(content))
    return folder / "a.csv.gz"


def in_zip(folder: Path, content: bytes) -> Path:
    return zipped(folder / "a.zip", ("x/", b""), ("a.csv", content), ("__MACOSX/._a.csv", b"\0"))


def named_in_zip(folder: Path, content: bytes) -> Path:
    return zipped(folder / "a.zip", ("a.csv", content), ("b.csv", b"9\n")) / "a.csv"


FORMS = [plain, in_gzip, in_zip, named_in_zip]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 1 << 16])
def test_blocks_are_complete_lines_however_much_is_read_at_a_time(
    form: Callable[[Path, bytes], Path], newline: bytes, size: int, tmp_path: Path
) -> None:
    path = form(tmp_path, TEXT.replace(b"\n", newline))
    blocks = list(line_blocks(path, size))
    assert b"".join(blocks) == TEXT
    assert all(block.endswith(b"\n") for block in blocks)
    assert len(blocks) == 3 if size < 6 else len(blocks) <= 2


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"1,2\n3,4", b"1,2\n3,4\n"),
        (b"1,2\r\n\r\n\n\r3,4\r\r", b"1,2\n\n\n\n3,4\n\n"),
        (b"\xef\xbb\xbf1,2\n\xef\xbb\xbf3,4\xef\xbb\xbf\n", b"1,2\n\xef\xbb\xbf3,4\xef\xbb\xbf\n"),
        (b"1,2\n\xef\xbb\xbf3,4\n", b"1,2\n\xef\xbb\xbf3,4\n"),
        (b"", b""),
        (b"\n", b"\n"),
        (b"\r", b"\n"),
    ],
)
def test_line_ends_become_lf_and_the_first_byte_order_mark_is_left_out(
    content: bytes, lines: bytes, tmp_path: Path
) -> None:
    for size in (3, 4, 1 << 16):
        assert read(plain(tmp_path, content), size) == lines


@pytest.mark.parametrize("line", [1, 2, 4])
def test_a_very_long_line_is_refused_with_its_number(line: int, tmp_path: Path) -> None:
    long = b"0" * LINE
    before = (b"0" * 3000 + b"\n") * (line - 1)
    path = plain(tmp_path, before + long + b"\n")
    assert len(read(path, 4096)) == len(before + long) + 1
    path = plain(tmp_path, before + long + b"0")
    assert refused(lambda: read(path, 4096)) == (
        "a line is longer than 32 MB",
        f"{path} line {line}",
        "a CSV with one image a line",
        "Check that it is the right file, and download or copy it again.",
    )


@pytest.mark.parametrize("form", [in_gzip, in_zip, named_in_zip])
def test_what_unpacks_to_very_much_is_refused(
    form: Callable[[Path, bytes], Path], tmp_path: Path
) -> None:
    content = (b"0," * 511 + b"0\n") * (ALLOWED // 1024)
    assert sum(map(len, line_blocks(form(tmp_path, content), 1 << 20))) == ALLOWED
    path, blocks = form(tmp_path, content + b"0\n"), []
    refusal = refused(lambda: blocks.extend(line_blocks(path, 1 << 20)))
    assert refusal == (TOO_MUCH, str(path), None, UNPACK)
    assert not blocks  # before any line is parsed


def test_an_archive_that_is_wrong_about_its_size_is_refused_while_it_is_read(
    tmp_path: Path,
) -> None:
    path = in_gzip(tmp_path, (b"0," * 511 + b"0\n") * (ALLOWED // 1024 + 4096))
    content = path.read_bytes()
    path.write_bytes(content[:-4] + b"\1\0\0\0")
    assert refused(lambda: read(path, 1 << 20)) == (TOO_MUCH, str(path), None, UNPACK)
    path.write_bytes(gzip.compress(TEXT)[:-4] + b"\0\0\0\x7f")  # larger than it is
    found, where, expected, remedy = refused(lambda: read(path))
    assert found.startswith("the file is damaged or cut short: Incorrect length")
    assert (where, expected, remedy) == (str(path), "a complete archive", AGAIN)


def test_files_that_pack_well_are_read_if_they_are_not_very_large(tmp_path: Path) -> None:
    random = np.random.default_rng(0).integers(0, 256, (1 << 19) + 1000).astype(np.uint8)
    content = random.tobytes().replace(b"\r", b"\n") + b"\n" * (100 << 20)
    path = in_gzip(tmp_path, content)
    assert len(content) > ALLOWED
    assert sum(map(len, line_blocks(path, 1 << 20))) == len(content)


@pytest.mark.parametrize("form", [in_gzip, in_zip, named_in_zip])
def test_a_damaged_archive_is_named_with_what_was_found(
    form: Callable[[Path, bytes], Path], tmp_path: Path
) -> None:
    path = form(tmp_path, b"".join(b"%d,%d\n" % (n, n * n) for n in range(2000)))
    on_disk = path if path.is_file() else path.parent
    content = bytearray(on_disk.read_bytes())
    content[200] ^= 0xFF
    on_disk.write_bytes(content)
    found, where, expected, remedy = refused(lambda: read(path))
    assert found.startswith("the file is damaged or cut short: ")
    assert "None" not in found
    assert (where, expected, remedy) == (str(path), "a complete archive", AGAIN)


def test_a_damaged_bzip2_stream_in_a_zip_is_named(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("a.csv", TEXT * 500), method=zipfile.ZIP_BZIP2)
    assert read(path) == TEXT * 500
    content = path.read_bytes()
    body = bz2.compress(TEXT * 500)
    path.write_bytes(content.replace(body, body[:30] + b"\0" * 20 + body[50:]))
    found, where, expected, remedy = refused(lambda: read(path))
    assert found == "the file is damaged or cut short: Invalid data stream"
    assert (where, expected, remedy) == (str(path), "a complete archive", AGAIN)
    message = (found, where, expected, remedy)
    assert refused(lambda: unpack_files(path, tmp_path / "new")) == message
    assert os.listdir(tmp_path / "new") == []


def test_a_disk_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = plain(tmp_path, TEXT)

    def denied(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("builtins.open", denied)
    assert refused(lambda: read(path)) == (
        "the file cannot be read: Input/output error",
        str(path),
        None,
        "Check the permissions of the file and of its folder, and the disk.",
    )


PLACE = "Put the file in its place."


@pytest.mark.parametrize("kind", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_said(kind: Callable[[Path], None], tmp_path: Path) -> None:
    kind(tmp_path / "a.csv")
    path = tmp_path / "a.csv"
    assert refused(lambda: read(path)) == ("not a file", str(path), "a CSV file", PLACE)


def test_a_missing_file_is_named_with_the_nearest_name(tmp_path: Path) -> None:
    plain(tmp_path, TEXT)
    path, missing = tmp_path / "a.cvs", "the file does not exist"
    assert refused(lambda: read(path)) == (missing, str(path), None, "Did you mean 'a.csv'?")
    for path in (tmp_path / "train.parquet", tmp_path / "nowhere" / "a.csv"):
        assert refused(lambda path=path: read(path)) == (missing, str(path), None, None)
    path = tmp_path / "b.csv"
    path.symlink_to("elsewhere.csv")
    assert refused(lambda: read(path)) == (
        f"{missing}: it is a link to elsewhere.csv",
        str(path),
        None,
        "Correct the link, or put the file in its place.",
    )


def test_a_zip_of_several_files_is_read_by_name(tmp_path: Path) -> None:
    names = [f"{letter}.csv" for letter in "abcdefg"]
    path = zipped(tmp_path / "a.zip", *((name, name.encode() + b"\n") for name in names))
    assert read(path / "c.csv") == b"c.csv\n"
    again = zipped(tmp_path / "b.zip", ("./x/a.csv", TEXT), ("./b.csv", TEXT))
    assert [read(again / name) for name in file_names(again)] == [TEXT, TEXT]
    first = "a.csv, b.csv, c.csv, d.csv, e.csv"
    assert refused(lambda: read(path)) == (
        f"the archive holds 7 files ({first})",
        str(path),
        "a single CSV",
        "Unpack it and keep the file that you want.",
    )
    assert refused(lambda: read(path / "x.csv")) == (
        "the archive has no file 'x.csv'",
        str(path),
        first,
        None,
    )
    empty = zipped(tmp_path / "empty.zip")
    assert refused(lambda: read(empty))[0] == "the archive holds 0 files (none)"


def test_a_workbook_is_no_csv(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.xlsx", ("[Content_Types].xml", b"<Types/>"), ("xl/a.xml", b""))
    expected = ("not a CSV: it is an Excel workbook", str(path), None, "Save it as CSV.")
    assert refused(lambda: read(path)) == expected


ENCRYPTED = "the archive is encrypted"


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = encrypted(tmp_path / "a.zip", ("a.csv", TEXT))
    expected = (ENCRYPTED, str(path), None, "Unpack it with its password.")
    assert refused(lambda: read(path)) == expected
    assert refused(lambda: unpack_files(path, tmp_path / "new")) == expected
    assert not (tmp_path / "new").exists()


INVALID = ["/etc/passwd", "../a.csv", "x/../../a.csv", "..", "x/" + "y" * 256]


@pytest.mark.parametrize("name", INVALID, ids=lambda name: name[:20])
def test_a_name_that_leads_out_of_an_archive_is_quoted_and_nothing_is_read(
    name: str, tmp_path: Path
) -> None:
    path = zipped(tmp_path / "a.zip", ("a.csv", TEXT), (name, TEXT))
    expected = (
        f"the archive holds {name[:80]!r}, which is not a valid file name",
        str(path),
        None,
        "Use an archive from another source.",
    )
    calls = (read, file_names, lambda path: unpack_files(path, tmp_path / "new"))
    for call in calls:
        assert refused(lambda call=call: call(path)) == expected
    assert refused(lambda: read(path / "a.csv")) == expected
    assert os.listdir(tmp_path) == ["a.zip"]


def test_names_of_255_characters_and_10_000_files_are_allowed(tmp_path: Path) -> None:
    names = [*(f"{number}.csv" for number in range(9_999)), "x" * 255]
    path = zipped(tmp_path / "a.zip", *((name, b"") for name in names))
    assert file_names(path) == names
    path = zipped(tmp_path / "a.zip", *((name, b"") for name in [*names, "one more"]))
    expected = ("the archive holds more than 10,000 files", str(path), None, None)
    assert refused(lambda: file_names(path)) == expected
    assert refused(lambda: read(path)) == expected


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    path = plain(tmp_path, TEXT)
    assert refused(lambda: file_names(path)) == (
        "the archive cannot be read: File is not a zip file",
        str(path),
        "a complete archive",
        AGAIN,
    )
    found, *rest = refused(lambda: unpack_files(path, tmp_path / "new"))
    assert found == "the file is damaged or cut short: File is not a zip file"
    assert rest == [str(path), "a complete archive", AGAIN]


def test_the_files_of_an_archive_are_written_with_their_folders(tmp_path: Path) -> None:
    random = np.random.default_rng(0).bytes(3 << 20)
    path = zipped(
        tmp_path / "a.zip",
        *(("train.csv", TEXT), ("x/", b""), ("x/y/test.csv", random), ("__MACOSX/._train", b"\0")),
        ("empty.csv", b""),
    )
    new = tmp_path / "new"
    paths = unpack_files(path, new)
    assert paths == [new / "train.csv", new / "x/y/test.csv", new / "empty.csv"]
    assert [file.read_bytes() for file in paths] == [TEXT, random, b""]
    assert sorted(file for file in new.rglob("*") if file.is_file()) == sorted(paths)


@pytest.mark.parametrize("name", ["a\x1b[31m.csv", "a\n.csv", "a\u202e.csv"])
def test_files_whose_names_change_a_terminal_are_not_unpacked(name: str, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", (name, TEXT))
    found, where, *_ = refused(lambda: unpack_files(path, tmp_path / "new"))
    assert found == f"the archive holds {name!r}, which is not a valid file name"
    assert where == str(path)
    assert not (tmp_path / "new").exists()


def test_files_that_together_unpack_to_very_much_are_not_unpacked(tmp_path: Path) -> None:
    half = bytes(ALLOWED // 2)
    path = zipped(tmp_path / "a.zip", ("a", half), ("b", half))
    new = tmp_path / "new"
    assert [file.stat().st_size for file in unpack_files(path, new)] == [len(half)] * 2
    path = zipped(tmp_path / "a.zip", ("c", half), ("d", half), ("e", b"0"))
    assert refused(lambda: unpack_files(path, new)) == (TOO_MUCH, str(path), None, UNPACK)
    assert not (new / "e").exists()


def test_a_damaged_member_is_not_unpacked(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("a.csv", TEXT), method=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(TEXT, TEXT.replace(b"3", b"4")))
    found, where, *_ = refused(lambda: unpack_files(path, tmp_path / "new"))
    assert found == "the file is damaged or cut short: Bad CRC-32 for file 'a.csv'"
    assert where == str(path)
    assert os.listdir(tmp_path / "new") == []


@pytest.mark.parametrize(
    ("content", "complete"),
    [
        (b"1,2\n3,4\n", True),
        (b'"1","2"', True),
        (b"1,2\n3,4 ", True),
        (b"1,2\n3,4", False),
        (b"1,2\n3,4\nx", False),
        (b"7", False),
        (b"\n", True),
    ],
)
def test_a_file_that_ends_in_a_digit_may_be_cut_short(
    content: bytes, complete: bool, tmp_path: Path
) -> None:
    assert ends_with_cell(plain(tmp_path, content)) == complete
    for form in (in_gzip, in_zip, named_in_zip):  # they have checksums
        assert ends_with_cell(form(tmp_path, content))
