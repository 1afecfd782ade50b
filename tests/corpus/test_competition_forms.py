"""Public competitions, from their files to a checked submission, without being told anything."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from competition_forms import FORMS, TEST_ROWS, Form, a_z_handwritten, draw
from finished_runs import finish

import pipeline as pp
from pipeline.cli import main

Digits = tuple[np.ndarray, np.ndarray]


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def write(tmp_path: Path, digits: Digits, monkeypatch) -> Callable[[str], Form]:
    """Writes a form into the folder `competition` of the current directory."""
    monkeypatch.chdir(tmp_path)
    Path("competition").mkdir()

    def written(name: str) -> Form:
        form = FORMS[name]
        form.write(Path("competition"), draw(*digits, form.side, form.classes))
        return form

    return written


def check_submission(form: Form) -> None:
    """Submits the best run, and has the file checked."""
    submitted = run("submit", "competition")
    assert submitted.exit_code == 0, submitted.output
    assert ("on the labelled test rows: accuracy" in submitted.stdout) == form.scored
    path = Path(submitted.stdout.splitlines()[-1])
    checked = run("check", "competition", path)
    assert checked.exit_code == 0, checked.output
    header, *rows = csv.reader(path.read_text().splitlines())
    assert ",".join(header) == form.header
    assert (rows[0][0], rows[-1][0], len(rows)) == (*form.ids, TEST_ROWS)


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_read_and_submitted(write, name, tmp_path) -> None:
    form = write(name)
    competition = pp.load("competition")
    assert competition.schema.shape == (form.side, form.side, 1)
    assert competition.classes == tuple(map(str, range(form.classes)))
    finish(competition, tmp_path / "runs/competition/finished", 3, draw=0)
    check_submission(form)


@pytest.mark.forms
@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_trained_and_submitted(write, name) -> None:
    form = write(name)
    trained = run("train", "competition", "--model", "dense", "--epochs", "2", "--quiet")
    assert trained.exit_code == 0, trained.output
    check_submission(form)


@pytest.mark.parametrize("name", [name for name, form in FORMS.items() if form.scored])
def test_the_labels_of_the_test_rows_are_found(write, digits, name) -> None:
    form = write(name)
    competition = pp.load("competition")
    truth = draw(*digits, form.side, form.classes).test[1]
    assert competition.test_labels is not None
    assert [int(competition.classes[label]) for label in competition.test_labels] == truth.tolist()
    assert "test label   " in run("inspect", "competition").stdout


@pytest.mark.parametrize("name", FORMS)
def test_the_pixels_and_labels_are_those_that_were_drawn(write, digits, name) -> None:
    form = write(name)
    drawn = draw(*digits, form.side, form.classes)
    for _ in range(2):  # from the file, and from the cache
        competition = pp.load("competition", transpose=name == "EMNIST")
        assert competition.labels.tolist() == drawn.train[1].tolist()
        scale = 255 if competition.schema.high == 1 else 1
        pixels = np.concatenate([competition.train_pixels, competition.test_pixels]) * scale
        images = pixels.reshape(-1, form.side, form.side)
        if name == "EMNIST":
            images = images.transpose(0, 2, 1)
        np.testing.assert_allclose(images, drawn.images, atol=1e-3)


def test_the_second_labelled_file_of_kannada_can_validate(write) -> None:
    write("Kannada-MNIST")
    assert "ignored      Dig-MNIST.csv" in run("inspect", "competition").stdout
    competition = pp.load("competition", validation="Dig-MNIST.csv")
    assert competition.validation_rows == 60


def test_a_single_file_of_any_name_is_trained_on_and_nothing_is_left_to_predict(
    tmp_path, digits, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("letters").mkdir()
    a_z_handwritten(Path("letters"), draw(*digits, 28, 26))
    competition = pp.load("letters")
    assert (len(competition.labels), len(competition.classes)) == (90, 26)
    assert "A_Z Handwritten Data.csv: 90 rows, 785 columns" in run("inspect", "letters").stdout
    finish(competition, tmp_path / "runs/letters/finished", 3, draw=0)
    assert "finished" in run("leaderboard", "letters").stdout
    refused = run("submit", "letters")
    assert refused.exit_code == 2
    assert "there is no test file, so there is nothing to submit" in refused.stderr


@pytest.mark.forms
def test_a_file_of_pixel_strings_is_predicted(write, tmp_path) -> None:
    write("FER-2013")
    trained = run("train", "competition", "--model", "dense", "--epochs", "1", "--quiet")
    assert trained.exit_code == 0, trained.output
    table = pp.predict(pp.list_runs("competition")[0], "competition/fer2013.csv")
    assert len(table) == 72
    assert table["label"].tolist()[:3] != ["0", "0", "0"]


def test_the_split_of_a_file_by_usage_is_shown(write) -> None:
    write("FER-2013")
    shown = run("inspect", "competition").stdout
    assert "training     fer2013.csv: 60 rows, whose Usage is Training, 2305 columns" in shown
    assert "test         fer2013.csv: 12 rows, whose Usage is not Training, 2305 columns" in shown


def test_a_usage_without_training_rows_is_refused(write) -> None:
    write("FER-2013")
    path = Path("competition/fer2013.csv")
    path.write_text(path.read_text().replace(",Training", ",0"))
    result = run("inspect", "competition")
    assert result.exit_code == 2
    assert "the column Usage has no row with the value Training" in result.stderr


def test_a_row_without_its_usage_is_located(write) -> None:
    write("FER-2013")
    path = Path("competition/fer2013.csv")
    lines = path.read_text().splitlines()
    lines[40] = lines[40].rpartition(",")[0]
    path.write_text("\n".join(lines) + "\n")
    result = run("inspect", "competition")
    assert result.exit_code == 2
    assert (
        "line 41: 2 fields. Expected 2305 (a field for each pixel), as in the first row"
        in result.stderr
    )


@pytest.mark.parametrize(
    ("line", "end", "message"),
    [
        (3, "", "line 3: 2304 fields. Expected 2305 (a field for each pixel), as in the first row"),
        (3, " x", "line 3, column pixel2303: found 'x'. Expected a number"),
        (2, " x", "line 2, column pixel2303: found 'x'. Expected a number"),
    ],
)
def test_a_fault_in_a_string_of_pixels_is_located(write, line, end, message) -> None:
    write("FER-2013, two files")
    path = Path("competition/train.csv")
    lines = path.read_text().replace('"', "").splitlines()
    lines[line - 1] = lines[line - 1].rsplit(" ", 1)[0] + end
    path.write_text("\n".join(lines) + "\n")
    refused = run("inspect", "competition")
    assert refused.exit_code == 2
    assert message in refused.stderr


def test_one_hot_columns_are_named_in_inspect_and_a_row_without_a_one_is_a_fault(write) -> None:
    write("one-hot labels")
    shown = run("inspect", "competition").stdout
    label = "class_0 (column 785 of 794) to class_9 (column 794 of 794)"
    assert f"label        10 columns of zeros and ones, {label}" in shown
    assert "ignored" not in shown
    path = Path("competition/train.csv")
    lines = path.read_text().splitlines(keepends=True)
    lines[3] = ",".join([*lines[3].split(",")[:784], *["0"] * 10]) + "\n"
    path.write_text("".join(lines))
    refused = run("inspect", "competition")
    assert refused.exit_code == 2
    assert "line 4: the columns of the classes are 0, 0, 0, 0, 0, ..." in refused.stderr


@pytest.mark.parametrize("name", ["Digit Recognizer", "Kannada-MNIST"])
@pytest.mark.parametrize("change", [-5, 2])
def test_a_sample_of_another_length_is_refused_with_what_differs(write, name, change) -> None:
    write(name)
    path = Path("competition/sample_submission.csv")
    lines = path.read_text().splitlines()
    lines = lines[:change] if change < 0 else [*lines, "98,0", "99,0"]
    path.write_text("\n".join(lines) + "\n")
    refused = run("inspect", "competition")
    assert refused.exit_code == 2
    assert refused.stderr.startswith("Error: competition/sample_submission.csv: ")
    rows, more = (7, "5 fewer than") if change < 0 else (14, "2 more than")
    if name == "Digit Recognizer":
        assert f"{rows} rows, {more} the 12 of competition/test.csv" in refused.stderr
    else:
        assert f"  {rows} rows, and 12 in test.csv\n" in refused.stderr
        ids = "5 ids missing: 7, 8, 9, 10, 11" if change < 0 else "2 ids not in test.csv: 98, 99"
        assert f"  {ids}\n" in refused.stderr


@pytest.mark.parametrize(
    ("name", "submission", "metric"),
    [
        ("Digit Recognizer", "classes, as in sample_submission.csv", "accuracy"),
        ("Fashion-MNIST", "classes, assumed", "accuracy"),
        ("probabilities", "probabilities, as in sample_submission.csv", "log loss"),
    ],
)
def test_inspect_shows_the_metric_and_what_is_submitted(write, name, submission, metric) -> None:
    write(name)
    shown = run("inspect", "competition").stdout
    assert f"submission   {submission}" in shown
    assert f"metric       {metric}: " in shown
    Path("competition/competition.toml").write_text('metric = "macro_f1"\n')
    assert (
        "metric       macro F1: set in competition.toml\n" in run("inspect", "competition").stdout
    )
    found = json.loads(run("inspect", "competition", "--format", "json").stdout)
    assert (found["metric"], found["submission"]) == ("macro_f1", submission.split(",")[0])


def test_an_unknown_metric_is_refused(write) -> None:
    write("Digit Recognizer")
    Path("competition/competition.toml").write_text('metric = "acuracy"\n')
    refused = run("inspect", "competition")
    assert refused.exit_code == 2
    assert "competition/competition.toml" in refused.stderr
    assert '"accuracy" or "log_loss" or "macro_f1"' in refused.stderr
