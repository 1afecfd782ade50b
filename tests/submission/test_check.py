"""Whatever a grader would refuse is refused before, with every fault named at once."""

import os

import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.errors import PipelineError
from pipeline.submission.check import check_file
from pipeline.submission.format import submission_format

HEADER = "Id,Category"
ROWS = [f"{row},{row % 10}" for row in range(12)]


def valid() -> list[str]:
    return [HEADER, *ROWS]


@pytest.fixture
def check(folder, tmp_path):
    """Checks lines, or bytes, as a submission for a folder of 12 test rows."""
    folder.fill()
    form = submission_format(folder.load())

    def run(content: list[str] | bytes) -> list[str]:
        if isinstance(content, list):
            content = ("\n".join(content) + "\n").encode()
        path = tmp_path / "submission.csv"
        path.write_bytes(content)
        try:
            check_file(form, path)
        except PipelineError as error:
            first, *faults = str(error).splitlines()
            count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
            assert first == f"{path} would not be accepted: {count}."
            return [fault.strip() for fault in faults]
        return []

    return run


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


def changed(line: int, text: str) -> list[str]:
    lines = valid()
    lines[line] = text
    return lines


MUTANTS = {  # content -> what is said of it
    "nothing": (b"", ["the file is empty"]),
    "newlines": (b"\n\n \n", ["the file is empty"]),
    "a mark alone": (b"\xef\xbb\xbf\n", ["the file is empty"]),
    "byte-order mark": (
        "\n".join(["\ufeff" + HEADER, *ROWS]).encode(),
        ["line 1: it starts with a byte-order mark, which becomes part of the header"],
    ),
    "UTF-16": ("\n".join(valid()).encode("utf-16"), ["it is not UTF-8 text"]),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ["it is not UTF-8 text"]),
    "no header": (ROWS, ["line 1: the header is '0,0'; expected 'Id,Category'"]),
    "header in small letters": (
        ["id,category", *ROWS],
        ["line 1: the header is 'id,category'; expected 'Id,Category'"],
    ),
    "header with a space": (
        ["Id, Category", *ROWS],
        ["line 1: the header is 'Id, Category'; expected 'Id,Category'"],
    ),
    "header the other way": (
        ["Category,Id", *ROWS],
        ["line 1: the header is 'Category,Id'; expected 'Id,Category'"],
    ),
    "header after a blank line": (
        ["", *valid()],
        ["line 1: the header is ''; expected 'Id,Category'", "13 rows; expected 12",
         "an id that was not asked for (1 row: line 2)",
         "line 2: 'Category' is none of the classes (1 such row). Expected one of 0, 1, 2, ..."],
    ),
    "only a header": ([HEADER], ["0 rows; expected 12", "12 ids missing: 0, 1, 2, ..."]),
    "a row missing": (valid()[:-1], ["11 rows; expected 12", "1 id missing: 11"]),
    "a row more": (
        [*valid(), "12,3"],
        ["13 rows; expected 12", "an id that was not asked for (1 row: line 14)"],
    ),
    "a row twice": (
        [*valid(), "11,1"],
        ["13 rows; expected 12", "1 id there more than once: 11"],
    ),
    "an id twice": (
        changed(3, "1,2"),
        ["1 id missing: 2", "1 id there more than once: 1"],
    ),
    "an id with a fraction": (
        changed(3, "2.0,2"),
        ["1 id missing: 2", "an id that was not asked for (1 row: line 4)"],
    ),
    "an id with a space": (
        changed(3, " 2,2"),
        ["1 id missing: 2", "an id that was not asked for (1 row: line 4)"],
    ),
    "an empty id": (
        changed(3, ",2"),
        ["1 id missing: 2", "an id that was not asked for (1 row: line 4)"],
    ),
    "ids from 1": (
        [HEADER, *(f"{row},0" for row in range(1, 13))],
        ["1 id missing: 0", "an id that was not asked for (1 row: line 13)"],
    ),
    "a class with a fraction": (
        changed(4, "3,3.0"),
        ["line 5: '3.0' is none of the classes (1 such row). Write 3."],
    ),
    "an exponent": (
        changed(4, "3,3e0"),
        ["line 5: '3e0' is none of the classes (1 such row). Write 3."],
    ),
    "a class with a space": (
        changed(4, "3, 3"),
        ["line 5: ' 3' is none of the classes (1 such row). Write 3."],
    ),
    "an unknown class": (
        changed(4, "3,ten"),
        ["line 5: 'ten' is none of the classes (1 such row). Expected one of 0, 1, 2, ..."],
    ),
    "no number": (
        changed(4, "3,nan"),
        ["line 5: 'nan' is none of the classes (1 such row). Expected one of 0, 1, 2, ..."],
    ),
    "an empty class": (
        changed(4, "3,"),
        ["line 5: the class is empty (1 such row). Expected one of 0, 1, 2, ..."],
    ),
    "all classes as fractions": (
        [HEADER, *(f"{row}," + "4.0" for row in range(12))],
        ["line 2: '4.0' is none of the classes (12 such rows). Write 4."],
    ),
    "a column more": (
        [f"{line},0" for line in valid()],
        ["line 1: the header is 'Id,Category,0'; expected 'Id,Category'",
         "not 2 fields (12 rows: line 2, 3, 4, ...)", "12 ids missing: 0, 1, 2, ..."],
    ),
    "an index": (
        [",Id,Category", *(f"{n},{line}" for n, line in enumerate(ROWS))],
        ["line 1: the header is ',Id,Category'; expected 'Id,Category'",
         "not 2 fields (12 rows: line 2, 3, 4, ...)", "12 ids missing: 0, 1, 2, ..."],
    ),
    "ids alone": (
        [line.split(",")[0] for line in valid()],
        ["line 1: the header is 'Id'; expected 'Id,Category'",
         "not 2 fields (12 rows: line 2, 3, 4, ...)", "12 ids missing: 0, 1, 2, ..."],
    ),
    "semicolons": (
        [line.replace(",", ";") for line in valid()],
        ["line 1: the header is 'Id;Category'; expected 'Id,Category'",
         "not 2 fields (12 rows: line 2, 3, 4, ...)", "12 ids missing: 0, 1, 2, ..."],
    ),
    "a trailing comma": (
        changed(4, "3,3,"),
        ["not 2 fields (1 row: line 5)", "1 id missing: 3"],
    ),
    "a blank line in the middle": (
        [*valid()[:5], "", *valid()[5:]],
        ["not 2 fields (1 row: line 6)", "13 rows; expected 12"],
    ),
    "the header again": (
        [*valid(), HEADER],
        ["13 rows; expected 12", "an id that was not asked for (1 row: line 14)",
         "line 14: 'Category' is none of the classes (1 such row). Expected one of 0, 1, 2, ..."],
    ),
    "an unclosed quote": (
        changed(4, '3,"3'),
        ["4 rows; expected 12", "8 ids missing: 4, 5, 6, ..."],
    ),
    "a cell without end": (
        changed(4, "3," + "3" * 200_000),
        ["line 5: field larger than field limit (131072)"],
    ),
    "many faults": (
        ["id,label", "0,3.0", "0,x", "1,y", "1,z", "2,w,1", "77,5"],
        ["line 1: the header is 'id,label'; expected 'Id,Category'",
         "not 2 fields (1 row: line 6)", "6 rows; expected 12",
         "10 ids missing: 2, 3, 4, ...", "an id that was not asked for (1 row: line 7)",
         "2 ids there more than once: 0, 1",
         "line 2: '3.0' is none of the classes (1 such row). Write 3.",
         "line 3: 'x' is none of the classes (1 such row). Expected one of 0, 1, 2, ...",
         "line 4: 'y' is none of the classes (1 such row). Expected one of 0, 1, 2, ...",
         "... and 1 other value"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS)
def test_every_fault_of_a_mutant_is_named(check, mutant) -> None:
    content, said = MUTANTS[mutant]
    found = check(content)
    if mutant == "an unclosed quote":  # the rest of the file has become one cell
        assert found[: len(said)] == said
        assert "is none of the classes" in found[-1]
    else:
        assert found == said


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("7.0", "'7.0' is none of the classes (1 such row). Write 07."),
        ("sevn", "'sevn' is none of the classes (1 such row). Did you mean 'seven'?"),
    ],
)
def test_the_class_that_was_meant_is_named(folder, tmp_path, cell, said) -> None:
    folder.fill(words=cell == "sevn")
    if cell == "7.0":
        folder.change("train.csv", lambda rows: [row.append(f"0{row.pop()}") for row in rows])
    competition = folder.load()
    rows = [f"{row},{competition.classes[0]}" for row in range(11)]
    path = tmp_path / "submission.csv"
    path.write_text("\n".join([HEADER, *rows, f"11,{cell}\n"]))
    with pytest.raises(PipelineError) as error:
        check_file(submission_format(competition), path)
    assert str(error.value).splitlines()[1:] == [f"  line 13: {said}"]


PROBABILITIES = {  # one row's cells -> what is said of them
    "text": (["x", *["0.1"] * 9], "a probability is no number in 0..1 (1 row: line 5)"),
    "empty": (["", *["0.1"] * 9], "a probability is no number in 0..1 (1 row: line 5)"),
    "NaN": (["nan", *["0.1"] * 9], "a probability is no number in 0..1 (1 row: line 5)"),
    "negative": (["-0.1", "0.3", *["0.1"] * 8], "a probability is no number in 0..1"),
    "above 1": (["1.9", "-0.9", *["0"] * 8], "a probability is no number in 0..1"),
    "too little": (["0.05"] * 10, "the probabilities do not sum to 1 (1 row: line 5)"),
    "too few": (["0.1"] * 9, "not 11 fields (1 row: line 5)"),
}


@pytest.mark.parametrize("cells", [None, *PROBABILITIES])
def test_probabilities_are_checked(folder, tmp_path, cells) -> None:
    folder.fill()
    lines = [["id", *map(str, range(10))], *([str(row), *["0.1"] * 10] for row in range(12))]
    folder.save("sample_submission.csv", lines)
    form = submission_format(folder.load())
    path = tmp_path / "submission.csv"
    if cells:
        lines[4][1:] = PROBABILITIES[cells][0]
    path.write_text("".join(",".join(line) + "\n" for line in lines))
    if cells is None:
        check_file(form, path)
        return
    with pytest.raises(PipelineError) as error:
        check_file(form, path)
    assert PROBABILITIES[cells][1] in str(error.value)


def run(*words: object):
    return CliRunner().invoke(main, ["check", *map(str, words)])


def test_the_command_accepts_a_valid_file(folder, tmp_path) -> None:
    folder.fill()
    path = tmp_path / "submission.csv"
    path.write_text("\n".join(valid()))
    result = run(folder.path, path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{path}: valid, 12 rows of Id,Category\n"


def test_the_command_refuses_with_status_2_and_leaves_everything_as_it_is(folder, tmp_path) -> None:
    folder.fill()
    path = tmp_path / "submission.csv"
    path.write_text("\n".join(valid()[:-2]))
    before = folder.tree()
    result = run(folder.path, path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "would not be accepted: 2 faults." in result.stderr
    assert "2 ids missing: 10, 11" in result.stderr
    assert folder.tree() == before


def test_a_missing_file_and_a_folder_are_refused(folder, tmp_path) -> None:
    folder.fill()
    missing = run(folder.path, tmp_path / "nowhere.csv")
    assert missing.exit_code == 2
    assert "nowhere.csv cannot be read: No such file or directory." in missing.stderr
    directory = run(folder.path, tmp_path)
    assert directory.exit_code == 2
    assert "is not a file." in directory.stderr


def test_a_pipe_is_refused_at_once(folder, tmp_path) -> None:
    folder.fill()
    os.mkfifo(tmp_path / "pipe")
    result = run(folder.path, tmp_path / "pipe")
    assert result.exit_code == 2
    assert "is not a file" in result.stderr
