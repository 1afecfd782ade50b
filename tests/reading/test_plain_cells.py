"""Cells become the numbers that are written, whichever function reads them; or none does."""

import math
import re
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reading.cells import column_index, fits_uint8, to_numbers, with_points
from pipeline.reading.plain_cells import Cells, select_cells, short_fractions, small_integers

WORDS = ["", "256", "999", "1000", "0.", ".5", "1.23456789", "1.234567891", "10.5", "-1", "0.5x"]
CELLS = st.one_of(
    st.integers(0, 255).map(str),
    st.decimals(0, 9, places=4).map(str),
    st.sampled_from([*WORDS, "1/5", "0:5", "00", "007", "1.2/", "a", "5.", "0.00000001"]),
)
ROWS = st.lists(st.lists(CELLS, min_size=4, max_size=4), min_size=1, max_size=4)
SOME = st.sampled_from([[0], [3], [0, 1], [1, 2, 3], [0, 2], [0, 1, 2, 3]])


def cells_of(rows: list[list[str]], columns: list[int]) -> Cells:
    codes = np.frombuffer("".join(",".join(row) + "\n" for row in rows).encode(), np.uint8)
    ends = np.flatnonzero(np.isin(codes, list(b",\n"))).reshape(len(rows), -1)
    return select_cells(codes, ends, columns)


@given(ROWS, SOME)
def test_the_cells_of_columns_are_found(rows: list[list[str]], columns: list[int]) -> None:
    codes, ends, lengths = cells_of(rows, columns)
    starts = (ends - lengths).tolist()
    found = [
        [codes[start:end].tobytes().decode() for start, end in zip(*row, strict=True)]
        for row in zip(starts, ends.tolist(), strict=True)
    ]
    assert found == [[row[column] for column in columns] for row in rows]


@given(ROWS, SOME)
def test_integers_up_to_255_are_read_as_written(rows: list[list[str]], columns: list[int]) -> None:
    values = small_integers(cells_of(rows, columns))
    written = [[row[column] for column in columns] for row in rows]
    plain = all(re.fullmatch("[0-9]{1,3}", cell) and int(cell) < 256 for cell in chain(*written))
    assert (values is not None) == plain
    if values is not None:
        assert values.dtype == np.uint8
        assert values.tolist() == [[int(cell) for cell in row] for row in written]


@given(ROWS, SOME)
def test_short_fractions_are_read_as_written(rows: list[list[str]], columns: list[int]) -> None:
    values = short_fractions(cells_of(rows, columns))
    written = [[row[column] for column in columns] for row in rows]
    plain = all(re.fullmatch(r"[0-9](\.[0-9]{1,8})?", cell) for cell in chain(*written))
    assert (values is not None) == plain
    if values is not None:
        assert values.dtype == np.float32
        expected = [[np.float32(float(cell)) for cell in row] for row in written]
        assert values.tolist() == np.array(expected).tolist()


@pytest.mark.parametrize("digits", ["0.99999999", "9.99999999", "0.00000009", "0.12345678"])
def test_eight_decimals_have_their_exact_value(digits: str) -> None:
    values = short_fractions(cells_of([["0", digits, "1.5", "9"]], [0, 1, 2, 3]))
    assert values is not None
    assert values.tolist() == [[0, float(np.float32(float(digits))), 1.5, 9]]


NUMBERS = {"1": 1, " 2 ": 2, "+3.5": 3.5, "-.5": -0.5, "4.": 4, "1e3": 1000, "2E-1": 0.2}
NONE = ("", " ", "nan", "inf", "1e999", "1_000", "\u0663", "0x1", "1,5", "1 2", "e3", ".", "x")


@pytest.mark.parametrize("cell", [*NUMBERS, *NONE])
def test_a_number_is_what_has_digits_and_is_finite(cell: str) -> None:
    found = to_numbers(["7", cell, "-8"])
    assert found.dtype == np.float64
    assert (found[0], found[2]) == (7, -8)
    assert found[1] == NUMBERS[cell] if cell in NUMBERS else math.isnan(found[1])


def test_decimal_commas_are_points_unless_commas_separate() -> None:
    cells = ["1,5", "-,5", " +2,25e3 ", "a,b", "1,2,3", "7"]
    assert with_points(cells, ",") == cells
    assert with_points(cells, ";") == ["1.5", "-.5", " +2.25e3 ", "a,b", "1,2,3", "7"]


def test_adjacent_columns_are_a_slice_which_copies_nothing() -> None:
    assert column_index([3, 4, 5]) == slice(3, 6)
    assert column_index((2,)) == slice(2, 3)
    assert column_index((3, 5)) == [3, 5]
    assert column_index((0, 1, 3)) == [0, 1, 3]
    assert column_index(()) == []


@pytest.mark.parametrize(
    ("values", "fits"),
    [([0, 255], True), ([1, 7], True), ([], True), ([-1, 3], False), ([3, 256], False),
     ([0.5], False), ([254.5], False), ([math.nan], False), ([0, 1, 0.25], False)],
)  # fmt: skip
def test_whole_numbers_up_to_255_fit_a_byte(values: list[float], fits: bool) -> None:
    assert fits_uint8(np.array(values, np.float32)) is fits
    assert fits_uint8(np.array([7, 255], np.uint8))
