"""A test file that has labels: a run is scored on them, and nothing is chosen by them."""

import numpy as np
import pytest
from click.testing import CliRunner

import pipeline as pp
from pipeline.cli import main
from pipeline.errors import PipelineError


@pytest.fixture
def labelled(folder):
    """Writes a competition whose test file has labels; returns these."""

    def write(header: str, label: str, **options) -> list[str]:
        truth = folder.fill(rows=52, header=header, label=label, **options)
        rows = folder.rows("train.csv")
        names = rows[:-52]
        folder.save("train.csv", rows[:-12])
        folder.save("test.csv", names + rows[-12:])
        return truth.labels[-12:]

    return write


def spelled(competition) -> list[str]:
    return [competition.classes[index] for index in competition.test_labels]


@pytest.mark.parametrize("ids", ["none", "both"])
@pytest.mark.parametrize(
    ("header", "label", "name"),
    [
        ("names", "first", "label"),
        ("names", "middle", "label"),
        ("names", "last", "label"),
        ("none", "first", "first"),
        ("none", "last", "last"),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_the_labels_of_a_test_file_are_read_whether_they_are_named_or_not(
    folder, labelled, header, label, name, ids, named
) -> None:
    truth = labelled(header, label, ids=ids)
    for _ in range(2):  # from the file, and from the cache
        competition = folder.load(test_label=name if named else None)
        assert spelled(competition) == truth
        assert competition.test_pixels.shape == (12, 64)
        assert competition.test_ids == (tuple(map(str, range(41, 53))) if ids == "both" else None)


def test_labels_of_other_names_are_found(folder, labelled) -> None:
    truth = labelled("names", "middle", names=("id", "answer"))
    assert spelled(folder.load(test_label="answer")) == truth
    assert "no column 'answr' for the test label" in folder.refused(test_label="answr").found


def test_words_and_numbers_are_the_classes_of_the_training_file(folder, labelled) -> None:
    truth = labelled("names", "last", words=True)
    assert spelled(folder.load(test_label="label")) == truth
    truth = labelled("names", "last")
    folder.replace_column("test.csv", -1, [f"{label}.0" for label in truth])
    assert spelled(folder.load(test_label="label")) == truth


@pytest.mark.parametrize(("cell", "found"), [("77", "found '77'"), ("", "the cell is empty")])
def test_a_label_that_is_no_class_of_the_training_file_is_refused(
    folder, labelled, cell, found
) -> None:
    labelled("names", "last")
    folder.put("test.csv", 5, -1, cell)
    error = folder.refused(test_label="label")
    assert (error.where, error.found) == ("test.csv line 6, column label", found)
    assert error.expected == "a class of the training file"


def test_a_test_label_without_a_test_file_is_refused(folder) -> None:
    folder.fill(header="names")
    (folder.path / "test.csv").unlink()
    error = folder.refused(test_label="label")
    assert (error.where, error.found) == ("test_label", "there is no test file")
    assert error.expected == "a test file"


def test_runs_do_not_depend_on_the_labels_of_the_test_file(folder, labelled) -> None:
    truth = labelled("names", "last")
    before = folder.load(test_label="label").fingerprint
    folder.replace_column("test.csv", -1, truth[::-1])
    assert folder.load(test_label="label").fingerprint == before
    folder.change("test.csv", lambda rows: [row.pop() for row in rows])
    assert folder.load().fingerprint == before
    with pytest.raises(PipelineError, match="the test rows have no labels"):
        pp.score_test(folder.load(), "dense")


def test_submit_scores_the_labelled_rows_and_other_commands_do_not(
    folder, labelled, tmp_path, monkeypatch
) -> None:
    truth = labelled("names", "last")
    monkeypatch.chdir(tmp_path)
    label = ("--test-label", "label")
    competition = folder.load(test_label="label")
    run = pp.train(competition, "dense", epochs=1, progress=False)
    predicted = run.test_probabilities.argmax(axis=1)
    accuracy = np.mean([competition.classes[index] for index in predicted] == np.array(truth))
    scores = pp.score_test(competition, run.name)
    assert (scores.accuracy, scores.n) == (accuracy, 12)

    submit, shown, inspected = (
        CliRunner().invoke(main, [*words, "competition"])
        for words in (["submit", *label], ["leaderboard"], ["inspect", *label])
    )
    said = f"on the labelled test rows: accuracy {100 * accuracy:.2f} %, 95 % interval "
    assert said in submit.stdout
    assert "n = 12.\nNo choice was based on this score.\n" in submit.stdout
    assert submit.stdout.splitlines()[-1] == f"submissions/competition/{run.name}.csv"
    assert "test rows" not in shown.stdout
    assert "test label   label (column 65 of 65)" in inspected.stdout


def test_copies_among_the_test_rows_do_not_narrow_the_interval(folder, labelled, tmp_path) -> None:
    labelled("names", "last")
    folder.change("test.csv", lambda rows: rows.extend(rows[1:] * 2))
    competition = folder.load(test_label="label")
    run = pp.train(competition, "dense", epochs=1, runs=tmp_path, progress=False)
    scores = pp.score_test(competition, run)
    assert (scores.n, scores.distinct) == (36, 12)
    folder.replace_column("train.csv", 0, [1] * 40)
    with pytest.raises(PipelineError, match="different data"):
        pp.score_test(folder.load(test_label="label"), run)
