"""A validation file of the user's own is the hold-out, and all other rows train."""

import json
import shlex

import numpy as np
import pytest
from click.testing import CliRunner

import pipeline as pp
from pipeline.cli import main
from pipeline.errors import PipelineError


@pytest.fixture
def split(folder):
    """200 rows: 150 in train.csv, 50 in valid.csv, chosen in competition.toml."""
    truth = folder.fill(200, header="names")
    header, *rows = folder.rows("train.csv")
    folder.save("train.csv", [header, *rows[:150]])
    folder.save("valid.csv", [header, *rows[150:]])
    folder.write("competition.toml", 'validation = "valid.csv"\n')
    return folder, truth


def test_its_rows_validate_and_all_others_train(split) -> None:
    folder, truth = split
    competition = folder.load()
    np.testing.assert_array_equal(competition.hold_out.train, np.arange(150))
    np.testing.assert_array_equal(competition.hold_out.validation, np.arange(150, 200))
    np.testing.assert_array_equal(competition.train_pixels, truth.train)
    assert [competition.classes[label] for label in competition.labels] == truth.labels
    assert competition.hold_out.notes == ()
    run = pp.train(competition, "dense", epochs=1, runs=folder.path.parent / "runs", progress=False)
    assert run.scores.n == 50
    shown = folder.inspect()
    assert "train.csv: 150 rows" in shown.stdout
    assert "valid.csv: 50 rows" in shown.stdout
    found = json.loads(folder.inspect("--format", "json").stdout)
    assert (found["validation"], found["validation_rows"]) == ("valid.csv", 50)


def test_fractions_of_validation_rows_make_all_pixels_float32(folder) -> None:
    folder.fill(100, scale="0..16", header="names")
    header, *rows = folder.rows("train.csv")
    half = [[str(int(cell) / 2) for cell in row[:-1]] + row[-1:] for row in rows[80:]]
    folder.save("train.csv", [header, *rows[:80]])
    folder.save("valid.csv", [header, *half])
    competition = folder.load(validation="valid.csv")
    pixels = competition.train_pixels
    assert pixels.dtype == competition.test_pixels.dtype == np.float32
    assert pixels[80:].tolist() == [[float(cell) for cell in row[:-1]] for row in half]
    assert (competition.schema.low, competition.schema.high) == (0, 16)


def test_a_fraction_of_the_command_line_overrides_it(split) -> None:
    folder, _ = split
    assert 60 < len(folder.load(validation=0.5).hold_out.validation) < 80
    assert "valid.csv" not in folder.inspect("--validation", "0.5").stdout.split("ignored")[0]


def test_copies_of_training_rows_are_told(split) -> None:
    folder, _ = split
    folder.change("valid.csv", lambda rows: rows.append(folder.rows("train.csv")[5]))
    assert folder.load().hold_out.notes == (
        "1 validation row repeats a training row, which makes the score too good",
    )


@pytest.mark.parametrize(
    ("change", "where", "found"),
    [
        (lambda rows: rows[3].__setitem__(9, "x"), "valid.csv line 4, column pixel9", "found 'x'"),
        (
            lambda rows: rows[3].__setitem__(64, 77),
            "valid.csv line 4, column label",
            "found '77'",
        ),
        (lambda rows: [row.pop(9) for row in rows], "valid.csv", "64 columns"),
        (lambda rows: rows[0].__setitem__(9, "p"), "valid.csv", "65 columns with other names"),
    ],
)
def test_faults_of_the_validation_file_are_named(split, change, where, found) -> None:
    folder, _ = split
    folder.change("valid.csv", change)
    error = folder.refused()
    assert (error.where, error.found) == (where, found)


def test_a_missing_validation_file_is_named_and_the_nearest_name(split) -> None:
    folder, _ = split
    with pytest.raises(PipelineError, match=r"vaild.csv: the file does not exist.*'valid.csv'"):
        folder.load(validation="vaild.csv")


def test_the_command_of_the_report_reads_the_same_files(split) -> None:
    folder, _ = split
    (folder.path / "competition.toml").unlink()
    folder.write("test.csv", folder.read("valid.csv"))
    runs = folder.path.parent / "runs"
    competition = folder.load(validation="valid.csv", test_label="label")
    pp.train(competition, "dense", epochs=1, runs=runs, progress=False)
    page = pp.write_report(competition, runs=runs).read_text()
    command = page[page.index("pipeline submit") :].partition("<")[0]
    words = ["--output", str(runs / "submission.csv")]
    result = CliRunner().invoke(main, [*shlex.split(command)[1:], *words])
    assert result.exit_code == 0, result.output
    assert "dense-epochs=1 on the labelled test rows: accuracy" in result.stdout
