"""A file becomes a table: numbers, texts, and the faults of its rows, whoever parses them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import PipelineError
from pipeline.reading import reader, source
from pipeline.reading.parser import Parser
from pipeline.reading.reader import Table, read
from pipeline.reading.source import open_source

CORRECT = "Correct the file and run the command again."
AGAIN = "Download or copy it again."


@pytest.fixture(params=["exact", "fast", "small blocks"])
def table(request: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Reads lines as a table: cell by cell, many cells at a time, or a few lines at a time."""
    if request.param == "exact":
        monkeypatch.setattr(Parser, "parse", lambda self, block: None)
    elif request.param == "fast":
        monkeypatch.setattr(reader, "SMALL", 0)
    else:
        monkeypatch.setattr(source, "BLOCK", 8)

    def read_lines(lines: list[str], texts: tuple[int, ...] = (0,), **options: Any) -> Table:
        path = tmp_path / "some.csv"
        path.write_text("".join(f"{line}\n" for line in lines))
        return read(open_source(path, **options), texts, tmp_path / "values")

    return read_lines


def refused(call: Any, *words: Any, **options: Any) -> tuple[Any, ...]:
    """The message: found, where in the file, expected, remedy, details."""
    with pytest.raises(PipelineError) as caught:
        call(*words, **options)
    error = caught.value
    where = str(error.where).rpartition("some.csv")[2].strip()
    return error.found, where, error.expected, error.remedy, error.details


HEADER = "label,a,b,c"


def test_whole_numbers_are_uint8_and_text_columns_are_zero(table) -> None:
    found = table([HEADER, *(f"{n % 3},{n},255,0" for n in range(9)), "x,1,2,3"])
    assert found.values.dtype == np.uint8
    assert found.values.tolist() == [*([0, n, 255, 0] for n in range(9)), [0, 1, 2, 3]]
    assert found.texts[0].tolist() == [*map(str, [n % 3 for n in range(9)]), "x"]
    assert found.written[0].tolist() == found.texts[0].tolist()
    assert len(found) == 10
    assert found.source.path.name == "some.csv"


@pytest.mark.parametrize("row", [0, 4, 8])
@pytest.mark.parametrize("cell", ["0.5", "256", "-1", "1e3"])
def test_one_other_number_makes_all_float32(table, row: int, cell: str) -> None:
    cells = [[str(n), "7"] for n in range(9)]
    cells[row][1] = cell
    found = table([HEADER, *(f"{n % 3},{a},{b},3" for n, (a, b) in enumerate(cells))])
    assert found.values.dtype == np.float32
    assert found.values.tolist() == [[0, float(a), float(b), 3] for a, b in cells]


def test_cells_without_a_finite_number_are_nan(table) -> None:
    cells = ["x", "", "nan", "inf", "-inf", "1e999", '"1,5"', "7"]
    found = table([HEADER, *(f"0,{cell},1,2" for cell in cells)])
    assert np.isnan(found.values[:, 1]).tolist() == [True] * 7 + [False]
    assert not np.isnan(found.values[:, 2:]).any()


def test_numbers_too_large_for_float32_are_infinite(table) -> None:
    values = table([HEADER, "0,1e60,1,2", "1,-1e60,1,2", "1,5,1,2"]).values
    assert values[:, 1].tolist() == [np.inf, -np.inf, 5]


def test_texts_are_without_spaces_and_with_decimal_points_but_kept_as_written(table) -> None:
    found = table(["id;label;p", "1,5; 3,0 ;7", "2,5;4,0;8", "x;5;9"], (0, 1))
    assert found.texts[0].tolist() == ["1.5", "2.5", "x"]
    assert found.texts[1].tolist() == ["3.0", "4.0", "5"]
    assert found.written[0].tolist() == ["1,5", "2,5", "x"]
    assert found.written[1].tolist() == ["3,0", "4,0", "5"]
    assert found.values[:, 2].tolist() == [7, 8, 9]
    commas = table(["id,label,p", '"1,5", 3 ,7', "2,4,8"], (0, 1))
    assert commas.texts[0].tolist() == commas.written[0].tolist() == ["1,5", "2"]


def test_many_blocks_are_in_their_order(table) -> None:
    found = table([HEADER, *(f"{n},{n % 256},1,2" for n in range(2000))])
    assert found.texts[0].tolist() == [*map(str, range(2000))]
    assert found.values[:, 1].tolist() == [n % 256 for n in range(2000)]


def test_a_file_without_rows_is_refused(table) -> None:
    message = ("the file has no data rows", "", "a row for each image", AGAIN, ())
    assert refused(table, [HEADER]) == message


def test_texts_of_256_characters_are_read_and_longer_ones_refused(table) -> None:
    long = "y" * 256
    assert table([HEADER, f"{long},1,2,3", "0,1,2,3"]).texts[0].tolist() == [long, "0"]
    message = ("a text of 1,257 characters", "line 3, column label", "at most 256", CORRECT, ())
    assert refused(table, [HEADER, "0,1,2,3", f"{'y' * 1257},1,2,3"]) == message
    assert (
        refused(table, [HEADER, "0,1,2,3", f"{'y' * 257},1,2,3"])[0] == "a text of 257 characters"
    )


@pytest.mark.parametrize(
    ("row", "found", "expected"),
    [
        ("1,2,3", "3 fields", "4, as in the first row"),
        ("1,2,3,4,5", "5 fields", "4, as in the first row"),
        ("1", "1 field", "4, as in the first row"),
        (
            "1,2,3,4,",
            "5 fields, the last of them empty after a stray ','",
            "4, as in the first row",
        ),
        ("1,2,3,4, ", "5 fields, the last of them empty after a stray ','", None),
        ("1,2,3,4,,", "6 fields", "4, as in the first row"),
        (HEADER, "a repeated header", "a row of data"),
        ("\ufefflabel, a ,b,c", "a repeated header", "a row of data"),
    ],
)
@pytest.mark.parametrize("at", [1, 3])
def test_a_row_that_does_not_fit_is_named(table, at: int, row: str, found: str, expected) -> None:
    rows = ["0,1,2,3"] * 5
    rows[at] = row
    message = (found, f"line {at + 2}", expected or "4, as in the first row", CORRECT, ())
    assert refused(table, [HEADER, *rows]) == message


def test_a_repeated_header_of_numbers_is_named(table) -> None:
    rows = ["4,1,2,3", "0,1,2,3", "5,1,2,3"]
    message = ("a repeated header", "line 3", "a row of data", CORRECT, ())
    assert refused(table, ["0,1,2,3", *rows]) == message
    assert refused(table, ["0,1,2,3", *rows[1:]])[1] == "line 2"


@pytest.mark.parametrize(
    ("row", "found", "expected"),
    [
        ('1,2,3,"4', "the last cell has a quote that is not closed", "a closing quote"),
        (
            '1,2,"3',
            "3 fields, the last of them with a quote that is not closed",
            "4, as in the first row",
        ),
    ],
)
def test_a_quote_that_is_not_closed_is_named(table, row: str, found: str, expected: str) -> None:
    message = (found, "line 4", expected, CORRECT, ())
    assert refused(table, [HEADER, "0,1,2,3", "0,1,2,3", row]) == message


@pytest.mark.parametrize("end", ['"', '""', ' "', '"\n"'])
def test_a_quote_after_the_last_row_is_the_start_of_another(table, end: str) -> None:
    rows = ['"0","1","2","3"'] * 3
    found, where, *_ = refused(table, [HEADER, *rows, *end.split("\n")])
    assert (found.split(",")[0], where) == ("1 field", "line 5")
    assert table([HEADER, *rows, "", " ", "\t"]).values.tolist() == [[0, 1, 2, 3]] * 3


def test_all_faults_of_rows_are_counted_and_the_first_five_listed(table) -> None:
    rows = ["0,1,2,3", "0,1", "0,x,2,3", *["0,1,2"] * 6, f"{'y' * 300},1,2,3"]
    found, where, expected, remedy, details = refused(table, [HEADER, *rows])
    assert (found, where, expected, remedy) == ("9 faults", "", None, CORRECT)
    assert details == (
        "line 3: 2 fields; expected 4, as in the first row",
        "line 4, column a: found 'x'; expected a number",
        *(f"line {n}: 3 fields; expected 4, as in the first row" for n in (5, 6, 7)),
        "... and 4 more",
    )


@pytest.mark.parametrize("sign", ["\x01", "\x1f", "\x7f", "\x80", "\x9f"])
def test_control_characters_of_texts_are_named(table, sign: str) -> None:
    rows = [f"{n},a b,1" for n in range(8)]
    rows[5] = f"5,x{sign}y,1"
    found = refused(table, ["id,label,p", *rows], (0, 1))
    text = f"found {f'x{sign}y'!r}"
    assert found == (text, "line 7, column label", "printable characters", CORRECT, ())


@pytest.mark.parametrize("text", ["a\0x", "1\0", "\x001", "1\x1f", "\x1f1"])
def test_control_characters_at_the_ends_of_texts_are_named(table, text: str) -> None:
    # Null bytes in the first 64 kB are those of another format.
    rows = [f"{'t' * 200},1,200,255"] * 400
    rows[-1] = f"{text},1,2,3"
    found = refused(table, [HEADER, *rows])
    where = "line 401, column label"
    assert found == (f"found {text!r}", where, "printable characters", CORRECT, ())


def test_printable_texts_of_all_languages_are_read(table) -> None:
    texts = ["\u00a0x", "x\u00a0y", "\u00e9", "\u4e09", "a b", "~", "\U0001f600"]
    found = table([HEADER, *(f"{text},1,2,3" for text in texts)])
    assert found.texts[0].tolist() == [text.strip() for text in texts]


def test_control_characters_in_many_rows_are_counted(table) -> None:
    found, *_, details = refused(table, ["id,label,p", *["\x01,\x02,1"] * 4], (0, 1))
    assert found == "8 faults"
    assert details[0] == "line 2, column id: found '\\x01'; expected printable characters"
    assert details[1] == "line 2, column label: found '\\x02'; expected printable characters"
    assert details[-1] == "... and 3 more"
