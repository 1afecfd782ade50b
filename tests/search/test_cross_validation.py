"""Cross-validation: every training row is scored once, by a model that did not train on it."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import pipeline as pp
from pipeline.cli import main
from pipeline.competition.folds import groups_of_similar_rows, k_folds
from pipeline.errors import PipelineError
from pipeline.runs.fold_file import load_folds


def train(competition, folds: int, epochs: int, runs: Path) -> pp.Run:
    """A cross-validation of `dense`, in this process."""
    (run,) = pp.train_all(
        competition, "dense", sweep={"epochs": [epochs]}, folds=folds, runs=runs,
        engine="inline", progress=False,
    )  # fmt: skip
    return run


@pytest.fixture(scope="module")
def cross_validated(tiny, tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    run = train(tiny, 3, 2, runs)
    return run, runs


def test_every_row_has_the_probabilities_of_the_fold_that_did_not_train_on_it(
    cross_validated, tiny
) -> None:
    run, _ = cross_validated
    validation = run.validation
    np.testing.assert_array_equal(validation.rows, np.arange(60))
    np.testing.assert_array_equal(validation.labels, tiny.labels)
    for member in run.members:
        rows = member.validation.rows
        assert member.record.fold.train_rows == 60 - len(rows)
        np.testing.assert_array_equal(
            validation.probabilities[rows], member.validation.probabilities
        )
    assert run.scores.n == 60
    members = [member.test_probabilities for member in run.members]
    np.testing.assert_allclose(run.test_probabilities, np.mean(members, axis=0), atol=1e-6)
    np.testing.assert_array_equal(run.predict(tiny.test_pixels), run.test_probabilities)


def test_a_cross_validation_is_reused(cross_validated, tiny) -> None:
    run, runs = cross_validated
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*.npy")}
    again = pp.train(tiny, "dense", epochs=2, folds=3, runs=runs, progress=False)
    assert again.name == run.name
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("*.npy")} == before


def test_out_of_fold_scores_and_hold_out_scores_are_ranked_apart(cross_validated, tiny) -> None:
    run, runs = cross_validated
    pp.train(tiny, "dense", epochs=1, runs=runs, progress=False)
    table = pp.leaderboard(tiny, runs=runs).set_index("run")
    assert table["scored_on"].to_dict() == {
        run.name: "out of 3 folds",
        "dense-epochs=1": "hold-out",
    }
    assert table["rank"].tolist() == [1, 1]
    assert table.index[0] == run.name
    note = pp.leaderboard(tiny, runs=runs).attrs["caution"]
    assert "only compare runs of the same table" in note
    assert f"`submit` uses {pp.best_run(tiny, runs=runs).name}, of the first runs" in note
    printed = CliRunner().invoke(main, ["leaderboard", str(tiny.folder), "--runs", str(runs)])
    assert "Scored out of 3 folds, each row by a model that did not train on it:" in printed.stdout
    assert "Scored on the validation rows:" in printed.stdout
    assert "The first is" not in note
    path = pp.submit(tiny, runs=runs, output=runs / "submission.csv")
    assert pp.check(tiny, path) == 12
    pages = pp.write_report(tiny, runs=runs).parent / "pages"
    page = (pages / f"{run.name}.html").read_text()
    assert "This run is a cross-validation" in page
    assert all(member.name in page for member in run.members)
    assert "1of3.html" not in page  # parts have no pages


def test_the_folds_are_saved_and_used_again(cross_validated, tiny) -> None:
    run, runs = cross_validated
    (path,) = (runs / tiny.name).glob("folds-3-*.csv")
    lines = path.read_text().splitlines()
    assert lines[0] == "row,fold"
    assert len(lines) == 61
    fold_of_first = int(lines[1].split(",")[1])
    assert 0 in run.members[fold_of_first - 1].validation.rows


def test_shuffled_labels_are_predicted_by_chance_alone(digits, folder) -> None:
    """Nothing of a validation row reaches the model that predicts it."""
    folder.fill(rows=400)
    labels = np.random.default_rng(0).permutation([row[-1] for row in folder.rows("train.csv")])
    folder.replace_column("train.csv", -1, list(labels))
    competition = folder.load()
    run = train(competition, 2, 15, folder.path.parent / "runs")
    assert 0.04 < run.scores.accuracy < 0.17  # ten classes


def test_the_folds_follow_the_seed_of_the_split(folder) -> None:
    folder.fill()
    runs = folder.path.parent
    one, other = (load_folds(folder.load(split_seed=s), 2, runs / str(s))[0] for s in (0, 1))
    assert one.validation.tolist() != other.validation.tolist()


def test_it_is_told_that_the_rows_of_a_validation_file_train_too(folder) -> None:
    folder.fill()
    folder.write("valid.csv", folder.read("train.csv"))
    competition = folder.load(validation="valid.csv")
    said = "the 40 rows of the validation file are in the folds, and train too"
    for _ in range(2):  # made, and read again
        assert said in load_folds(competition, 2, folder.path.parent / "runs")[0].notes


@pytest.mark.parametrize("noise", [0, 1])
def test_copies_and_near_copies_stay_in_one_fold(digits, noise) -> None:
    images = (digits[0][:100].reshape(100, 64) * 255).astype(np.uint8)
    copies = np.clip(images[:30].astype(int) + noise, 0, 255).astype(np.uint8)
    labels = np.concatenate([digits[1][:100], digits[1][:30]])
    groups = groups_of_similar_rows(np.concatenate([images, copies]))
    folds = k_folds(groups, labels, 4, 0)
    for fold in folds:
        assert set(fold.validation[fold.validation >= 100] - 100) == set(
            fold.validation[fold.validation < 30]
        )
    assert "30 copies or near copies of rows" in folds[0].notes[0]


def test_thousands_of_copies_are_one_group(digits) -> None:
    pixels = np.concatenate([np.zeros((5000, 64)), digits[0][:50].reshape(50, 64)])
    pixels[2500:5000, 0] = 0.01  # similar, not equal
    group = groups_of_similar_rows(pixels)
    assert len(set(group[:5000])) == 1
    assert len(np.unique(group)) == 51


def test_images_that_others_connect_are_one_group() -> None:
    steps = np.outer(np.arange(15), np.full(64, 0.015))  # each is similar to the next one alone
    others = np.random.default_rng(0).random((100, 64))
    assert len(np.unique(groups_of_similar_rows(np.concatenate([steps, others])))) == 101


def test_folds_are_stratified_and_every_row_validates_once(digits) -> None:
    labels = digits[1][:500]
    folds = k_folds(np.arange(500), labels, 5, 0)
    rows = np.concatenate([fold.validation for fold in folds])
    np.testing.assert_array_equal(np.sort(rows), np.arange(500))
    for fold in folds:
        counts = np.bincount(labels[fold.validation], minlength=10)
        assert (abs(counts - np.bincount(labels) / 5) <= 1).all()
        assert not set(fold.train) & set(fold.validation)


def test_a_class_with_fewer_rows_than_folds_is_told() -> None:
    labels = np.repeat([0, 1], [98, 2])
    folds = k_folds(np.arange(100), labels, 5, 0)
    assert folds[0].notes == ("1 class has fewer than 5 rows",)


def test_different_images_are_in_groups_of_their_own(digits) -> None:
    pixels = digits[0][:300].reshape(300, 64)
    assert len(np.unique(groups_of_similar_rows(pixels))) == 300


@pytest.mark.parametrize("k", [0, 1, 31])
def test_an_impossible_number_of_folds_is_refused(tiny, tmp_path, k) -> None:
    with pytest.raises(PipelineError, match=rf"{k} folds. Expected 2 to 30"):
        pp.train(tiny, "dense", folds=k, runs=tmp_path, progress=False)


def test_the_command_cross_validates(tiny_folder, tmp_path) -> None:
    words = ["train", str(tiny_folder), "--model", "dense", "--epochs", "1", "--folds", "2"]
    result = CliRunner().invoke(main, [*words, "--runs", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "dense-epochs=1-folds=2" in result.stdout
    assert "1of2" not in result.stdout
