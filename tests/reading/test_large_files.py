"""Large files go through the fast parser: with the same content and the same faults."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.reading import reader, source
from pipeline.reading.parser import Parser
from pipeline.reading.reader import read
from pipeline.reading.source import open_source


@pytest.fixture(scope="module")
def large(folders) -> Path:
    """3 MB of 28 x 28 digits with a header, the label first; and a few test rows."""
    folder = next(folders)
    folder.fill(1250, 50, side=28, scale="0..255", label="first", header="names")
    return folder.path


@pytest.fixture
def copy(large, folder, monkeypatch):
    """The first 300 rows of the large folder, to be changed; with pandas where it is of use."""
    monkeypatch.setattr(reader, "SMALL", 1 << 16)
    lines = (large / "train.csv").read_bytes().splitlines(keepends=True)
    folder.write("train.csv", b"".join(lines[:301]))
    folder.write("test.csv", (large / "test.csv").read_bytes())
    return folder


@pytest.fixture
def fast_blocks(monkeypatch) -> list[int]:
    """The sizes of the blocks that were read many cells at a time."""
    sizes: list[int] = []
    parse = Parser.parse

    def spy(self, block):
        parsed = parse(self, block)
        sizes.extend([len(block)] * (parsed is not None))
        return parsed

    monkeypatch.setattr(Parser, "parse", spy)
    return sizes


def exactly(path: Path, monkeypatch) -> Competition:
    with monkeypatch.context() as patch:
        patch.setattr(Parser, "parse", lambda self, block: None)
        return Competition.load(path)


def test_a_large_file_is_read_as_the_exact_parser_reads_it(large, monkeypatch, fast_blocks) -> None:
    fast = Competition.load(large)
    assert fast_blocks
    fast_blocks.clear()
    assert exactly(large, monkeypatch).fingerprint == fast.fingerprint
    assert not fast_blocks
    assert fast.train_pixels.dtype == np.uint8
    assert fast.train_pixels.shape == (1250, 784)


@pytest.mark.parametrize("size", [50_000, 65_537])
def test_blocks_of_any_size_give_the_same(large, monkeypatch, size) -> None:
    whole = Competition.load(large).fingerprint
    monkeypatch.setattr(source, "BLOCK", size)
    monkeypatch.setattr(reader, "SMALL", size // 2)
    assert Competition.load(large).fingerprint == whole


@pytest.mark.parametrize("size", [100, 5_000, 1 << 20])
def test_blocks_hold_complete_lines_and_know_their_numbers(large, size) -> None:
    opened = open_source(large / "train.csv")
    lines = (large / "train.csv").read_bytes().splitlines(keepends=True)
    expected = 2
    for line, block in opened.blocks(size):
        assert line == expected
        count = block.count(b"\n")
        assert block == b"".join(lines[line - 1 : line - 1 + count])
        expected += count
    assert expected == len(lines) + 1


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
@pytest.mark.parametrize("compressed", [False, True])
def test_the_format_of_a_large_file_changes_nothing(copy, ending, compressed, fast_blocks) -> None:
    plain = copy.load().fingerprint
    fast_blocks.clear()
    content = copy.read("train.csv").replace(b"\n", ending.encode())
    copy.write("train.csv", gzip.compress(content, 1) if compressed else content)
    assert copy.load().fingerprint == plain
    assert fast_blocks


def test_an_invalid_cell_at_the_end_of_megabytes_is_named(large, folder, fast_blocks) -> None:
    for name in ("train.csv", "test.csv"):
        folder.write(name, (large / name).read_bytes())
    folder.put("train.csv", -1, 500, "300")
    error = folder.refused()
    assert (error.where, error.found) == ("train.csv line 1251, column pixel499", "found '300'")
    folder.put("train.csv", -1, 500, "30")
    fast_blocks.clear()
    assert len(folder.load().labels) == 1250
    assert sum(fast_blocks) > 2 << 20


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("x", "a number"),
        ("", "a number"),
        ("nan", "a number"),
        ("256", "a pixel in 0..255"),
        ("-3", "a pixel in 0..255"),
        ("0.5", "an integer in 0..255, as in all other rows"),
    ],
)
@pytest.mark.parametrize("column", [1, 400, 784])
def test_an_invalid_cell_in_the_last_row_is_named(copy, column, cell, expected) -> None:
    copy.put("train.csv", -1, column, cell)
    error = copy.refused()
    assert error.where == f"train.csv line 301, column pixel{column - 1}"
    assert error.expected == expected


@pytest.mark.parametrize(
    ("change", "where", "found"),
    [
        (lambda rows: rows[-1].pop(), "line 301", "784 fields"),
        (lambda rows: rows[-1].append("0"), "line 301", "786 fields"),
        (lambda rows: rows[-1].__delitem__(slice(9, 999)), "line 301", "9 fields"),
        (lambda rows: rows.append(rows[0]), "line 302", "a repeated header"),
        (lambda rows: rows[250].append(""), "line 251", "786 fields, the last of them empty"),
        (lambda rows: rows[-1].__setitem__(0, ""), "line 301, column label", "the cell is empty"),
        (lambda rows: rows[-1].__setitem__(9, "\udce9"), "line 301", "the byte 0xe9 is not UTF-8"),
    ],
)
def test_an_invalid_row_deep_in_the_file_is_named(copy, change, where, found) -> None:
    copy.change("train.csv", change)
    error = copy.refused()
    assert error.where == f"train.csv {where}"
    assert error.found.startswith(found)


def test_faults_all_over_a_large_file_are_counted(copy, monkeypatch) -> None:
    monkeypatch.setattr(source, "BLOCK", 60_000)
    copy.change("train.csv", lambda rows: [row.__setitem__(50, "?") for row in rows[25::25]])
    error = copy.refused()
    assert error.found == "12 faults"
    lines = [f"line {n}, column pixel49: found '?'; expected a number" for n in range(26, 151, 25)]
    assert error.details == (*lines[:5], "... and 7 more")


def test_fractions_that_begin_late_in_a_file_change_nothing_before(copy, monkeypatch) -> None:
    def halve(rows) -> None:
        for row in rows[200:]:
            row[1:] = [str(int(cell) / 2) for cell in row[1:]]

    copy.change("train.csv", halve)
    exact = exactly(copy.path, monkeypatch)
    monkeypatch.setattr(source, "BLOCK", 50_000)
    monkeypatch.setattr(reader, "SMALL", 1000)
    mixed = copy.load()
    assert mixed.train_pixels.dtype == mixed.test_pixels.dtype == np.float32
    assert mixed.fingerprint == exact.fingerprint
    assert (mixed.train_pixels % 1 > 0).any(axis=1).argmax() >= 199


# fmt: off
SPELLINGS = [
    "5.", ".5", "-.5", "1,", "5\t", "5\0", "1e5,", "1e2", "1E-3", "+7", "-0", "007", "-1.5", "0.1",
    "16777217", "99999999999",
    "0.30000001192092896", "1e-50", "3.4e38", "1e60", "1e999", "1.2.3", "1,5", "1,2,3", "1'000",
    "1_0", "0x1", "1e", "1d5", "e5", ".", "-", "+", "--1", "nan", "NaN", "inf", "-inf", "True", "x",
    "\u0663", " 8", "9 ", "1 2", "", " ", '""', '"6"', ' "6"', '"6"x', '"6.5"', '"1\n2"', 'a"b',
]
# fmt: on


def with_spelling(spelling: str, where: str) -> list[list[str]]:
    rows = [[str((row * column) % 11) for column in range(17)] for row in range(12)]
    if where.startswith("one cell"):
        rows[7][8] = spelling
    if where.endswith("fractions"):
        rows[3][3:7] = ["0.1", "1.5", "1e1", "12345.678"]
    part = {"every number": slice(2, 16), "every text": slice(16, 17)}.get(where, slice(0))
    for row in rows:
        row[part] = [spelling] * len(row[part])
    return rows


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("sign", [",", ";"])
def test_fast_and_exact_parsers_agree(tmp_path, monkeypatch, sign, spelling) -> None:
    def outcome() -> object:
        try:
            table = read(open_source(path, sign, header=True), {0, 1, 16}, tmp_path / "raw")
        except PipelineError as error:
            return str(error)
        texts = {column: text.tolist() for column, text in table.texts.items()}
        return texts, table.values.dtype, table.values.tolist()

    path = tmp_path / "some.csv"
    header = sign.join(f"b{column}" for column in range(17))
    for where in ("one cell", "one cell among fractions", "every number", "every text"):
        rows = with_spelling(spelling, where)
        path.write_text("\n".join([header, *(sign.join(row) for row in rows)]) + "\n")
        monkeypatch.setattr(reader, "SMALL", 0)
        fast_result = outcome()
        with monkeypatch.context() as patch:
            patch.setattr(Parser, "parse", lambda self, block: None)
            np.testing.assert_equal(fast_result, outcome(), err_msg=where)
