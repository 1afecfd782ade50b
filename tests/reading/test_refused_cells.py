"""An invalid cell or row is named by file, line and column, with what is expected instead."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.reading.parser import Parser

NUMBER, PIXEL = "a number", "a pixel in 0..255"
CELLS = {  # an invalid pixel -> what is expected
    "abc": NUMBER, "NaN": NUMBER, "inf": NUMBER, "-Infinity": NUMBER, "0x1F": NUMBER,
    "1_000": NUMBER, "1.2.3": NUMBER, "-": NUMBER, "True": NUMBER, "": NUMBER, "  ": NUMBER,
    "1e999": NUMBER, "256": PIXEL, "-1": PIXEL, "9" * 20: PIXEL, "1e60": PIXEL,
    "12.5": "an integer in 0..255, as in all other rows",
}  # fmt: skip


def found(cell: str) -> str:
    return f"found {cell!r}" if cell.strip() else "the cell is empty"


@settings(max_examples=120)
@given(
    cell=st.sampled_from(sorted(CELLS)),
    name=st.sampled_from(["train", "test"]),
    header=st.sampled_from(["none", "names"]),
    label=st.sampled_from(["first", "last"]),
    row=st.integers(0, 11),
    pixel=st.integers(0, 63),
)
def test_one_invalid_pixel_anywhere_is_named(
    folders, cell, name, header, label, row, pixel
) -> None:
    folder = next(folders)
    folder.fill(scale="0..255", header=header, label=label)
    column = pixel + (name == "train" and label == "first")
    line = row + (header == "names")
    folder.put(f"{name}.csv", line, column, cell)
    error = folder.refused()
    shown = f"pixel{pixel}" if header == "names" else column + 1
    assert error.where == f"{name}.csv line {line + 1}, column {shown}"
    assert (error.found, error.expected) == (found(cell), CELLS[cell])


def test_the_message_of_one_fault_is_a_sentence_and_the_status_is_2(folder) -> None:
    folder.fill(header="names", scale="0..255")
    folder.put("train.csv", 7, 3, "abc")
    assert folder.refusal() == (
        "train.csv line 8, column pixel3: found 'abc'. Expected a number. "
        "Correct the file and run the command again.\n"
    )


@pytest.mark.parametrize(("count", "more"), [(5, []), (6, ["  ... and 1 more"])])
@pytest.mark.parametrize("same_row", [False, True])
def test_faults_above_five_are_counted(folder, count, more, same_row) -> None:
    folder.fill()
    for number in range(count):
        folder.put("train.csv", 10 if same_row else 10 + number, number, "x")
    first, *details = folder.refusal().splitlines()
    assert first == f"train.csv: {count} faults. Correct the file and run the command again."
    assert details[5:] == more
    assert len(details) == 5 + len(more)


def test_the_message_of_many_faults_lists_the_first_five_in_file_order(folder) -> None:
    folder.fill()
    cells = [(10, 63), (12, 0), (11, 62), (13, 1), (14, 33), (15, 33), (16, 33)]
    for row, column in cells:
        folder.put("train.csv", row, column, "x")
    first, *details = folder.refusal().splitlines()
    assert first.startswith("train.csv: 7 faults")
    assert details == [
        *(
            f"  line {row + 1}, column {column + 1}: found 'x'; expected a number"
            for row, column in sorted(cells)[:5]
        ),
        "  ... and 2 more",
    ]


def test_invalid_rows_and_cells_are_counted_together(folder) -> None:
    folder.fill()
    for row in range(10, 18):
        folder.put("train.csv", row, 33, "x")
    folder.change("train.csv", lambda rows: rows[2].pop())
    error = folder.refused()
    assert error.found == "9 faults"
    assert error.details[0] == "line 3: 64 fields; expected 65, as in the first row"
    assert error.details[1] == "line 11, column 34: found 'x'; expected a number"


@pytest.mark.parametrize(("low", "high", "cell"), [(0, 1, "1.5"), (0, 16, "17"), (-1, 1, "-1.01")])
def test_a_pixel_outside_its_range_is_named_on_every_scale(folder, low, high, cell) -> None:
    folder.fill(scale=f"{low}..{high}" + ".0" * (high == 1))
    folder.put("train.csv", 4, 20, cell)
    error = folder.refused()
    assert error.where == "train.csv line 5, column 21"
    assert error.expected == f"a pixel in {low}..{high}"


def test_a_whole_row_on_another_scale_is_named(folder) -> None:
    folder.fill(scale="0..1.0")
    folder.change("train.csv", lambda rows: rows[5].__setitem__(slice(0, 64), ["200"] * 64))
    error = folder.refused()
    assert (error.where, error.found) == ("train.csv", "64 faults")
    assert error.details[0] == "line 6, column 1: found '200'; expected a pixel in 0..1"
    assert error.details[5:] == ("... and 59 more",)


ROWS = {  # what is done to the rows -> line, what is found
    "short": (lambda rows: rows[9].pop(), 10, "{less} fields"),
    "long": (lambda rows: rows[9].append("3"), 10, "{more} fields"),
    "a stray comma": (
        lambda rows: rows[9].append(""), 10,
        "{more} fields, the last of them empty after a stray ','",
    ),
    "a comment": (lambda rows: rows.insert(9, ["# so"]), 10, "1 field"),
    "the header": (lambda rows: rows.insert(9, rows[0][:]), 10, "a repeated header"),
    "an open quote": (
        lambda rows: rows[9].__setitem__(10, '"5'), 10,
        "11 fields, the last of them with a quote that is not closed",
    ),
    "an open quote at the end": (
        lambda rows: rows[9].__setitem__(-1, '"5'), 10,
        "the last cell has a quote that is not closed",
    ),
    "cut short": (lambda rows: rows[-1].__delitem__(slice(20, None)), None, "20 fields"),
}  # fmt: skip
OTHERS = {"a repeated header": "a row of data", "the last cell": "a closing quote"}


@pytest.mark.parametrize("fault", ROWS)
@pytest.mark.parametrize("name", ["train.csv", "test.csv"])
def test_an_invalid_row_is_named(folder, name, fault) -> None:
    folder.fill(header="names")
    change, line, said = ROWS[fault]
    rows = folder.rows(name)
    n = len(rows[0])
    folder.change(name, change)
    error = folder.refused()
    assert error.where == f"{name} line {line or len(rows)}"
    assert error.found == said.format(less=n - 1, more=n + 1)
    others = [expected for start, expected in OTHERS.items() if said.startswith(start)]
    assert error.expected == (others or [f"{n}, as in the first row"])[0]


@pytest.mark.parametrize("column", ["first", "last"])
def test_a_label_that_is_too_long_is_named(folder, column) -> None:
    folder.fill(header="names", label=column)
    at = 0 if column == "first" else 64
    folder.put("train.csv", 9, at, "x" * 257)
    error = folder.refused()
    assert error.where == "train.csv line 10, column label"
    assert (error.found, error.expected) == ("a text of 257 characters", "at most 256")
    folder.put("train.csv", 9, at, "x" * 256)
    assert "expected an integer" in str(folder.refused()).lower()  # read, but no class


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("label", ["0", "label"])
@pytest.mark.parametrize("name", ["train.csv", "test.csv"])
def test_a_header_of_numbers_that_is_repeated_is_named(
    folder, name, label, mark, exact, monkeypatch
) -> None:
    folder.fill(scale="0..255", header="numbers", label="first")
    folder.put("train.csv", 0, 0, label)
    if exact:
        monkeypatch.setattr(Parser, "parse", lambda self, block: None)
    for line in (2, 10):
        folder.change(
            name, lambda rows, at=line - 1: rows.insert(at, [mark + rows[0][0], *rows[0][1:]])
        )
        error = folder.refused()
        assert (error.where, error.found) == (f"{name} line {line}", "a repeated header")
        folder.change(name, lambda rows, at=line - 1: rows.pop(at))
    assert len(folder.load().labels) == 40


def test_a_row_of_empty_cells_has_a_fault_in_each(folder) -> None:
    folder.fill(header="names")
    folder.change("train.csv", lambda rows: rows.insert(9, [""] * 65))
    assert folder.refused().details[0].startswith("line 10, column pixel0: the cell is empty")


def test_trailing_delimiters_are_refused_in_all_rows_or_all_but_the_header(folder) -> None:
    folder.fill(header="names")
    folder.change("train.csv", lambda rows: [row.append("") for row in rows[1:]])
    assert folder.refused().found == "40 faults"
    for header in ("none", "names"):
        folder.fill(header=header)
        folder.change("train.csv", lambda rows: [row.append("") for row in rows])
        error = folder.refused()
        assert error.where == "train.csv line 1"
        assert error.found == "the row ends with a delimiter: column 66 is empty"


@pytest.mark.parametrize("cell", ["", "  ", "nan", "NaN", "NA", "n/a", "null", "3.5", "sevn"])
@pytest.mark.parametrize("header", ["none", "names"])
@pytest.mark.parametrize("label", ["first", "last"])
def test_a_missing_or_invalid_label_is_named(folder, label, header, cell) -> None:
    for row in (0, 7):
        folder.fill(header=header, label=label)
        line = row + (header == "names")
        folder.put("train.csv", line, 0 if label == "first" else 64, cell)
        error = folder.refused()
        column = "label" if header == "names" else "1" if label == "first" else "65"
        assert error.where == f"train.csv line {line + 1}, column {column}"
        invalid = cell in ("3.5", "sevn")
        assert error.expected == (
            "an integer in 0..9, as the other labels are" if invalid else "a label"
        )


@pytest.mark.parametrize("cell", ["x", "None", "88", "-1", "00"])
@pytest.mark.parametrize("classes", [2, 10])
def test_a_rare_label_unlike_the_others_is_named_unless_it_is_meant(folder, classes, cell) -> None:
    folder.fill(rows=400, header="names")
    labels = [row % classes for row in range(400)]
    labels[7] = cell
    folder.replace_column("train.csv", -1, labels)
    error = folder.refused()
    assert (error.where, error.found) == ("train.csv line 9, column label", f"found {cell!r}")
    assert error.expected == f"an integer in 0..{classes - 1}, as the other labels are"
    assert "classes = [...]" in error.remedy
    folder.write("competition.toml", f"classes = {[*range(classes), cell]}")
    assert len(folder.load().classes) == classes + 1
    assert cell in folder.load().classes
    folder.write("competition.toml", f"classes = {[*range(classes)]}")
    assert folder.refused().expected.startswith("one of 0, 1")


@pytest.mark.parametrize("rare", [["10"], ["a", "b", "c"] * 15, ["12", "13", "14"]])
def test_a_rare_class_like_the_others_or_one_of_many_is_a_class(folder, rare) -> None:
    folder.fill(rows=200, header="names")
    folder.replace_column("train.csv", -1, [*rare, *(n % 10 for n in range(200 - len(rare)))])
    assert len(folder.load().classes) == 10 + len(set(rare))


def test_a_number_among_words_is_named(folder) -> None:
    folder.fill(rows=200, header="names", words=True)
    folder.put("train.csv", 9, -1, "7")
    assert folder.refused().expected == "a word, as the other labels are"


def test_large_labels_that_differ_stay_different(folder) -> None:
    folder.fill(header="names")
    names = [str(2**53 + row % 4) for row in range(40)]
    folder.replace_column("train.csv", -1, names)
    assert folder.load().classes == tuple(sorted(set(names)))


@pytest.mark.parametrize("cell", ["\x1b[31m5", "5\a5", "5\x9b5"])
@pytest.mark.parametrize("place", ["header", "label", "id"])
def test_control_characters_never_reach_the_terminal(folder, place, cell) -> None:
    folder.fill(header="names", ids="both")
    row, column = {"header": (0, 7), "label": (4, -1), "id": (4, 0)}[place]
    folder.put("train.csv", row, column, cell)
    shown = folder.refusal()
    assert repr(cell)[1:-1] in shown
    assert "Expected printable characters" in shown
    assert f"line {row + 1}" in shown


@pytest.mark.parametrize("cell", ["\u0663", "\uff15"])
@pytest.mark.parametrize("column", [7, -1])
def test_digits_of_other_scripts_are_no_numbers(folder, column, cell) -> None:
    folder.fill(rows=100, header="names")
    folder.put("train.csv", 4, column, cell)
    assert folder.refused().where.startswith("train.csv line 5, column")


def test_labels_that_are_fractions_are_refused(folder) -> None:
    folder.fill(header="names")
    folder.change("train.csv", lambda rows: [r.append(f"{int(r.pop()) / 7}") for r in rows[1:]])
    error = folder.refused()
    assert error.where == "train.csv column label"
    assert error.found.startswith("the labels are fractions, such as 0.14285")
    assert error.expected == "classes: integers or words"


@pytest.mark.parametrize("header", ["none", "names"])
def test_repeated_and_empty_ids_are_named(folder, header) -> None:
    folder.fill(header=header, ids="both")
    first = header == "names"
    folder.put("test.csv", first + 5, 0, "503")
    folder.put("test.csv", first + 8, 0, "")
    column = "id" if header == "names" else "1"
    assert folder.refused().details == (
        f"line {first + 6}, column {column}: the id '503' repeats line {first + 3}",
        f"line {first + 9}, column {column}: the id is empty",
    )


@pytest.mark.parametrize("name", ["train.csv", "test.csv"])
def test_a_byte_that_is_not_utf8_is_named(folder, name) -> None:
    for line in (1, 9):
        folder.fill(header="names")
        lines = folder.read(name).splitlines(keepends=True)
        lines[line - 1] = b"\xe9" + lines[line - 1]
        folder.write(name, b"".join(lines))
        error = folder.refused()
        assert error.where == f"{name} line {line}"
        assert error.found == "the byte 0xe9 is not UTF-8 text"


def test_zero_bytes_deep_in_a_file_are_named(folder) -> None:
    folder.fill(rows=1400)
    folder.put("train.csv", 1390, 20, "\x00\x00")
    error = folder.refused()
    assert (error.where, error.found) == ("train.csv line 1391, column 21", r"found '\x00\x00'")


def test_lines_are_counted_past_blank_ones_and_a_delimiter_line(folder) -> None:
    folder.fill(header="names")
    folder.put("train.csv", 7, 20, "x")
    text = folder.read("train.csv").decode()
    folder.write("train.csv", "sep=,\n\n" + text.replace("\n", "\n\n", 3))
    assert folder.refused().where == "train.csv line 13, column pixel20"
