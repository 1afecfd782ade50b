"""Submissions are written in the competition's format, or not at all."""

import csv

import numpy as np
import pytest
from click.testing import CliRunner

import pipeline as pp
from pipeline.cli import main
from pipeline.errors import PipelineError
from pipeline.submission.write import write_submission

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@pytest.fixture
def submit(folder, tmp_path):
    """Writes random predictions; returns the rows of the file, the classes, the probabilities."""

    def write():
        competition = folder.load()
        random = np.random.default_rng(0)
        shape = len(competition.test_pixels), len(competition.classes)
        probabilities = random.dirichlet(np.ones(shape[1]), shape[0]).astype(np.float32)
        path = tmp_path / "new folder" / "submission.csv"
        write_submission(competition, probabilities, path)
        pp.check(competition, path)
        best = [competition.classes[k] for k in probabilities.argmax(axis=1)]
        assert b"\r" not in path.read_bytes()
        assert path.read_bytes().endswith(b"\n")
        with open(path, newline="") as file:
            return list(csv.reader(file)), best, probabilities

    return write


@pytest.mark.parametrize(
    "name", ["train.csv", "test.csv", "sample_submission.csv", "competition.toml"]
)
def test_a_file_of_the_competition_is_not_replaced(folder, tmp_path, name: str) -> None:
    folder.fill(test_rows=4)
    folder.save("sample_submission.csv", [["Id", "Class"], *([row, 0] for row in range(1, 5))])
    folder.write("competition.toml", "validation = 0.3\n")
    competition, before = folder.load(), folder.read(name)
    (tmp_path / "link.csv").symlink_to(folder.path / name)
    for output in (folder.path / name, tmp_path / "link.csv"):
        for submit in (
            pp.submit,
            lambda *words, **options: pp.submit_for(*words, "30s", **options),
        ):
            with pytest.raises(PipelineError, match="it would replace a file that is read"):
                submit(competition, output=output, runs=tmp_path / "runs")
    assert folder.read(name) == before
    assert not (tmp_path / "runs").exists()


def test_without_a_sample_ids_count_from_0(folder, submit) -> None:
    folder.fill()
    rows, best, _ = submit()
    assert rows == [["Id", "Category"], *([str(row), label] for row, label in enumerate(best))]


def test_classes_are_spelled_as_in_the_training_file(folder, submit) -> None:
    folder.fill(words=True)
    rows, best, _ = submit()
    assert [row[1] for row in rows[1:]] == best
    assert set(best) <= set(WORDS)


def test_the_test_files_ids_are_used_where_there_is_no_sample(folder, submit) -> None:
    folder.fill(ids="test")
    rows, best, _ = submit()
    assert rows[1:] == [[str(501 + row), label] for row, label in enumerate(best)]


def test_header_and_first_id_can_be_overridden(folder, submit) -> None:
    folder.fill()
    folder.write("competition.toml", 'submission_header = ["ImageId", "Label"]\nfirst_id = 1\n')
    rows, best, _ = submit()
    assert rows == [["ImageId", "Label"], *([str(1 + n), label] for n, label in enumerate(best))]


def test_a_first_id_overrides_the_ids_of_the_test_file(folder, submit) -> None:
    folder.fill(ids="test")
    folder.write("competition.toml", "first_id = 7\n")
    assert [row[0] for row in submit()[0][1:]] == [str(7 + row) for row in range(12)]


def test_header_and_ids_are_those_of_the_sample(folder, submit) -> None:
    folder.fill()
    ids = [f"img_{row}.png" for row in range(12)]
    folder.save("sample_submission.csv", [["file", "digit"], *([id, 0] for id in ids)])
    rows, best, _ = submit()
    assert rows == [["file", "digit"], *([id, label] for id, label in zip(ids, best, strict=True))]


def test_rows_have_the_order_of_the_sample_and_the_class_of_their_id(folder, submit) -> None:
    folder.fill(ids="test")
    order = np.random.default_rng(1).permutation(12)
    folder.save("sample_submission.csv", [["id", "label"], *([501 + row, 0] for row in order)])
    rows, best, _ = submit()
    assert rows[1:] == [[str(501 + row), best[row]] for row in order]


@pytest.mark.parametrize("name", ["{}", "class_{}", "Prob {}", "p{}"])
def test_a_sample_with_a_column_for_each_class_gets_probabilities(folder, submit, name) -> None:
    folder.fill()
    columns = [name.format(digit) for digit in (3, 1, 4, 0, 5, 9, 2, 6, 8, 7)]
    folder.save("sample_submission.csv", [["id", *columns], *([n, *[0.1] * 10] for n in range(12))])
    rows, _, probabilities = submit()
    assert rows[0] == ["id", *columns]
    written = np.array([row[1:] for row in rows[1:]], np.float32)
    np.testing.assert_array_equal(written, probabilities[:, [3, 1, 4, 0, 5, 9, 2, 6, 8, 7]])


def test_a_column_belongs_to_the_class_with_the_longest_matching_name(folder, submit) -> None:
    folder.fill()
    folder.replace_column("train.csv", -1, [row % 12 for row in range(40)])
    columns = [f"class{digit}" for digit in range(12)]
    rows = [["id", *columns], *([row, *[0.1] * 12] for row in range(12))]
    folder.save("sample_submission.csv", rows)
    written, _, probabilities = submit()
    order = [folder.load().classes.index(str(digit)) for digit in range(12)]
    np.testing.assert_array_equal(
        np.array([row[1:] for row in written[1:]], np.float32), probabilities[:, order]
    )


def test_columns_with_other_numbers_need_the_classes_in_their_order(folder, submit) -> None:
    folder.fill()
    columns = [f"p{number}" for number in range(1, 11)]
    folder.save("sample_submission.csv", [["id", *columns], *([n, *[0.1] * 10] for n in range(12))])
    error = folder.refused()
    assert error.where == "sample_submission.csv"
    assert "classes = [...]" in error.remedy
    folder.write("competition.toml", "classes = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]")
    rows, _, probabilities = submit()
    written = np.array([row[1:] for row in rows[1:]], np.float32)
    np.testing.assert_array_equal(written, probabilities[:, ::-1])


@pytest.mark.parametrize("columns", [[*range(10), "UNK"], [f"p{number}" for number in range(11)]])
def test_a_class_without_training_rows_that_is_named_is_submitted_as_0(
    folder, submit, columns
) -> None:
    folder.fill()
    folder.save("sample_submission.csv", [["id", *columns], *([n, *[0] * 11] for n in range(12))])
    assert "classes = [...]. The probabilities of these are 0." in folder.refused().remedy
    folder.write("competition.toml", 'classes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, "UNK"]')
    rows, _, probabilities = submit()
    written = np.array([row[1:] for row in rows[1:]], np.float32)
    np.testing.assert_array_equal(written, np.pad(probabilities, ((0, 0), (0, 1))))
    never = [[row[0], *[0] * 10, 1] for row in rows[1:]]
    folder.save("elsewhere.csv", [rows[0], *never])
    doubts: list[str] = []
    pp.check(folder.load(), folder.path / "elsewhere.csv", on_doubt=doubts.append)
    assert "12 of 12 rows are of class 'UNK', and 0% of the training rows" in doubts


def test_row_numbers_in_another_order_are_refused_unless_they_are_meant(folder, submit) -> None:
    folder.fill()
    order = np.random.default_rng(1).permutation(12)
    folder.save("sample_submission.csv", [["id", "label"], *([1 + row, 0] for row in order)])
    error = folder.refused()
    assert error.where == "sample_submission.csv"
    assert error.found.startswith("the ids count from 1 but are not in ascending order")
    folder.write("competition.toml", "first_id = 2")
    assert "the ids are not those of" in folder.refused().found
    folder.write("competition.toml", "first_id = 1")
    rows, best, _ = submit()
    assert rows[1:] == [[str(1 + row), best[row]] for row in order]


@pytest.mark.parametrize("id", ["img_{}", "{:03d}.png", "{}.0"])
def test_numbered_names_in_another_order_are_refused(folder, id) -> None:
    folder.fill()
    folder.save("sample_submission.csv", [["id", "label"], *([id.format(n), 0] for n in range(12))])
    assert folder.load().sample.ids[1] == id.format(1)
    folder.change("sample_submission.csv", lambda rows: rows.insert(3, rows.pop()))
    error = folder.refused()
    assert error.found.startswith("the ids count from 0 but are not in ascending order")
    assert "copy the ids into test.csv" in error.remedy
    assert "first_id" not in error.remedy


def test_the_column_of_ids_may_have_no_name(folder, submit) -> None:
    folder.fill()
    folder.save("sample_submission.csv", [["", *range(10)], *([n, *[0.1] * 10] for n in range(12))])
    assert submit()[0][0] == ["", *map(str, range(10))]


@pytest.mark.parametrize("columns", [["a", "b"], [*map(str, range(9))], [*map(str, range(11))]])
def test_a_sample_with_other_columns_is_refused(folder, columns) -> None:
    folder.fill()
    rows = [["id", *columns], *([row, *[0] * len(columns)] for row in range(12))]
    folder.save("sample_submission.csv", rows)
    error = folder.refused()
    assert error.where == "sample_submission.csv"
    assert error.found == f"{len(columns)} columns after the id: {', '.join(columns)}"
    assert error.expected.startswith("one column for the class, or one for each of the 10 classes")


@pytest.mark.parametrize(
    "words",
    [["inspect"], ["train", "--budget", "1h"], ["tune"], ["submit"], ["submit", "--budget", "1h"]],
    ids=" ".join,
)
def test_a_sample_that_does_not_fit_is_refused_before_training(folder, words) -> None:
    folder.fill()
    folder.save("sample_submission.csv", [["id", *range(11)], *([n] * 12 for n in range(12))])
    runs = folder.path.parent / "runs"
    result = CliRunner().invoke(main, [*words, str(folder.path), "--runs", str(runs)])
    assert result.exit_code == 2, result.output
    assert "11 columns after the id: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10." in result.stderr
    assert "use --sample none" in result.stderr
    assert not runs.exists()


def test_a_sample_can_be_left_out(folder, submit) -> None:
    folder.fill()
    folder.save("sample_submission.csv", [["id", "label"], [7, 0]])
    assert folder.load(sample="none").sample is None
    assert "sample_submission.csv" in folder.inspect("--sample", "none").stdout.split("ignored")[1]
    folder.write("competition.toml", 'sample = "none"')
    rows, best, _ = submit()
    assert rows == [["Id", "Category"], *([str(row), label] for row, label in enumerate(best))]


@pytest.mark.parametrize("shape", [(11, 10), (12, 9), (0, 10)])
def test_probabilities_for_other_rows_or_classes_are_rejected(folder, tmp_path, shape) -> None:
    folder.fill()
    path = tmp_path / "submission.csv"
    with pytest.raises(PipelineError) as error:
        write_submission(folder.load(), np.full(shape, 0.1, np.float32), path)
    assert error.value.found == f"an array of shape {shape}"
    assert error.value.expected is not None
    assert error.value.expected.startswith("(12, 10): ")
    assert not path.exists()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_probabilities_that_are_not_finite_are_rejected(folder, tmp_path, value) -> None:
    folder.fill()
    probabilities = np.full((12, 10), 0.1, np.float32)
    probabilities[3, 4] = value
    with pytest.raises(PipelineError) as error:
        write_submission(folder.load(), probabilities, tmp_path / "submission.csv")
    assert (error.value.where, error.value.found) == ("probabilities", "some values are not finite")
    assert not (tmp_path / "submission.csv").exists()


def test_an_older_file_is_not_replaced_by_one_with_faults(folder, tmp_path) -> None:
    folder.fill()
    folder.save(
        "sample_submission.csv", [["id", *range(10)], *([n, *[0.1] * 10] for n in range(12))]
    )
    path = tmp_path / "submission.csv"
    path.write_text("the older file")
    with pytest.raises(PipelineError) as error:
        write_submission(folder.load(), np.full((12, 10), 0.2, np.float32), path)
    assert error.value.where == path
    assert len(error.value.details) == 1
    assert path.read_text() == "the older file"
    assert [p.name for p in tmp_path.iterdir() if "submission" in p.name] == ["submission.csv"]


def test_a_path_that_cannot_be_written_is_named(folder, tmp_path) -> None:
    folder.fill()
    probabilities = np.full((12, 10), 0.1, np.float32)
    (tmp_path / "file").write_text("")
    for path in (folder.path, tmp_path / "file" / "submission.csv"):
        before = folder.tree()
        with pytest.raises(PipelineError) as error:
            write_submission(folder.load(), probabilities, path)
        assert error.value.where == path
        assert error.value.found.startswith("it cannot be written: ")
        assert [name for name, _ in folder.tree()] == [name for name, _ in before]


def test_ids_that_need_quotes_are_quoted(folder, submit) -> None:
    folder.fill(header="names", ids="test")
    ids = ['"a, ""b"""', *(f"n{row}" for row in range(11))]
    folder.replace_column("test.csv", 0, ids)
    rows, _, _ = submit()
    assert rows[1][0] == 'a, "b"'
