"""The format of a file: delimiter, header, columns, lines, and the messages about its first row."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import PipelineError
from pipeline.reading.source import Source, open_source

NAMES = ["label", "pixel0", "pixel1", "pixel2"]
ROWS = ["3,0,16,8", "1,2,0,5", "3,7,7,1"]


def opened(folder: Path, lines: list[str], **options: Any) -> Source:
    path = folder / "some.csv"
    path.write_text("".join(f"{line}\n" for line in lines), errors="surrogateescape")
    return open_source(path, **options)


def refused(folder: Path, lines: list[str], **options: Any) -> tuple[str, ...]:
    """The message: found, where, expected, remedy."""
    with pytest.raises(PipelineError) as caught:
        opened(folder, lines, **options)
    error = caught.value
    where = str(error.where).removeprefix(f"{folder}/")
    return error.found, where, error.expected or "", error.remedy or ""


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_and_the_header_are_found(delimiter: str, tmp_path: Path) -> None:
    header = delimiter.join(NAMES)
    lines = [header, *(row.replace(",", delimiter) for row in ROWS)]
    source = opened(tmp_path, lines)
    assert source == Source(tmp_path / "some.csv", delimiter, NAMES, 4, 2, header)
    assert source.header_cells == NAMES
    assert list(source.rows()) == [(n, row.split(",")) for n, row in enumerate(ROWS, 2)]
    source = opened(tmp_path, lines[1:])
    assert source == Source(tmp_path / "some.csv", delimiter, None, 4, 1)
    assert source.header_cells is None
    assert list(source.rows()) == [(n, row.split(",")) for n, row in enumerate(ROWS, 1)]


def test_a_delimiter_is_the_more_frequent_sign_also_beside_decimal_commas(tmp_path: Path) -> None:
    assert opened(tmp_path, ["1,5;2,5;3,5", "1,5;2,5;0"]).delimiter == ";"
    assert opened(tmp_path, ["a,b,c,d|", "1,2,3,4|"]).delimiter == ","
    assert opened(tmp_path, ["a;b,c,d,e", "1;2,3,4,5"]).delimiter == ","
    assert opened(tmp_path, ["a;b", "1;2"]).delimiter == ";"
    assert opened(tmp_path, ["a|b;c|d", "1|2;3|4"], delimiter=";").columns == 2


@pytest.mark.parametrize(
    ("lines", "options", "first_line", "names"),
    [
        (["", "  ", *ROWS], {}, 3, None),
        (["sep=,", *ROWS], {}, 2, None),
        (["SEP=,", ",".join(NAMES), *ROWS], {}, 3, NAMES),
        (["0,1,2,3", *ROWS], {}, 2, None),  # a header that only numbers the columns
        (["5,6,7,8", *ROWS], {}, 2, None),
        ([",1,2,3", *ROWS], {}, 2, None),  # with a saved index
        (["0,1,2,3", *ROWS], {"keep_numbers": True}, 2, ["0", "1", "2", "3"]),
        (["0,1,2,3", *ROWS], {"header": False}, 1, None),
        (["3,0,16,8", *ROWS], {"header": True}, 2, ["3", "0", "16", "8"]),
        ([",".join(NAMES), *ROWS], {"header": False}, 1, None),
        (["0,1,2,3"] * 3, {}, 1, None),  # the same digits in every row are data
        (["0,1,2,3", "0,1,2,3", *ROWS], {}, 2, None),
        (["0,1,2,3", ROWS[0], "0,1,2,3"], {}, 2, None),
        (["1,5;2,5;3,5", "1,5;2,5;0", "4,5;6;7"], {}, 1, None),
        (["label,1,2,3", *ROWS], {}, 2, ["label", "1", "2", "3"]),
        (["label,pixel,0,16", *ROWS], {}, 1, None),
        (["label,p,q,16", *ROWS], {}, 2, ["label", "p", "q", "16"]),
        (["label,p,q,3,16", "1,2,3,4,5"], {}, 2, ["label", "p", "q", "3", "16"]),
        ([" label , p0,p1 ,p2", *ROWS], {}, 2, ["label", "p0", "p1", "p2"]),
        (["1,2", "3,4"], {}, 1, None),  # too short to be numbers of columns
        (["0,1,2,4", *ROWS], {}, 1, None),
        (["0,1,2,3.0", *ROWS], {}, 1, None),
        (["1000000000,1000000001,1000000002,1000000003", *ROWS], {}, 1, None),
        (["100000000,100000001,100000002,100000003", *ROWS], {}, 2, None),
    ],
)
def test_a_first_row_is_names_or_numbers_of_columns_or_data(
    lines: list[str], options: dict[str, Any], first_line: int, names: list[str], tmp_path: Path
) -> None:
    source = opened(tmp_path, lines, **options)
    assert (source.first_line, source.header) == (first_line, names)
    assert (source.header_line is None) == (
        source.first_line == 1 or lines[0].strip() in ("", "sep=,")
    )
    assert next(source.rows())[0] == first_line


def test_a_column_is_named_in_messages_or_numbered_from_1(tmp_path: Path) -> None:
    source = opened(tmp_path, ["label,,p", "3,0,16", "1,2,0"])
    assert [source.column(index) for index in (0, 1, 2, 3)] == ["label", "2", "p", "4"]
    assert opened(tmp_path, ROWS).column(2) == "3"
    assert opened(tmp_path, ["0,1,2,3", *ROWS]).header_cells == ["0", "1", "2", "3"]


def test_quotes_and_spaces_belong_to_no_cell(tmp_path: Path) -> None:
    source = opened(tmp_path, ['"label", "p,0" ,p1', ' "3", 4,5', "", '"1\n2",0,7', " ", "8,9,0"])
    assert source.header == ["label", "p,0", "p1"]
    cells = [(2, ["3", "4", "5"]), (4, ["1\n2", "0", "7"]), (7, ["8", "9", "0"])]
    assert list(source.rows()) == cells


WIDE = ",".join(str(n % 256) for n in range(30_000))  # 100 kB; the first lines are read in parts


@pytest.mark.parametrize("empty", [0, 2])
def test_the_first_lines_are_seen_also_if_they_are_very_long(empty: int, tmp_path: Path) -> None:
    above = [""] * empty
    source = opened(tmp_path, [*above, WIDE, WIDE, WIDE + ",1"])
    assert (source.columns, source.first_line, source.header) == (30_000, empty + 1, None)
    pixels = WIDE.replace(",", " ")
    source = opened(tmp_path, [*above, "label,pixels", f"0,{pixels}", f"1,{pixels}"])
    assert (source.columns, source.first_line) == (30_001, empty + 2)
    assert source.strings
    pixels = " ".join(["255"] * 224 * 224)  # longer than a cell of `csv` may be
    source = opened(tmp_path, [*above, "pixels,label", f'"{pixels}",0', f'"{pixels}",1'])
    assert source.columns == 224 * 224 + 1
    assert [len(cells) for _, cells in source.rows()] == [source.columns] * 2
    found, where, *_ = refused(tmp_path, [*above, "some,thing", WIDE, WIDE])
    assert found == "the row has 2 fields, and the next rows have 30000"
    assert where == f"some.csv line {empty + 1}"
    _, where, *_ = refused(tmp_path, [*above, WIDE, WIDE, "1,2," + "0" * 140_000])
    assert where == f"some.csv line {empty + 3}"


def test_empty_lines_are_no_rows_but_quotes_and_delimiters_are(tmp_path: Path) -> None:
    source = opened(tmp_path, [*ROWS, "", "  ", "\t", '""', ",", '"1",2,3,4', ' "', ""])
    rows = list(source.rows())[len(ROWS) :]
    assert rows[:3] == [(7, [""]), (8, ["", ""]), (9, ["1", "2", "3", "4"])]
    assert [line for line, _ in rows] == [7, 8, 9, 10]
    assert [line for line, _ in opened(tmp_path, [*ROWS, "", ","]).rows()] == [1, 2, 3, 5]


@pytest.mark.parametrize(("size", "blocks"), [(1, 6), (12, 4), (20, 3), (1 << 20, 1)])
def test_blocks_begin_after_the_header_and_know_their_lines(
    size: int, blocks: int, tmp_path: Path
) -> None:
    source = opened(tmp_path, ["", "", ",".join(NAMES), *ROWS, *ROWS])
    lines = [(line, row) for line, block in source.blocks(size) for row in block.split(b"\n")[:1]]
    assert b"".join(block for _, block in source.blocks(size)).decode().split() == ROWS * 2
    assert [row.decode() for _, row in lines] == [(ROWS * 2)[line - 4] for line, _ in lines]
    assert lines[0][0] == 4
    assert len(lines) == blocks


def test_a_block_that_ends_with_the_header_is_skipped(tmp_path: Path) -> None:
    source = opened(tmp_path, [",".join(NAMES), *ROWS])
    size = len(",".join(NAMES)) + 1
    blocks = list(source.blocks(size))
    assert blocks[0][0] == 2
    assert b"".join(block for _, block in blocks).decode().split() == ROWS


@pytest.mark.parametrize("row", [0, 1, 4, 9_000])
def test_bytes_that_are_no_text_are_named_with_their_line(row: int, tmp_path: Path) -> None:
    lines = [",".join(NAMES), *ROWS * 4_000]  # 100 kB
    lines[row] = "\udce9" + lines[row]
    found = ("the byte 0xe9 is not UTF-8 text", f"some.csv line {row + 1}", "")
    with pytest.raises(PipelineError) as caught:
        list(opened(tmp_path, lines).rows())
    error = caught.value
    where = str(error.where).removeprefix(f"{tmp_path}/")
    assert (error.found, where, error.expected or "") == found
    assert error.remedy == "Save the file as UTF-8."


def test_a_cell_longer_than_csv_allows_is_named(tmp_path: Path) -> None:
    message = (
        "a cell is longer than 131,072 characters",
        "a number, a label or an id",
        "If a quote in this line is not closed, close it.",
    )
    source = opened(tmp_path, [*ROWS, "1,2,3," + "0" * 140_000, "1,2,3,4"])
    with pytest.raises(PipelineError) as caught:
        list(source.rows())
    error = caught.value
    assert (error.found, error.expected, error.remedy) == message
    assert error.where == f"{tmp_path}/some.csv line 4"
    found, where, *rest = refused(tmp_path, ["", "1,2," + "0" * 140_000, *ROWS])
    assert (found, *rest) == message
    assert where == "some.csv line 2"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    for lines in ([], ["", " "], ["sep=,"]):
        message = ("the file is empty", "some.csv", "rows of pixels", "Download or copy it again.")
        assert refused(tmp_path, lines) == message


def test_another_format_is_named(tmp_path: Path) -> None:
    found, where, *_ = refused(tmp_path, ["<html>", *ROWS])
    assert found.startswith("not a CSV: it is a web page")
    assert where == "some.csv"


LAST_IS_EMPTY = (
    "the row ends with a delimiter: column 4 is empty",
    "some.csv line 1",
    "",
    "Remove the delimiter from the ends of the rows.",
)
TWICE = "Rename or remove one of them."
RENAME = "Rename it."


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["", "a b c " + "d" * 40, "1 2 3 4"],
            (
                f"the row is a single cell, {'a b c ' + 'd' * 34!r}",
                "some.csv line 2",
                "columns separated by commas, semicolons, tabs or pipes",
                "If the delimiter is another of these, set it with --delimiter.",
            ),
        ),
        (
            ["a,b,c,", "1,2,3,", "4,5,6,"],
            LAST_IS_EMPTY,
        ),
        (
            ["1,2,3,", "1,2,5, ", "4,5,6,"],
            LAST_IS_EMPTY,
        ),
        (
            ["1,2,3,"],
            LAST_IS_EMPTY,
        ),
        (
            ["a,b,c,", "1,2,3", "4,5,6"],
            LAST_IS_EMPTY,
        ),
        (
            ["0,0.1,0.2,0.3", "0,0,0,5", "1,2,3,4"],
            (
                "the header is a row of data: 0, 0.1, 0.2, 0.3, ...",
                "some.csv line 1",
                "",
                "pandas does this to a file without a header. Read it with header=None, and save "
                "it with header=False.",
            ),
        ),
        (
            ["digits,2024", *ROWS],
            (
                "the row has 2 fields, and the next rows have 4",
                "some.csv line 1",
                "the same number in all rows",
                "Correct the row, or remove what is above the header.",
            ),
        ),
        (
            [f"7,0,0.1,0.2,0.3,5,{'9' * 21},4,6", "1,0,0,0,0,7,3,4,6", "5,0,0,0,1,7,3,4,6"],
            (
                f"the header is a row of data: 7, 0, 0.1, 0.2, 0.3, 5, {'9' * 20}, 4, ...",
                "some.csv line 1",
                "",
                "pandas does this to a file without a header. Read it with header=None, and save "
                "it with header=False.",
            ),
        ),
        (
            [f"label,p\x07{'q' * 50},r", "1,2,3", "4,5,6"],
            (
                f"the name of column 2 is 'p\\x07{'q' * 38}'",
                "some.csv line 1",
                "printable characters",
                RENAME,
            ),
        ),
        (
            ["label,p," + "q" * 257, "1,2,3", "4,5,6"],
            (
                "the name of column 3 has 257 characters",
                "some.csv line 1",
                "at most 256",
                "Rename it. If a quote in this line is not closed, close it.",
            ),
        ),
        (
            ["label,p,q,p", "1,2,3,4", "4,5,6,7"],
            ("the header has 'p' twice, as columns 2 and 4", "some.csv line 1", "", TWICE),
        ),
    ],
)
def test_a_first_row_that_does_not_fit_is_refused(
    lines: list[str], message: tuple[str, ...], tmp_path: Path
) -> None:
    assert refused(tmp_path, lines) == message


@pytest.mark.parametrize(
    "lines",
    [
        ["label,p," + "q" * 256, "1,2,3", "4,5,6"],
        ["label,p,,", "1,2,3,4", "4,5,6,7"],  # names that are empty are not twice the same
        ["1,2,3,4", "1,2,3,", "5,6,7,8"],
        ["1,2,3", "1,2,3,4", "1,2,3,4,5"],  # which row is wrong is seen when all are read
        ["1,2,3,", "4,5,6,7", "5,6,7,8"],
        ["7,0,0.1,0.2,0.3,5,9", "1,2,3,4,5,6,7", "5,0,0,0,1,7,3"],
        ["7,x,0,0.1,0.2,0.3,9", "1,0,0,0,0,7,3", "5,0,0,0,1,7,3"],
        ["7,0,0.1,0.2,0.3,x,9", "1,0,0,0,0,7,3", "5,0,0,0,1,7,3"],
    ],
)
def test_a_first_row_that_is_unusual_is_read(lines: list[str], tmp_path: Path) -> None:
    assert opened(tmp_path, lines).columns == len(lines[0].split(","))


FER = ["emotion,pixels,Usage", "0,1 2 3 4,Training", "2,5 6 7 8,PublicTest", "1,0 0 1 1,Training"]


def test_rows_for_training_and_the_others_are_told_apart_by_usage(tmp_path: Path) -> None:
    source = opened(tmp_path, FER)
    parts = source.by_usage()
    assert parts
    train, test = (list(part.rows()) for part in parts)
    assert [line for line, _ in train] == [2, 4]
    assert [line for line, _ in test] == [3]
    assert test[0][1][-4:] == ["5", "6", "7", "8"]
    assert opened(tmp_path, ["emotion,pixels", "0,1 2 3 4", "2,5 6 7 8"]).by_usage() is None
    assert opened(tmp_path, ROWS).by_usage() is None
    assert opened(tmp_path, [line for line in FER if "PublicTest" not in line]).by_usage() is None


@pytest.mark.parametrize(
    ("lines", "sign", "names"),
    [
        (["emotion;pixels", "0;1 2 3 4"], ";", ["emotion", "pixels"]),
        (["emotion,pixels", "0,", "1,1 2 3 4"], ",", ["emotion", "pixels"]),
        (["pixels", "1 2 3 4", "5 6 7 8"], ",", ["pixels"]),
    ],
)
def test_a_string_of_pixels_is_a_column_for_each_pixel(
    lines: list[str], sign: str, names: list[str], tmp_path: Path
) -> None:
    source = opened(tmp_path, lines)
    assert source.strings
    pixels = source.columns - len(names) + 1
    columns = source.strings.names(names)
    assert (pixels, len(columns)) == (4, source.columns)
    assert (source.delimiter, source.first_line) == (sign, 2)
    assert (source.header, source.header_line) == (columns, sign.join(columns))
    assert source.header_cells == columns


def test_a_file_without_a_header_has_no_strings_of_pixels(tmp_path: Path) -> None:
    for header in (None, True):
        assert opened(tmp_path, FER, header=header).strings
    assert not opened(tmp_path, FER, header=False).strings


def test_a_usage_without_training_rows_is_refused(tmp_path: Path) -> None:
    source = opened(tmp_path, [line for line in FER if "Training" not in line])
    with pytest.raises(PipelineError) as caught:
        source.by_usage()
    error = caught.value
    assert error.found == "the column Usage has no row with the value Training"
    assert error.where == tmp_path / "some.csv"
    assert error.expected == "Training for the training rows; all others are test rows"
    assert error.remedy == "Correct the values, or remove the column."
