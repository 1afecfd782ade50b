"""The fast parser of blocks of digits gives the numbers that are written, or nothing."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reading.plain_cells import parse_digit_block

CELLS = st.one_of(
    st.integers(0, 999).map(str), st.sampled_from(["007", "00", "", "1000", "x", "0.5", "-1"])
)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=5))
def test_a_block_is_read_as_written_or_not_at_all(rows: list[list[str]]) -> None:
    text = "".join(",".join(row) + "\n" for row in rows)
    codes = np.frombuffer(text.encode(), np.uint8)
    values = parse_digit_block(codes, ord(","))
    plain = all(cell.isdigit() and len(cell) <= 3 for row in rows for cell in row)
    assert (values is not None) == plain
    if values is not None:
        ends = np.flatnonzero((codes == ord(",")) | (codes == ord("\n")))
        assert list(csv.reader(text.splitlines())) == rows
        assert values[ends].tolist() == [int(cell) for row in rows for cell in row]


@pytest.mark.parametrize(("text", "values"), [("1,0,2,1\n", [1, 0, 2, 1]), (",1\n2,3\n", None)])
def test_short_cells_beside_each_other_are_not_joined(text: str, values) -> None:
    codes = np.frombuffer(text.encode(), np.uint8)
    found = parse_digit_block(codes, ord(","))
    ends = np.flatnonzero(codes < ord("0"))
    assert (None if found is None else found[ends].tolist()) == values
