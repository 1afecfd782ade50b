"""A broken row or cell gets one message that names file, line, column, what and what instead."""

import pytest


def put(row: int, column: int, cell: object):
    """A change that puts the cell at the place, both counted from 0."""

    def change(rows) -> None:
        rows[row][column] = cell

    return change


PIXELS = {  # what stands in a pixel's cell -> what is said of it
    "text": ("abc", "found 'abc'; expected a number"),
    "NaN": ("NaN", "found 'NaN'; expected a number"),
    "infinity": ("inf", "found 'inf'; expected a number"),
    "minus infinity": ("-Infinity", "found '-Infinity'; expected a number"),
    "hexadecimal": ("0x1F", "found '0x1F'; expected a number"),
    "underscore": ("1_000", "found '1_000'; expected a number"),
    "two points": ("1.2.3", "found '1.2.3'; expected a number"),
    "minus alone": ("-", "found '-'; expected a number"),
    "truth": ("True", "found 'True'; expected a number"),
    "empty": ("", "the cell is empty; expected a number"),
    "blank": ("  ", "the cell is empty; expected a number"),
    "just too large": ("256", "found '256'; expected a pixel in 0..255"),
    "negative": ("-1", "found '-1'; expected a pixel in 0..255"),
    "far too large": ("9" * 20, f"found '{'9' * 20}'; expected a pixel in 0..255"),
    "beyond floats": ("1e60", "found '1e60'; expected a pixel in 0..255"),
    "beyond all floats": ("1e999", "found '1e999'; expected a number"),
    "a fraction": (
        "12.5",
        "found '12.5'; expected a whole number in 0..255, as everywhere else",
    ),
}


@pytest.mark.parametrize("cell", PIXELS)
@pytest.mark.parametrize("column", [1, 2, 30, 64])
@pytest.mark.parametrize("name", ["train.csv", "test.csv"])
def test_a_broken_pixel_is_named(folder, name, column, cell) -> None:
    folder.fill(scale="0..255", header="names", label="first")
    place = column if name == "train.csv" else column - 1
    written, said = PIXELS[cell]
    folder.change(name, put(7, place, written))
    assert folder.refusal().splitlines() == [
        f"{name} has 1 fault. Mend the file and run the command again.",
        f"  line 8, column pixel{column - 1}: {said}",
    ]


@pytest.mark.parametrize("cell", ["text", "empty", "just too large", "beyond floats", "a fraction"])
@pytest.mark.parametrize("column", [0, 1, 30, 63])
@pytest.mark.parametrize("label", ["first", "last"])
@pytest.mark.parametrize("row", [0, 39])
def test_without_a_header_columns_are_counted_from_1(folder, row, label, column, cell) -> None:
    folder.fill(scale="0..255", label=label)
    place = column + (label == "first")
    written, said = PIXELS[cell]
    folder.change("train.csv", put(row, place, written))
    assert f"line {row + 1}, column {place + 1}: {said}" in folder.refusal()


@pytest.mark.parametrize(("low", "high", "cell"), [(0, 1, "1.5"), (0, 16, "17"), (-1, 1, "-1.01")])
def test_a_pixel_outside_its_range_is_named_on_every_scale(folder, low, high, cell) -> None:
    folder.fill(scale=f"{low}..{high}" + ".0" * (high == 1))
    folder.change("train.csv", put(4, 20, cell))
    said = f"line 5, column 21: found '{cell}'; expected a pixel in {low}..{high}"
    assert said in folder.refusal()


def test_a_whole_row_on_another_scale_is_named(folder) -> None:
    folder.fill(scale="0..1.0")
    folder.change("train.csv", lambda rows: rows[5].__setitem__(slice(0, 64), ["200"] * 64))
    message = folder.refusal()
    assert "train.csv has 64 faults" in message
    assert "line 6, column 1: found '200'; expected a pixel in 0..1" in message


ROWS = {  # what is done to the rows -> what is said, where rows have n cells
    "short": (lambda rows: rows[9].pop(), "line 10: {less} fields where the first row has {n}"),
    "long": (lambda rows: rows[9].append("3"), "line 10: {more} fields where the first row has"),
    "stray comma": (lambda rows: rows[9].append(""), "the row ends with a stray ','"),
    "cut short": (lambda rows: rows[-1].__delitem__(slice(20, None)), "20 fields where the first"),
    "comment": (lambda rows: rows.insert(9, ["# so"]), "line 10: 1 fields where the first row has"),
    "empty cells": (lambda rows: rows.insert(9, [""] * len(rows[0])), "line 10, column pixel0"),
    "header": (lambda rows: rows.insert(9, rows[0][:]), "line 10: the header again, in the middle"),
}


@pytest.mark.parametrize("fault", ROWS)
@pytest.mark.parametrize("name", ["train.csv", "test.csv"])
def test_a_row_of_another_form_is_named(folder, name, fault) -> None:
    folder.fill(header="names")
    change, said = ROWS[fault]
    n = len(folder.rows(name)[0])
    folder.change(name, change)
    message = folder.refusal()
    assert message.startswith(f"{name} has ")
    assert said.format(n=n, less=n - 1, more=n + 1) in message


def test_trailing_delimiters_in_all_rows_but_the_header_are_counted(folder) -> None:
    folder.fill(header="names")
    folder.change("train.csv", lambda rows: [row.append("") for row in rows[1:]])
    message = folder.refusal()
    assert "train.csv has 40 faults" in message
    assert message.count("the row ends with a stray ','") == 5
    assert "... and 35 more" in message


@pytest.mark.parametrize("header", ["none", "names"])
def test_trailing_delimiters_in_all_rows_are_refused(folder, header) -> None:
    folder.fill(header=header)
    folder.change("train.csv", lambda rows: [row.append("") for row in rows])
    assert "train.csv line 1 ends with a delimiter: its column 66 is empty" in folder.refusal()


def test_an_unclosed_quote_is_named_by_its_line(folder) -> None:
    folder.fill()
    folder.change("train.csv", put(9, 10, '"5'))
    assert "line 10: 11 fields where the first row has 65" in folder.refusal()


def test_all_faults_are_counted_and_the_first_five_shown(folder) -> None:
    folder.fill()
    for row in range(10, 18):
        folder.change("train.csv", put(row, 33, "x"))
    folder.change("train.csv", lambda rows: rows[2].pop())
    lines = folder.refusal().splitlines()
    assert lines[0] == "train.csv has 9 faults. Mend the file and run the command again."
    assert "line 3: 64 fields" in lines[1]
    assert lines[2:6] == [
        f"  line {row}, column 34: found 'x'; expected a number" for row in range(11, 15)
    ]
    assert lines[6:] == ["  ... and 4 more"]


def test_faults_at_the_ends_are_listed_in_the_order_of_the_file(folder) -> None:
    folder.fill()
    for row, column in ((5, 63), (7, 0), (6, 62), (9, 1)):
        folder.change("train.csv", put(row, column, "x"))
    message = folder.refusal()
    assert "train.csv has 4 faults" in message
    places = [line.split(":")[0].strip() for line in message.splitlines()[1:]]
    assert places == [
        "line 6, column 64", "line 7, column 63", "line 8, column 1", "line 10, column 2"
    ]  # fmt: skip


@pytest.mark.parametrize("cell", ["", "  ", "nan", "NaN", "NA", "n/a", "null"])
@pytest.mark.parametrize("header", ["none", "names"])
@pytest.mark.parametrize("label", ["first", "last"])
@pytest.mark.parametrize("row", [0, 7])
def test_a_missing_label_is_named(folder, row, label, header, cell) -> None:
    folder.fill(header=header, label=label)
    folder.change("train.csv", put(row + (header == "names"), 0 if label == "first" else -1, cell))
    message = folder.refusal()
    column = "label" if header == "names" else "1" if label == "first" else "65"
    assert f"line {row + 1 + (header == 'names')}, column {column}: " in message
    assert "expected a label" in message


def test_a_label_that_is_a_fraction_is_named(folder) -> None:
    folder.fill()
    folder.change("train.csv", put(7, -1, "3.5"))
    assert "line 8, column 65: found '3.5'; expected a whole number, as the" in folder.refusal()


def test_a_word_among_labels_that_are_numbers_is_named(folder) -> None:
    folder.fill()
    folder.change("train.csv", put(7, -1, "sevn"))
    assert "line 8, column 65: found 'sevn'; expected a whole number, as the" in folder.refusal()


def test_labels_that_are_fractions_throughout_are_refused(folder) -> None:
    folder.fill(header="names")
    folder.change("train.csv", lambda rows: [r.append(f"{int(r.pop()) / 7}") for r in rows[1:]])
    message = folder.refusal()
    assert "train.csv, label column label: fractions, such as 0.14285" in message
    assert "Expected classes: whole numbers or words" in message


@pytest.mark.parametrize("header", ["none", "names"])
def test_ids_that_stand_there_twice_or_not_at_all_are_named(folder, header) -> None:
    folder.fill(header=header, ids="both")
    first = 2 if header == "names" else 1
    folder.change("test.csv", put(first + 4, 0, "503"))
    folder.change("test.csv", put(first + 7, 0, ""))
    column = "id" if header == "names" else "1"
    message = folder.refusal()
    assert "test.csv has 2 faults" in message
    assert (
        f"line {first + 5}, column {column}: the id '503' stands in line {first + 2} already"
        in (message)
    )
    assert f"line {first + 8}, column {column}: the id is empty" in message


def test_a_byte_that_is_no_text_is_named(folder) -> None:
    folder.fill(words=True)
    text = folder.read("train.csv").replace(b"zero", "zéro".encode("latin-1"))
    line = text[: text.index(b"\xe9")].count(b"\n") + 1
    folder.write("train.csv", text)
    message = folder.refusal()
    assert f"train.csv line {line}: the byte 0xe9 is not UTF-8 text" in message
    assert "Save the file as UTF-8" in message


def test_a_header_that_is_no_text_is_named(folder) -> None:
    folder.fill(header="names")
    folder.write("test.csv", b"pixel\xe9" + folder.read("test.csv"))
    assert "test.csv line 1: the byte 0xe9 is not UTF-8 text" in folder.refusal()


def test_zero_bytes_deep_in_a_file_are_named(folder) -> None:
    folder.fill(rows=1400)
    folder.change("train.csv", put(1390, 20, "\x00\x00"))
    assert r"line 1391, column 21: found '\x00\x00'; expected a number" in folder.refusal()


def test_lines_are_counted_past_blank_ones_and_what_tells_the_delimiter(folder) -> None:
    folder.fill(header="names")
    folder.change("train.csv", put(7, 20, "x"))
    text = folder.read("train.csv").decode()
    folder.write("train.csv", "sep=,\n\n" + text.replace("\n", "\n\n", 3))
    assert "line 13, column pixel20: found 'x'" in folder.refusal()
