"""Competition folders with a fault, and what the message about each must name.

Each is a valid competition with one change. They are written, not stored: BAD maps a name to the
change and to the words of the message.
"""

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import re
import socket
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from drafts import SAMPLE, TEST, TRAIN, Draft, draft

NUMBER, PIXEL = "a number", "a pixel in 0..255"
WHOLE = "an integer in 0..255, as in all other rows"
LABEL = "an integer in 0..9, as the other labels are"
FIELDS = "{}, as in the first row"
NO_FILE = "not a file"


@dataclass(frozen=True)
class Bad:
    """A folder with a fault.

    Attributes:
        change: damages a draft.
        where: the file, line and column that the message must name.
        found: a part of what it says was found, with the value.
        expected: what it must say is expected; "" for any.
        faults: how many faults it must count.
        finish: damages the saved folder, for what is no content.
        slow: whether reading it takes seconds.
    """

    change: Callable[[Draft], object]
    where: str
    found: str
    expected: str = ""
    faults: int = 1
    finish: Callable[[Path], object] = lambda folder: None
    slow: bool = False

    def write(self, folder: Path, copies: int = 1) -> None:
        """Writes the folder, with files that are as many times larger."""
        drawn = draft(copies)
        self.change(drawn)
        drawn.save(folder)
        self.finish(folder)


def cell(value: str, expected: str, *, name: str = TRAIN, line: int = 8, at: str = "pixel5") -> Bad:
    """One invalid cell."""
    found = f"found {value[:40]!r}" if value.strip() else "the cell is empty"
    return Bad(
        lambda drawn: drawn.put(name, line, at, value),
        f"{name} line {line}, column {at}",
        found,
        expected,
    )


def rows(
    change: Callable[[list[list[str]]], object],
    where: str,
    found: str,
    expected: str = "",
    faults: int = 1,
    name: str = TRAIN,
) -> Bad:
    """A change of the rows of a file."""
    return Bad(lambda drawn: change(drawn.rows[name]), f"{name}{where}", found, expected, faults)


def text(
    change: Callable[[str], str | bytes], where: str, found: str, expected: str = "",
    name: str = TRAIN,
) -> Bad:  # fmt: skip
    """A change of the text of a file."""
    return Bad(lambda drawn: drawn.rewrite(name, change), f"{name}{where}", found, expected)


def holds(content: bytes, found: str, where: str = "", name: str = TRAIN) -> Bad:
    """A file that holds something else."""
    return text(lambda _: content, where, found, name=name)


def packed(change: Callable[[bytes], bytes], found: str, where: str = "") -> Bad:
    """A training file that is packed, and damaged."""
    return text(lambda plain: change(plain.encode()), where, found)


def place(
    make: Callable[[Path], object], found: str = NO_FILE, name: str = TRAIN, expected: str = ""
) -> Bad:
    """Something that is no file in the place of a file."""

    def finish(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        make(folder / name)

    return Bad(lambda drawn: None, name, found, expected, finish=finish)


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(content: bytes, mode: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        member = tarfile.TarInfo("train.csv")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def with_bytes(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


def encrypted(content: bytes) -> bytes:
    """A zip whose file is flagged as encrypted, in its own header and in the list of contents."""
    archive = zipped((TRAIN, content))
    archive = with_bytes(archive, 6, b"\x01")
    return with_bytes(archive, archive.index(b"PK\x01\x02") + 8, b"\x01")


def inverted(drawn: Draft) -> None:
    for row in drawn.rows[TEST][1:]:
        row[:] = [str(255 - int(value)) for value in row]


def rescaled(drawn: Draft, name: str) -> None:
    start = name == TRAIN
    for row in drawn.rows[name][1:]:
        row[start:] = [f"{int(value) / 255:.4f}" for value in row[start:]]


def give_ids(drawn: Draft, fourth: str = "4", sample_from: int = 1) -> None:
    """Test rows with ids from 1, of which the fourth may be another, and a sample with ids."""
    for number, row in enumerate(drawn.rows[TEST]):
        row.insert(0, str(number) if number else "ImageId")
        drawn.rows[SAMPLE][number][0] = str(sample_from + number - 1) if number else "ImageId"
    drawn.rows[TEST][4][0] = fourth


def make_socket(path: Path) -> None:
    """A socket. Its address may be no longer than a hundred bytes."""
    here = os.open(path.parent, os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"/proc/self/fd/{here}/{path.name}")
    finally:
        os.close(here)


def no_change(drawn: Draft) -> None:
    pass


# fmt: off
PIXELS = {
    "above the range": cell("256", PIXEL),
    "below the range": cell("-1", PIXEL),
    "a fraction": cell("12.5", WHOLE),
    "twenty digits": cell("99999999999999999999", PIXEL),
    "too large for a float": cell("1e999", NUMBER),
    "too large for a pixel array": cell("1e60", PIXEL),
    "infinity": cell("inf", NUMBER),
    "minus infinity": cell("-Infinity", NUMBER),
    "nan": cell("nan", NUMBER),
    "NaN": cell("NaN", NUMBER),
    "NA": cell("NA", NUMBER),
    "None": cell("None", NUMBER),
    "an empty cell": cell("", NUMBER),
    "only spaces": cell("   ", NUMBER),
    "hexadecimal": cell("0x1F", NUMBER),
    "an underscore": cell("1_0", NUMBER),
    "two numbers": cell("1 2", NUMBER),
    "two points": cell("1.2.3", NUMBER),
    "a thousands separator": Bad(
        lambda drawn: drawn.put(TRAIN, 8, "pixel5", '"1,000"'),
        "train.csv line 8, column pixel5", "found '1,000'", NUMBER),
    "a sign alone": cell("-", NUMBER),
    "a Unicode minus": cell("\u22125", NUMBER),
    "an Arabic digit": cell("\u0663", NUMBER),
    "a full-width digit": cell("\uff15", NUMBER),
    "a no-break space": cell("\u00a05\u00a0", NUMBER),
    "a zero-width space": cell("5\u200b", NUMBER),
    "a spreadsheet's date": cell("5-Jan", NUMBER),
    "a spreadsheet's error": cell("#REF!", NUMBER),
    "a formula": cell("=1+1", NUMBER),
    "a percentage": cell("50%", NUMBER),
    "a truth value": cell("True", NUMBER),
    "a letter for a digit": cell("1O", NUMBER),
    "a null byte deep in a file": Bad(
        lambda drawn: drawn.rows[TRAIN].extend([row[:] for row in drawn.rows[TRAIN][1:] * 20])
        or drawn.put(TRAIN, 700, "pixel5", "\0"),
        "train.csv line 700, column pixel5", r"found '\x00'", NUMBER),
    "a number of 100,000 digits": cell("1" * 100_000, NUMBER),
    "in the first row": cell("x", NUMBER, line=2),
    "in the last row": cell("x", NUMBER, line=41),
    "in the first column": cell("x", NUMBER, at="pixel0"),
    "in the last column": cell("x", NUMBER, at="pixel63"),
    "in the test file": cell("256", PIXEL, name=TEST),
    "a word in the test file": cell("x", NUMBER, name=TEST, at="pixel0"),
    "twelve cells": rows(
        lambda all: [row.__setitem__(9, "?") for row in all[3:15]],
        "", "12 faults", "", 12),
    "a column of words": rows(
        lambda all: [row.__setitem__(9, "?") for row in all[1:]], "", "40 faults", "", 40),
}
LABELS = {
    "an empty label": cell("", "a label", at="label"),
    "a missing label": cell("NaN", "a label", at="label"),
    "a label with a fraction": cell("3.5", LABEL, at="label"),
    "a label far from the others": cell("88", LABEL, at="label"),
    "a negative label": cell("-1", LABEL, at="label"),
    "a padded label": cell("007", LABEL, at="label"),
    "a word among numbers": cell("sevn", LABEL, at="label"),
    "a bell in a label": Bad(
        lambda drawn: drawn.put(TRAIN, 8, "label", "5\a5"),
        "train.csv line 8, column label", r"found '5\x075'", "printable characters"),
    "a label of 100,000 characters": Bad(
        lambda drawn: drawn.put(TRAIN, 8, "label", "5" * 100_000),
        "train.csv line 8, column label", "100,000 characters", "at most"),
    "a label on two lines": Bad(
        lambda drawn: drawn.put(TRAIN, 8, "label", '"5\n6"'),
        "train.csv line 8, column label", r"found '5\n6'", "printable characters"),
    "one class": rows(
        lambda all: [row.__setitem__(0, "7") for row in all[1:]],
        " column label", "every row is of class '7'", "at least two classes"),
    "a class for each row": rows(
        lambda all: [row.__setitem__(0, str(n)) for n, row in enumerate(all[1:])],
        " column label", "40 rows for 40 classes", "at least two rows per class"),
    "labels that are fractions": rows(
        lambda all: [row.__setitem__(0, str(n / 7)) for n, row in enumerate(all[1:], start=1)],
        " column label", "the labels are fractions", "integers or words"),
}
ROWS = {
    "a short row": rows(lambda all: all[7].pop(), " line 8", "64 fields", FIELDS.format(65)),
    "a long row": rows(lambda all: all[7].append("3"), " line 8", "66 fields", FIELDS.format(65)),
    "a stray comma": rows(
        lambda all: all[7].append(""), " line 8", "the last of them empty", FIELDS.format(65)),
    "commas after all rows but the header": rows(
        lambda all: [row.append("") for row in all[1:]], "", "40 faults", "", 40),
    "commas after all rows": rows(
        lambda all: [row.append("") for row in all], " line 1", "column 66 is empty"),
    "two commas after all rows": rows(
        lambda all: [row.extend(["", ""]) for row in all], " line 1", "column 67 is empty"),
    "a row of other columns": rows(
        lambda all: all.insert(7, ["1", "2"]), " line 8", "2 fields", FIELDS.format(65)),
    "a repeated header": rows(
        lambda all: all.insert(7, all[0][:]), " line 8", "a repeated header", "a row of data"),
    "a row of empty cells": rows(lambda all: all.insert(7, [""] * 65), "", "64 faults", "", 64),
    "a comment": rows(lambda all: all.insert(7, ["# so"]), " line 8", "1 field"),
    "a comment before the header": rows(
        lambda all: all.insert(0, ["# from the scanner"]), " line 1", "single cell"),
    "a title before the header": rows(
        lambda all: all.insert(0, ["digits", "of 2019"]),
        " line 1", "the row has 2 fields, and the next rows have 65"),
    "semicolons in one row": text(
        lambda plain: "\n".join(
            line.replace(",", ";") if n == 7 else line
            for n, line in enumerate(plain.split("\n"))), " line 8", "1 field"),
    "two rows on a line": text(
        lambda plain: "\n".join(plain.split("\n")[:8]) + "\n".join(plain.split("\n")[8:]),
        " line 8", "129 fields", FIELDS.format(65)),
    "an open quote": rows(
        lambda all: all[7].__setitem__(9, '"5'), " line 8",
        "10 fields, the last of them with a quote that is not closed", FIELDS.format(65)),
    "a marker of a merge conflict": rows(
        lambda all: all.insert(7, ["<<<<<<< HEAD"]), " line 8", "1 field"),
    "a merge conflict in the first line": rows(
        lambda all: all.insert(0, ["<<<<<<< HEAD"]), "", "a file with a merge conflict"),
    "an end mark of DOS": text(lambda plain: plain + "\x1a", " line 42", "1 field"),
    "cut in a row": text(
        lambda plain: plain[: plain[:-1].rindex("\n") + 60], " line 41", "fields",
        FIELDS.format(65)),
    "cut behind a comma": text(
        lambda plain: plain[: plain.rindex(",") + 1],
        " line 41, column pixel63", "the cell is empty", NUMBER),
    "cut in a quoted cell": text(
        lambda plain: re.sub("[^,\n]+", r'"\g<0>"', plain)[:-2],
        " line 41", "a quote that is not closed", "a closing quote"),
    "cut in the header": text(lambda plain: plain[:103], "", "no data rows"),
    "all on one line": text(lambda plain: plain[:-1].replace("\n", ","), "", "a single row"),
    "a test row cut short": text(
        lambda plain: plain[:-30], " line 13", "fields", FIELDS.format(64), name=TEST),
}
HEADERS = {
    "a name twice": rows(
        lambda all: all[0].__setitem__(9, "pixel3"),
        " line 1", "the header has 'pixel3' twice, as columns 5 and 10"),
    "a header that is too short": rows(
        lambda all: all[0].pop(), " line 1", "the row has 64 fields, and the next rows have 65"),
    "a header that is too long": rows(
        lambda all: all[0].append("more"), " line 1", "66 fields, and the next rows have 65"),
    "an escape sequence in a name": rows(
        lambda all: all[0].__setitem__(9, "\x1b[31m"),
        " line 1", r"the name of column 10 is '\x1b[31m'", "printable characters"),
    "a name of 100,000 characters": rows(
        lambda all: all[0].__setitem__(9, "p" * 100_000), " line 1", "100,000 characters",
        "at most"),
    "a row of data as header": rows(
        lambda all: all.__setitem__(
            0, ["5", "0", *(f"0.{n}" for n in range(1, 64))]), " line 1",
                "the header is a row of data"),
    "a header of the test file with another name": rows(
        lambda all: all[0].__setitem__(9, "pixl9"),
        "", "column 10 is 'pixl9' where", "the same pixel columns", name=TEST),
    "test pixels in another order": rows(
        lambda all: [row.insert(9, row.pop(30)) for row in all],
        "", "column 10 is 'pixel30' where", "in the same order", name=TEST),
    "numbers of 5,000 digits as names": rows(
        lambda all: all[0].__setitem__(slice(None), [f"{n}" * 5000 for n in range(65)]),
        "", "65 faults", "", 65),
    "no label's name": rows(
        lambda all: [row.pop(0) for row in all], "", "no label column found"),
}
FORMATS = {
    "nothing": holds(b"", "the file is empty"),
    "an empty test file": holds(b"", "the file is empty", name=TEST),
    "a byte-order mark alone": holds(b"\xef\xbb\xbf", "the file is empty"),
    "blank lines": holds(b"\n \n\t\r\n", "the file is empty"),
    "a header alone": rows(lambda all: all.__delitem__(slice(1, None)), "", "no data rows"),
    "a test header alone": rows(
        lambda all: all.__delitem__(slice(1, None)), "", "no data rows", name=TEST),
    "a web page": holds(b"<!DOCTYPE html><html><body>Sign in</body></html>", "a web page"),
    "XML": holds(b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "a web page"),
    "a Git LFS pointer": holds(
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "Git LFS"),
    "JSON": holds(json.dumps([[1, 2], [3, 4]]).encode(), "JSON"),
    "JSON lines": holds(b'{"label": 1}\n{"label": 2}\n', "JSON"),
    "UTF-16": text(lambda plain: plain.encode("utf-16"), "", "UTF-16"),
    "UTF-16 without a mark": text(lambda plain: plain.encode("utf-16-le"), "", "UTF-16"),
    "big-endian UTF-16": text(lambda plain: plain.encode("utf-16-be"), "", "UTF-16"),
    "UTF-32": text(lambda plain: plain.encode("utf-32"), "", "UTF-16"),
    "latin-1 in the header": text(
        lambda plain: plain.replace("pixel9,", "größe,").encode("latin-1"),
        " line 1", "the byte 0xf6 is not UTF-8"),
    "cp1252 in a row": text(
        lambda plain: plain.encode().replace(b"\n", b"\n\x93", 8).replace(b"\n\x93", b"\n", 7),
        " line 9", "the byte 0x93 is not UTF-8"),
    "spaces between cells": text(lambda plain: plain.replace(",", " "), " line 1", "single cell"),
    "colons between cells": text(lambda plain: plain.replace(",", ":"), " line 1", "single cell"),
    "sparse rows of LIBSVM": holds(b"5 1:0.5 9:0.25\n3 2:1 7:0.5\n" * 20, "single cell", " line 1"),
    "ARFF": text(lambda plain: "@relation digits\n@data\n" + plain, " line 1", "single cell"),
    "prose": holds(b"Please see the other folder\nfor the data\n", "single cell", " line 1"),
    "a PNG": holds(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG image"),
    "Parquet": holds(b"PAR1\x15\x04\x15", "a Parquet file"),
    "Arrow": holds(b"ARROW1\0\0\xff\xff\xff\xff", "an Arrow file"),
    "HDF5": holds(b"\x89HDF\r\n\x1a\n\0\0", "an HDF5 file"),
    "a NumPy array": holds(b"\x93NUMPY\x01\x00v\x00", "a NumPy array"),
    "a pickle": holds(pickle.dumps({"label": list(range(99))}), "a pickle"),
    "a SQLite database": holds(b"SQLite format 3\0\x10\0\x01\x01\0@  ", "a SQLite database"),
    "an old workbook": holds(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook"),
    "null bytes": holds(b"1,2,3\n" * 40 + b"\0\0\0\n", "null bytes"),
    "a line of 40 MB": holds(b"0" * (40 << 20), "a line is longer than 32 MB", " line 1"),
    "a cell of 200,000 characters": Bad(
        lambda drawn: drawn.put(TRAIN, 8, "pixel5", "1" * 200_000),
        "train.csv line 8", "longer than 131,072 characters"),
    "a first cell of 200,000 characters": rows(
        lambda all: all[0].__setitem__(0, "p" * 200_000), " line 1",
        "longer than 131,072 characters"),
    "ten thousand columns": holds(b"0," * 9_999 + b"0\n1\n", "1 field", " line 2"),
    "a million columns": replace(
        holds(b"0," * 999_999 + b"0\n1\n", "1 field", " line 2"), slow=True),
    "only commas": holds(b",,,\n,,,\n,,,\n", "column 4 is empty", " line 1"),
    "two columns": Bad(
        lambda drawn: drawn.contents.update({
            TRAIN: b"id,label\n" + b"".join(b"%d,%d\n" % (n, n % 3) for n in range(12)),
            TEST: b"id\tname\n" + b"".join(b"%d\tx\n" % n for n in range(12))}),
        TRAIN, "no pixels: the 2 columns are labels and ids", "a column for each pixel"),
    "a table of something else": holds(
        b"id,name,age,city\n" + b"".join(b"%d,Ann%d,%d,Rome\n" % (n, n, 20 + n) for n in range(9)),
        "no label column found"),
}
ARCHIVES = {
    "a gzip that is cut short": packed(lambda plain: gzip.compress(plain)[:-30],
        "damaged or cut short"),
    "the head of a gzip": packed(lambda plain: gzip.compress(plain)[:8], "damaged or cut short"),
    "a gzip with a wrong checksum": packed(
        lambda plain: with_bytes(packed_ := gzip.compress(plain), len(packed_) - 8, b"\1\2\3\4"),
        "damaged or cut short"),
    "a gzip in a gzip": packed(lambda plain: gzip.compress(gzip.compress(plain)), "a gzip archive"),
    "a zip in a zip": packed(
        lambda plain: zipped(("a.zip", zipped((TRAIN, plain)))), "a zip archive"),
    "a zip of two files": packed(
        lambda plain: zipped(("a.csv", plain), ("b.csv", plain)), "2 files (a.csv, b.csv)"),
    "an empty zip": packed(lambda _: zipped(), "0 files (none)"),
    "a zip that is cut short": packed(
        lambda plain: zipped((TRAIN, plain))[:-40], "damaged or cut short"),
    "a zip with a wrong checksum": packed(
        lambda plain: zipped((TRAIN, plain), method=zipfile.ZIP_STORED).replace(
            b"label", b"lebal", 1), "damaged or cut short"),
    "a zip with a damaged LZMA stream": packed(
        lambda plain: with_bytes(
            zipped((TRAIN, plain), method=zipfile.ZIP_LZMA), 60, b"\xff" * 40),
                "damaged or cut short"),
    "a zip with a damaged bzip2 stream": packed(
        lambda plain: with_bytes(
            zipped((TRAIN, plain), method=zipfile.ZIP_BZIP2), 60, b"\xff" * 40), "damaged"),
    "a zip of an unknown method": packed(
        lambda plain: (z := zipped((TRAIN, plain))) and with_bytes(
            with_bytes(z, 8, b"\x63"), z.index(b"PK\x01\x02") + 10, b"\x63"), "damaged"),
    "a zip of a file without a name": packed(
        lambda plain: (z := zipped(("a", plain))) and with_bytes(
            z, z.index(b"PK\x01\x02") + 28, b"\0\0\1\0"),  # its letter is an extra field
        "not a valid file name"),
    "a zip with a password": packed(encrypted, "the archive is encrypted"),
    "a workbook": packed(lambda _: zipped(("[Content_Types].xml", b"<x/>")), "an Excel workbook"),
    "a tar": packed(lambda plain: tarred(plain, "w"), "a tar archive"),
    "a tar in a gzip": packed(lambda plain: tarred(plain, "w:gz"), "a tar archive"),
    "bzip2": packed(bz2.compress, "a bzip2 archive"),
    "xz": packed(lzma.compress, "an xz archive"),
    "an archive of both that is damaged": Bad(
        lambda drawn: drawn.contents.update({"digits.zip": zipped((TRAIN, b"x"))[:-40]}),
        "digits.zip", "the archive cannot be read",
            finish=lambda folder: (folder / TRAIN).unlink()),
    "a bomb": replace(packed(
        lambda _: gzip.compress((b"0," * 63 + b"0\n") * 2_400_000, 9),
        "it unpacks to more than 200 times its size"), slow=True),
}
PLACES = {
    "no training file": Bad(
        no_change, "", "no training file among", "train.csv or train_data.csv",
        finish=lambda folder: (folder / TRAIN).rename(folder / "digits.csv")),
    "two training files": Bad(
        lambda drawn: drawn.contents.update(
            {"a_train.csv": drawn.content(TRAIN), "b_train.csv": drawn.content(TRAIN)}),
        "", "2 files may be the training file: a_train.csv, b_train.csv", "one of them",
        finish=lambda folder: (folder / TRAIN).unlink()),
    "a folder for the training file": place(Path.mkdir),
    "a pipe for the training file": place(os.mkfifo),
    "a pipe for the test file": place(os.mkfifo, name=TEST),
    "a pipe for the sample": place(os.mkfifo, name=SAMPLE),
    "a socket": place(make_socket),
    "a link to a device": place(lambda path: path.symlink_to("/dev/zero")),
    "a dangling link": place(
        lambda path: path.symlink_to("elsewhere.csv"), "it is a link to elsewhere.csv"),
    "a link to itself": place(lambda path: path.symlink_to(path.name), "it is a link to train.csv"),
    "a link to a folder": place(lambda path: path.symlink_to(path.parent)),
    "a link to a name that is too long": place(lambda path: path.symlink_to("x" * 300), "link"),
    "settings that are a pipe": place(os.mkfifo, name="competition.toml"),
    "settings that are a folder": place(Path.mkdir, name="competition.toml"),
    "settings that are an endless device": place(
        lambda path: path.symlink_to("/dev/zero"), name="competition.toml"),
    "settings that are a dangling link": place(
        lambda path: path.symlink_to("elsewhere"), "it is a link to elsewhere",
        name="competition.toml"),
    "settings of 20 MB": place(
        lambda path: path.write_bytes(b"#" * (20 << 20)), "it has more than 16 MB",
        name="competition.toml"),
    "settings that are no TOML": place(
        lambda path: path.write_text("label == 3"), "not TOML", name="competition.toml"),
    "a setting that is not known": place(
        lambda path: path.write_text("lable = 'x'"), "lable", name="competition.toml"),
}
PAIRS = {
    "a test file with a pixel less": Bad(
        lambda drawn: [row.pop() for row in drawn.rows[TEST]],
        "", "train.csv has 64 pixel columns and test.csv has 63", "the same number in both"),
    "a label in the test file that is always the same": Bad(
        lambda drawn: drawn.rows.update(
            {TEST: [["label" if n == 0 else "0", *row[1:]]
                    for n, row in enumerate(drawn.rows[TRAIN][:13])]}),
        TEST, "the label's column 'label' is in the test file too"),
    "training and test file exchanged": Bad(
        lambda drawn: drawn.rows.update({TEST: drawn.rows[TRAIN], TRAIN: drawn.rows[TEST]}),
        TRAIN, "no label column found"),
    "test pixels in 0..1": Bad(
        partial(rescaled, name=TEST), "", "on different scales: 0..255 and 0..1", "the same range"),
    "training pixels in 0..1": Bad(
        partial(rescaled, name=TRAIN), "", "on different scales: 0..1 and 0..255",
        "the same range"),
    "test images that are inverted": Bad(
        inverted, TEST, "inverted", "as in"),
    "a range that is not usual": Bad(
        lambda drawn: [
            row.__setitem__(slice(1, None), [str(int(v) * 3 - 300) for v in row[1:]])
            for row in drawn.rows[TRAIN][1:]], TRAIN, "pixels from -300 to 465", "a usual range"),
    "images that are no square": Bad(
        lambda drawn: [row.pop() for name in (TRAIN, TEST) for row in drawn.rows[name]],
        TRAIN, "63 pixel columns, which are not a square image", "a square number"),
    "training images that are all alike": Bad(
        lambda drawn: [
            row.__setitem__(slice(1, None), drawn.rows[TRAIN][1][1:])
            for row in drawn.rows[TRAIN][1:]], TRAIN, "all images are equal", "different images"),
    "test images that are all black": Bad(
        lambda drawn: [row.__setitem__(slice(None), ["0"] * 64) for row in drawn.rows[TEST][1:]],
        TEST, "all images are equal", "different images"),
    "an id twice": Bad(
        lambda drawn: give_ids(drawn, fourth="3"),
        "test.csv line 5, column ImageId", "the id '3' repeats line 4"),
    "an empty id": Bad(
        lambda drawn: give_ids(drawn, fourth=""),
        "test.csv line 5, column ImageId", "the id is empty"),
    "a sample with other ids": Bad(
        lambda drawn: give_ids(drawn, sample_from=101),
        SAMPLE, "the ids are not those of", "the same ids"),
    "a sample that is cut short": Bad(
        lambda drawn: drawn.rows[SAMPLE].pop(), SAMPLE, "11 rows, 1 fewer than the 12 of",
        "a row for each row of the test file"),
    "a sample that is too long": Bad(
        lambda drawn: drawn.rows[SAMPLE].append(["13", "0"]),
        SAMPLE, "13 rows, 1 more than the 12 of", "a row for each row of the test file"),
    "a sample with an id twice": Bad(
        lambda drawn: drawn.put(SAMPLE, 5, "ImageId", "3"),
        "sample_submission.csv line 5, column ImageId", "the id '3' repeats line 4"),
    "a sample with a short row": Bad(
        lambda drawn: drawn.rows[SAMPLE][4].pop(), "sample_submission.csv line 5", "1 field",
        "2, as in the header"),
    "a sample of one column": Bad(
        lambda drawn: [row.pop() for row in drawn.rows[SAMPLE]],
        "sample_submission.csv line 1", "single cell"),
    "a sample in a mixed order": Bad(
        lambda drawn: drawn.rows[SAMPLE].insert(2, drawn.rows[SAMPLE].pop()),
        "sample_submission.csv", "not in ascending order", "ids whose rows are known"),
}
# fmt: on
GROUPS: dict[str, dict[str, Bad]] = {
    "cells": PIXELS,
    "labels": LABELS,
    "rows": ROWS,
    "headers": HEADERS,
    "formats": FORMATS,
    "archives": ARCHIVES,
    "places": PLACES,
    "pairs": PAIRS,
}
BAD = {f"{group}: {name}": bad for group, some in GROUPS.items() for name, bad in some.items()}
