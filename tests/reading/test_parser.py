"""Numbers in all their spellings are parsed many cells at a time, and not one by one."""

import numpy as np
import pytest

from pipeline.reading.parser import Parser

SPELLINGS = [
    ["1", "22", "255"],
    ["007", "0", "+7"],
    ["-1", "256", "3"],
    ["0.5", ".25", "7."],
    ["12345.678", "-0.001", "3"],
    ["1e2", "1E-3", "2.5e+1"],
    ["0.30000001192092896", "16777217", "99999999999"],
    [" 8", "9", "3.25 "],
    ["1e60", "-1e60", "3.4e38"],
    ["1e5", "2", "3"],
]


def block(cells: list[str], delimiter: str = ",") -> bytes:
    return b"".join(delimiter.join(["t", *cells[n:], *cells[:n]]).encode() + b"\n" for n in (0, 1))


def parsed(cells: list[str], delimiter: str = ",", use_pandas: bool = True) -> np.ndarray | None:
    result = Parser(delimiter, 4, (0,), use_pandas=use_pandas).parse(block(cells, delimiter))
    if result is None:
        return None
    texts, values = result
    assert texts.tolist() == [["t"], ["t"]]
    assert values[:, 0].tolist() == [0, 0]
    return values[:, 1:]


def expected(numbers: list[float]) -> list[list[float]]:
    with np.errstate(over="ignore"):
        return [[float(np.float32(n)) for n in (*numbers[at:], *numbers[:at])] for at in (0, 1)]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("cells", SPELLINGS)
def test_all_spellings_of_numbers_are_parsed(cells: list[str]) -> None:
    values = parsed(cells)
    assert values is not None
    numbers = [float(cell) for cell in cells]
    small = all(number in range(256) for number in numbers)
    assert values.dtype == (np.uint8 if small else np.float32)
    assert values.tolist() == expected(numbers)


@pytest.mark.parametrize("cells", SPELLINGS)
def test_decimal_commas_are_parsed_where_they_are_no_delimiters(cells: list[str]) -> None:
    numbers = [cell for cell in cells if not cell.endswith(".")]  # "7," would be two cells
    numbers += ["0"] * (3 - len(numbers))
    values = parsed([number.replace(".", ",") for number in numbers], ";")
    assert values is not None
    assert values.tolist() == expected([float(number) for number in numbers])


@pytest.mark.parametrize(
    "cell", ["x", "", "nan", "inf", "True", "1.2.3", "1_0", "0x1", "--1", "5\0", "\x7f", "1e999"]
)
def test_what_is_no_finite_number_is_left_to_the_exact_parser(cell: str) -> None:
    for cells in ([cell, "1", "2"], ["0.5", cell, "2"], ["1e2", "2", cell]):
        assert parsed(cells) is None


@pytest.mark.parametrize(
    ("cell", "sign"), [("5,", ";"), ("5,x", ";"), ("1,2,3", ";"), ("1.5,2", ";")]
)
def test_commas_that_are_not_decimal_are_left_to_the_exact_parser(cell: str, sign: str) -> None:
    for cells in ([cell, "1", "2"], ["0,5", cell, "2"], ["1e2", "2", cell]):
        assert parsed(cells, sign) is None


def test_a_small_file_does_not_wait_for_pandas() -> None:
    assert parsed(["1e2", "1", "2"], use_pandas=False) is None
    for cells in (["1", "2", "3"], ["0.5", "1", "2"]):
        np.testing.assert_array_equal(parsed(cells, use_pandas=False), parsed(cells))


def test_a_file_of_texts_alone_has_no_numbers() -> None:
    result = Parser(",", 2, (0, 1)).parse(b"a,b\nc,d\n")
    assert result is not None
    assert result[0].tolist() == [["a", "b"], ["c", "d"]]
    assert (result[1].tolist(), result[1].dtype) == ([[0, 0], [0, 0]], np.uint8)


def test_fractions_among_whole_numbers_are_found_in_any_row() -> None:
    rows = b"".join(b"%d,1,2\n" % (n % 10) for n in range(9))
    for at in range(9):
        lines = rows.split(b"\n")
        lines[at] = b"0,1,0.5"
        result = Parser(",", 3, (0,)).parse(b"\n".join(lines))
        assert result is not None
        assert result[1].dtype == np.float32
        assert np.flatnonzero(result[1][:, 2] == 0.5).tolist() == [at]


@pytest.mark.parametrize("last", ["2", "0.5", "1e2"])
def test_a_column_of_digits_may_be_text(last: str) -> None:
    rows = b"7,1,255\n" + f"12,0,{last}\n".encode()
    result = Parser(",", 3, (0,)).parse(rows)
    assert result is not None
    assert result[0].tolist() == [["7"], ["12"]]
    assert result[1].tolist() == [[0, 1, 255], [0, 0, float(last)]]


@pytest.mark.parametrize("cell", ['"1"', "1\0", "\u00e9", "t" * 65])
def test_quotes_null_bytes_other_letters_and_long_texts_are_left_to_the_exact_parser(
    cell: str,
) -> None:
    for rows in (f"{cell},1,2\n7,1,2\n", f"7,1,2\n{cell},1,2\n"):
        assert Parser(",", 3, (0,)).parse(rows.encode()) is None


def test_texts_of_64_letters_are_read_beside_those_of_one() -> None:
    result = Parser(",", 2, (1,)).parse(f"1,{'t' * 64}\n2,u\n".encode())
    assert result is not None
    assert result[0].tolist() == [["t" * 64], ["u"]]


@pytest.mark.parametrize(
    "rows", [b"1,2\n3,4,5\n", b"1,2,3\n4,5\n", b"1,2,3,4\n5,6\n", b"1\n2,3,4,5,6\n"]
)
def test_rows_of_other_lengths_are_left_to_the_exact_parser(rows: bytes) -> None:
    assert Parser(",", 3, ()).parse(rows) is None


@pytest.mark.parametrize("at", [0, 1, 2, None])
def test_a_repeated_header_is_left_to_the_exact_parser(at: int | None) -> None:
    rows = [b"9,1,2", b"0,2,1", b"10,11,2"]
    if at is not None:
        rows[at] = b"0,1,2"
    result = Parser(",", 3, (0,), header=b"0,1,2").parse(b"".join(row + b"\n" for row in rows))
    assert (result is None) == (at is not None)
