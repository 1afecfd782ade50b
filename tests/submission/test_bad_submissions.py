"""Each bad submission of the corpus is refused or warned of, with all faults in one report."""

import os
import re
from pathlib import Path

import pytest
from bad_submissions import DOUBTFUL, HEADER, MUTANTS, ROWS, content, valid
from click.testing import CliRunner, Result

import pipeline as pp
from pipeline.cli import main
from pipeline.errors import PipelineError
from pipeline.submission.check import find_faults
from pipeline.submission.format import submission_format


@pytest.fixture(scope="module")
def competition(folders) -> Path:
    """A folder with 100 training rows, ten of each class, and 12 test rows."""
    folder = next(folders)
    folder.fill(rows=100, header="names")
    folder.replace_column("train.csv", -1, [row % 10 for row in range(100)])
    return folder.path


@pytest.fixture
def check(competition: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs `pipeline check` on lines, or on content, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(lines: list[str] | bytes, name: str = "mine.csv") -> Result:
        Path(name).write_bytes(content(lines))
        before = sorted(Path().rglob("*"))
        result = CliRunner().invoke(main, ["check", str(competition), name])
        assert sorted(Path().rglob("*")) == before
        return result

    return run


@pytest.mark.parametrize("name", MUTANTS)
def test_every_fault_of_a_mutant_is_found(competition: Path, name: str) -> None:
    lines, kinds = MUTANTS[name]
    faults = find_faults(submission_format(pp.load(competition)), content(lines))
    assert [fault.kind for fault in faults] == kinds


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_refused_with_all_faults_in_one_report(check, name: str) -> None:
    lines, kinds = MUTANTS[name]
    result = check(lines)
    assert (result.exit_code, result.stdout) == (2, "")
    first, *report = result.stderr.splitlines()
    errors = f"{len(kinds)} error{'s' * (len(kinds) > 1)}"
    assert first == f"Error: mine.csv: invalid submission: {errors}."
    assert len([line for line in report if "also doubtful" not in line]) == len(kinds)
    assert max(map(len, report)) < 200
    assert re.sub(r"[\x20-\x7e]|\n", "", result.stderr) == ""


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_doubtful_submission_is_warned_of(check, name: str) -> None:
    lines, said = DOUBTFUL[name]
    result = check(lines)
    assert (result.exit_code, result.stdout) == (0, "mine.csv: valid, 12 rows\n")
    assert result.stderr.startswith(f"Warning: mine.csv: {said}")


def test_a_valid_submission_is_not_warned_of(check) -> None:
    assert check(valid()).output == "mine.csv: valid, 12 rows\n"


@pytest.mark.parametrize("place", ["other.csv", "submissions/competition/best.csv"])
def test_predictions_that_another_file_has_are_warned_of(check, place: str) -> None:
    other = Path(place)
    other.parent.mkdir(parents=True, exist_ok=True)
    other.write_bytes(content(['"Id","Category"', *ROWS[::-1]]))
    assert check(valid()).stderr == f"Warning: mine.csv: the predictions are those of {place}\n"
    other.write_bytes(content([*valid()[:-1], "11,0"]))
    assert check(valid()).stderr == ""
    Path("link.csv").symlink_to("mine.csv")
    assert check(valid()).stderr == ""


@pytest.mark.parametrize(("count", "more"), [(3, ""), (5, "and those of 2 more files")])
def test_three_of_the_files_with_the_same_predictions_are_named(check, count, more) -> None:
    for number in range(count):
        Path(f"{number}.csv").write_bytes(content(valid()))
    warnings = [f"the predictions are those of {number}.csv" for number in range(3)]
    text = "".join(f"Warning: mine.csv: {warning}\n" for warning in [*warnings, more] if warning)
    assert check(valid()).stderr == text


def test_the_predictions_of_the_sample_are_warned_of(folder, tmp_path: Path) -> None:
    folder.fill(header="names")
    folder.write("sample_submission.csv", content(valid()))
    path = tmp_path / "mine.csv"
    path.write_bytes(content(valid()))
    doubts: list[str] = []
    assert pp.check(folder.load(), path, on_doubt=doubts.append) == 12
    assert doubts == [f"the predictions are those of {folder.path}/sample_submission.csv"]


def test_doubts_are_in_the_report_of_faults(check) -> None:
    result = check([HEADER, *(f"{row},7" for row in range(11))])
    assert result.stderr.splitlines() == [
        "Error: mine.csv: invalid submission: 2 errors.",
        "  11 rows; expected 12",
        "  1 missing id: 11",
        "  also doubtful: 11 of 11 rows are of class '7', and 10% of the training rows",
    ]


def test_classes_without_predictions_are_warned_of(folder, tmp_path: Path) -> None:
    folder.fill(rows=200, test_rows=300, header="names")
    folder.replace_column("train.csv", -1, [row % 10 for row in range(200)])
    path = tmp_path / "mine.csv"
    path.write_bytes(content([HEADER, *(f"{row},{row % 8}" for row in range(300))]))
    doubts: list[str] = []
    pp.check(folder.load(), path, on_doubt=doubts.append)
    assert doubts == ["no row is of class '8', '9'"]


@pytest.mark.parametrize("trained", [0.5, 0.9])
def test_a_class_that_is_frequent_in_training_may_be_frequent(folder, tmp_path, trained) -> None:
    folder.fill(rows=100, header="names")
    folder.replace_column("train.csv", -1, [int(row >= 100 * trained) for row in range(100)])
    path = tmp_path / "mine.csv"
    path.write_bytes(content([HEADER, *(f"{row},{int(row > 8)}" for row in range(12))]))
    doubts: list[str] = []
    pp.check(folder.load(), path, on_doubt=doubts.append)
    assert doubts == []


@pytest.mark.parametrize(
    ("trained", "sevens", "rows", "said"),
    [
        (10, 6, 12, None),  # half of the rows
        (10, 7, 12, "7 of 12 rows are of class '7', and 10% of the training rows"),
        (40, 13, 20, None),  # a quarter more than of the training rows
        (40, 14, 20, "14 of 20 rows are of class '7', and 40% of the training rows"),
        (90, 12, 12, "12 of 12 rows are of class '7', and 90% of the training rows"),
    ],
)
def test_how_often_a_class_is_doubtful(folder, tmp_path, trained, sevens, rows, said) -> None:
    folder.fill(rows=100, test_rows=rows, header="names")
    folder.replace_column("train.csv", -1, [7 if row < trained else row % 5 for row in range(100)])
    classes = [7 if row < sevens else row % 5 for row in range(rows)]
    (tmp_path / "mine.csv").write_bytes(
        content([HEADER, *(f"{row},{name}" for row, name in enumerate(classes))])
    )
    doubts: list[str] = []
    pp.check(folder.load(), tmp_path / "mine.csv", on_doubt=doubts.append)
    assert doubts == ([said] if said else [])


def test_a_class_is_missed_where_twenty_rows_are_expected(folder, tmp_path: Path) -> None:
    for rows, said in ((199, []), (200, ["no row is of class '9'"])):
        folder.path = tmp_path / str(rows)
        folder.path.mkdir()
        folder.fill(rows=100, test_rows=rows, header="names")
        folder.replace_column("train.csv", -1, [row % 10 for row in range(100)])
        path = tmp_path / f"{rows}.csv"
        path.write_bytes(content([HEADER, *(f"{row},{row % 9}" for row in range(rows))]))
        doubts: list[str] = []
        pp.check(folder.load(), path, on_doubt=doubts.append)
        assert doubts == said


def test_each_file_with_the_same_predictions_is_named_once(check) -> None:
    for name in ("b.csv", "a.csv"):
        Path(name).write_bytes(content(valid()))
    Path("link.csv").symlink_to("a.csv")
    Path("folder.csv").mkdir()
    assert [line.rpartition(" ")[2] for line in check(valid()).stderr.splitlines()] == [
        "a.csv",
        "b.csv",
    ]
    assert check(b"").stderr.count("a.csv") == 0


def test_doubts_about_probabilities_are_found(folder, tmp_path: Path) -> None:
    folder.fill(rows=100, header="names")
    folder.replace_column("train.csv", -1, [row % 10 for row in range(100)])
    header = "id," + ",".join(map(str, range(10)))
    sample = [header, *(f"{row}" + ",0.1" * 10 for row in range(12))]
    folder.write("sample_submission.csv", content(sample))
    path = tmp_path / "mine.csv"
    path.write_bytes(content([header, *(f"{row},0,0,1" + ",0" * 7 for row in range(12))]))
    doubts: list[str] = []
    pp.check(folder.load(), path, on_doubt=doubts.append)
    assert doubts == ["12 of 12 rows are of class '2', and 10% of the training rows"]
    # A row without numbers is a fault, and the doubts are about the others.
    rows = [f"{row},0,0,1" + ",0" * 7 for row in range(1, 12)]
    path.write_bytes(content([header, "0,a,0,1" + ",0" * 7, *rows]))
    with pytest.raises(PipelineError) as error:
        pp.check(folder.load(), path)
    assert "11 of 11 rows are of class '2'" in error.value.details[-1]


def test_a_class_without_training_rows_is_doubtful(folder, tmp_path: Path) -> None:
    folder.fill(rows=100, header="names")
    header = "id," + ",".join([*map(str, range(10)), "UNK"])
    sample = [header, *(f"{row}" + ",0" * 11 for row in range(12))]
    folder.write("sample_submission.csv", content(sample))
    folder.write("competition.toml", 'classes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, "UNK"]')
    path = tmp_path / "mine.csv"
    unknown = [f"{row}" + ",0" * 10 + ",1" for row in range(8)]
    path.write_bytes(content([header, *unknown, *(f"{row},1" + ",0" * 10 for row in range(8, 12))]))
    doubts: list[str] = []
    pp.check(folder.load(), path, on_doubt=doubts.append)
    assert doubts == ["8 of 12 rows are of class 'UNK', and 0% of the training rows"]


def test_another_file_that_cannot_be_read_does_not_have_the_same_predictions(
    check, monkeypatch
) -> None:
    Path("other.csv").write_bytes(content(valid()))
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "other.csv":
            raise PermissionError(13, "Permission denied")
        return read(path)

    assert "other.csv" in check(valid()).stderr
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert check(valid()).stderr == ""


def test_a_file_that_is_much_too_large_is_not_read(folder, tmp_path: Path) -> None:
    folder.fill(header="names")
    path, rows = tmp_path / "mine.csv", 12
    usual = sum(len(str(row)) for row in range(rows)) + rows * 26 * 2
    for size in (1 << 40, 20 * usual + (1 << 20) + 1):
        with open(path, "wb") as file:
            file.truncate(size)
        with pytest.raises(PipelineError) as error:
            pp.check(folder.load(), path)
        assert str(error.value) == (
            f"{path}: it has {size:,} bytes. Expected a submission of 12 rows, of about "
            f"{usual} bytes. Check that it is the right file."
        )
    os.truncate(path, size - 1)
    with pytest.raises(PipelineError, match="invalid submission"):
        pp.check(folder.load(), path)
