"""Files that a grader would not accept are rejected, with all faults at once."""

import os

import pytest
from bad_submissions import HEADER, ROWS, changed, valid
from click.testing import CliRunner

import pipeline as pp
from pipeline.cli import main
from pipeline.errors import PipelineError
from pipeline.submission.check import Violation, find_faults
from pipeline.submission.format import submission_format


@pytest.fixture
def check(folder):
    """Finds the faults of lines, or bytes, as a submission for a folder of 12 test rows."""
    folder.fill()
    expected = submission_format(folder.load())

    def find(content: list[str] | bytes) -> list[Violation]:
        if isinstance(content, list):
            content = ("\n".join(content) + "\n").encode()
        return list(find_faults(expected, content))

    return find


@pytest.mark.parametrize(
    "content",
    [
        valid(),
        [HEADER, *ROWS[::-1]],
        [HEADER, *ROWS, "", ""],
        ["\"Id\",\"Category\"", *(f'"{row}","3"' for row in range(12))],
        "\r\n".join([*valid(), ""]).encode(),
        "\n".join(valid()).encode(),
    ],
    ids=["as written", "in another order", "blank end", "quoted", "CRLF", "no newline at the end"],
)  # fmt: skip
def test_a_valid_file_is_accepted(check, content) -> None:
    assert check(content) == []


WORDING = {
    "empty file": (b"", "the file is empty"),
    "byte-order mark": (
        "\n".join(["\ufeff" + HEADER, *ROWS]).encode(),
        "line 1: the file starts with a byte-order mark, which becomes part of the header",
    ),
    "encoding": (b"\xff", "the file is not UTF-8 text"),
    "CSV": (
        changed(4, "3," + "3" * 200_000),
        "line 5: a cell is longer than 131,072 characters",
    ),
    "header": (
        ["id,category", *ROWS],
        "line 1: the header is 'id,category'; expected 'Id,Category'",
    ),
    "fields": ([*valid()[:5], "", "x", "", "", *valid()[5:]],
               "4 rows without 2 fields: lines 6, 7, 8, ..."),
    "number of rows": (valid()[:-1], "11 rows; expected 12"),
    "missing ids": ([HEADER], "12 missing ids: 0, 1, 2, ..."),
    "unknown ids": ([*valid(), "12,3"], "1 row with an unknown id: line 14"),
    "repeated ids": ([*valid(), "11,1"], "1 repeated id: 11"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WORDING)
def test_a_fault_says_where_it_is(check, kind) -> None:
    content, text = WORDING[kind]
    assert [fault.text for fault in check(content) if fault.kind == kind] == [text]


def test_a_missing_header_is_said(check) -> None:
    (fault,) = check([*ROWS])
    assert fault.kind == "header"
    assert fault.text == "line 1: there is no header; expected 'Id,Category' above the rows"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("3.0", "'3.0' is not a class (1 row). Write 3."),
        ("3e0", "'3e0' is not a class (1 row). Write 3."),
        (" 3", "' 3' is not a class (1 row). Write 3."),
        ("ten", "'ten' is not a class (1 row). Expected one of 0, 1, 2, ..."),
        ("", "the class is empty (1 row). Expected one of 0, 1, 2, ..."),
    ],
)
def test_a_wrong_class_has_a_hint(check, cell, text) -> None:
    assert check(changed(4, f"3,{cell}")) == [Violation("class", f"line 5: {text}")]


@pytest.mark.parametrize(
    ("cell", "hint"), [("7.0", "Write 07."), ("sevn", "Did you mean 'seven'?")]
)
def test_the_hint_is_the_class_that_was_meant(folder, cell, hint) -> None:
    folder.fill(words=cell == "sevn")
    if cell == "7.0":
        folder.change("train.csv", lambda rows: [row.append(f"0{row.pop()}") for row in rows])
    competition = folder.load()
    rows = [f"{row},{competition.classes[0]}" for row in range(11)]
    content = "\n".join([HEADER, *rows, f"11,{cell}\n"]).encode()
    (fault,) = find_faults(submission_format(competition), content)
    assert fault.text == f"line 13: {cell!r} is not a class (1 row). {hint}"


def test_other_values_are_counted(check) -> None:
    lines = [HEADER, *(f"{row},{'abcde'[row % 5]}" for row in range(12))]
    *first, last = check(lines)
    assert [fault.text.partition(".")[0] for fault in first] == [
        "line 2: 'a' is not a class (3 rows)",
        "line 3: 'b' is not a class (3 rows)",
        "line 4: 'c' is not a class (2 rows)",
    ]
    assert last.text == "... and 2 other values"


@pytest.mark.parametrize(
    ("more", "shown"), [(40, "Id,Category" + "x" * 40), (41, "Id,Category...")]
)
def test_a_very_long_header_is_cut(check, more: int, shown: str) -> None:
    (fault,) = check([HEADER + "x" * more, *ROWS])
    assert fault.text == f"line 1: the header is {shown!r}; expected 'Id,Category'"


def test_three_examples_are_shown_and_long_or_unprintable_ones_cut(check) -> None:
    texts = [fault.text for fault in check(valid()[:-3])]
    assert texts == ["9 rows; expected 12", "3 missing ids: 9, 10, 11"]
    texts = [fault.text for fault in check([*valid(), *["\b" * 50 + ",1"] * 2])]
    assert texts[-1] == f"1 repeated id: {chr(8) * 40!r}"
    texts = [
        fault.text for fault in check([HEADER, *(f"{row},{'abcd'[row % 4]}" for row in range(12))])
    ]
    assert texts[-1] == "... and 1 other value"
    texts = [
        fault.text for fault in check([HEADER, *(f"{row},{'abc'[row % 3]}" for row in range(12))])
    ]
    assert len(texts) == 3
    (fault,) = check(changed(4, "3," + "9" * 99))
    assert fault.text.startswith(f"line 5: {'9' * 40!r} is not a class (1 row). ")


def test_large_numbers_of_rows_have_separators(check) -> None:
    text = next(fault.text for fault in check([*valid(), *["99,1"] * 1000]))
    assert text == "1,012 rows; expected 12"


PROBABILITIES = {  # the cells of one row -> kind and text of the fault
    "text": (["x", *["0.1"] * 9], "probability", "1 row with a value that is not in 0..1: line 5"),
    "empty": (["", *["0.1"] * 9], "probability", None),
    "an underscore": (["0.1_0", *["0.1"] * 9], "probability", None),
    "NaN": (["nan", *["0.1"] * 9], "probability", None),
    "negative": (["-0.1", "0.3", *["0.1"] * 8], "probability", None),
    "above 1": (["1.9", *["0"] * 9], "probability", None),
    "a little too much": (["0.13", *["0.1"] * 9], "sum", None),
    "too little": (["0.05"] * 10, "sum", "1 row with probabilities that do not sum to 1: line 5"),
    "too few": (["0.1"] * 9, "fields", "1 row without 11 fields: line 5"),
    "rounded": (["0.0995", *["0.1"] * 9], None, None),
    "rounded up": (["0.1005", *["0.1"] * 9], None, None),
    "rounded too much": (["0.0985", *["0.1"] * 9], "sum", None),
    "zeros and a one": (["1", *["0"] * 9], None, None),
}


@pytest.mark.parametrize("cells", [None, *PROBABILITIES])
def test_probabilities_are_checked(folder, cells) -> None:
    folder.fill()
    lines = [["id", *map(str, range(10))], *([str(row), *["0.1"] * 10] for row in range(12))]
    folder.save("sample_submission.csv", lines)
    expected = submission_format(folder.load())
    if cells:
        lines[4][1:] = PROBABILITIES[cells][0]
    content = "".join(",".join(line) + "\n" for line in lines).encode()
    found = list(find_faults(expected, content))
    _, kind, text = PROBABILITIES.get(cells, ("", None, None))
    if kind is None:
        assert found == []
        return
    assert found[0].kind == kind
    assert text in (None, found[0].text)


def run(*words: object):
    return CliRunner().invoke(main, ["check", *map(str, words)])


def test_the_command_accepts_a_valid_file(folder, tmp_path) -> None:
    folder.fill()
    path = tmp_path / "submission.csv"
    path.write_text("\n".join(valid()))
    result = run(folder.path, path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert str(path) in result.stdout
    assert "12 rows" in result.stdout


def test_the_error_has_a_line_for_each_fault(folder, tmp_path) -> None:
    folder.fill()
    path = tmp_path / "submission.csv"
    path.write_text("\n".join(valid()[:-2]))
    with pytest.raises(PipelineError) as error:
        pp.check(folder.load(), path)
    assert error.value.where == path
    assert error.value.details == ("10 rows; expected 12", "2 missing ids: 10, 11")
    assert str(error.value).splitlines() == [
        f"{path}: invalid submission: 2 errors.",
        "  10 rows; expected 12",
        "  2 missing ids: 10, 11",
    ]


def test_the_command_ends_with_status_2_and_leaves_everything_as_it_is(folder, tmp_path) -> None:
    folder.fill()
    path = tmp_path / "submission.csv"
    path.write_text("\n".join(valid()[:-2]))
    before = folder.tree()
    result = run(folder.path, path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "invalid submission: 2 errors" in result.stderr
    assert folder.tree() == before


def test_a_file_that_cannot_be_read_is_named(folder, tmp_path) -> None:
    folder.fill()
    os.mkfifo(tmp_path / "pipe")
    competition = folder.load()
    for name, said in (
        (
            "nowhere.csv",
            "it cannot be read: No such file or directory. Check its name and permissions.",
        ),
        ("", "not a file. Expected a submission file. Name another file."),
        ("pipe", "not a file. Expected a submission file. Name another file."),
    ):
        with pytest.raises(PipelineError) as error:
            pp.check(competition, tmp_path / name)
        assert str(error.value) == f"{tmp_path / name}: {said}"
        assert run(folder.path, tmp_path / name).exit_code == 2
