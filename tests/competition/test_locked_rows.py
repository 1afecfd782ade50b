"""Rows that `holdout` locks have no part in anything, until one run is scored on them, once."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.metrics import f1_score

import pipeline as pp
from pipeline.cli import main
from pipeline.errors import PipelineError


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


def train(competition, runs, seed=0, folds=None):
    (run,) = pp.train_all(
        competition, ["dense"], sweep={"epochs": [1]}, seeds=[seed], folds=folds, runs=runs,
        engine="inline", progress=False,
    )  # fmt: skip
    return run


def command(*words: object):
    return CliRunner().invoke(main, [*map(str, words)])


@pytest.mark.parametrize("validation_file", [False, True])
def test_every_row_is_a_training_row_or_locked_and_knows_its_place_in_the_file(
    folder, validation_file
) -> None:
    truth = folder.fill(200, scale="0..1.0")
    options = {}
    if validation_file:
        rows = folder.rows("train.csv")
        folder.save("train.csv", rows[:150])
        folder.save("valid.csv", rows[150:])
        options["validation"] = "valid.csv"
    labels = np.array(truth.labels)
    for _ in range(2):  # from the file, and from the cache
        found = folder.load(holdout=0.2, **options)
        locked = found.locked
        numbers = np.concatenate([found.file_rows, locked.rows])
        np.testing.assert_array_equal(np.sort(numbers), np.arange(200))
        for rows, pixels, indices in (
            (found.file_rows, found.train_pixels, found.labels),
            (locked.rows, locked.pixels, locked.labels),
        ):
            np.testing.assert_allclose(pixels, truth.train[rows], atol=1e-6)
            np.testing.assert_array_equal(np.array(found.classes)[indices], labels[rows])
    if validation_file:
        assert locked.rows.max() < 150
        np.testing.assert_array_equal(found.file_rows[found.hold_out.validation], range(150, 200))


def test_the_share_is_that_of_each_class_whatever_the_validation_rows_are(folder) -> None:
    truth = folder.fill(400)
    locked = folder.load(holdout=0.25, split_seed=1, validation=0.5).locked
    assert locked.rows.tolist() == folder.load(holdout=0.25).locked.rows.tolist()
    counts, all_counts = np.bincount(locked.labels), np.bincount(np.array(truth.labels, int))
    assert np.abs(counts - all_counts / 4).max() <= 0.5
    assert folder.load().locked is None
    fingerprints = {folder.load(holdout=share).fingerprint for share in (None, 0.25, 0.3)}
    assert len(fingerprints) == 3


def test_copies_of_an_image_are_locked_together(folder) -> None:
    folder.fill(100)
    folder.save("train.csv", [row for row in folder.rows("train.csv") for _ in range(3)])
    competition = folder.load(holdout=0.3)
    locked = competition.locked
    assert len(locked.rows) > 50
    assert set((locked.rows // 3).tolist()).isdisjoint((competition.file_rows // 3).tolist())
    assert not {row.tobytes() for row in locked.pixels} & {
        row.tobytes() for row in competition.train_pixels
    }


def test_what_is_in_locked_rows_changes_no_run(folder, runs) -> None:
    folder.fill(200)
    before = folder.load(holdout=0.2)
    run = train(before, runs)
    rows, cells = before.locked.rows.tolist(), folder.rows("train.csv")
    random = np.random.default_rng(0)
    for row in rows:
        cells[row][:-1] = random.integers(0, 17, 64).tolist()
    folder.save("train.csv", cells)
    after = folder.load(holdout=0.2)
    assert after.locked.rows.tolist() == rows
    assert not np.array_equal(after.locked.pixels, before.locked.pixels)
    again = train(after, runs.parent / "again")
    assert again.record.identity == run.record.identity
    for one, two in ((run.test_probabilities, again.test_probabilities),
                     (run.validation.probabilities, again.validation.probabilities)):  # fmt: skip
        assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize("folds", [None, 2])
def test_locked_rows_are_not_validated_and_row_numbers_are_those_of_the_file(
    folder, runs, folds
) -> None:
    truth = folder.fill(200)
    competition = folder.load(holdout=0.2)
    run = train(competition, runs, folds=folds)
    rows = competition.file_rows[run.validation.rows]
    assert set(rows.tolist()).isdisjoint(competition.locked.rows.tolist())
    labels = [competition.classes[label] for label in run.validation.labels]
    assert labels == [truth.labels[row] for row in rows]
    page = pp.write_report(competition, runs=runs)
    assert "--holdout 0.2" in page.read_text()
    issues = pd.read_csv(page.parent / "label_issues.csv", dtype={"label": str})
    assert len(issues) > 3
    assert issues["label"].tolist() == [truth.labels[row] for row in issues["row"]]
    if folds:
        (file,) = page.parent.glob("folds-2-*.csv")
        assert pd.read_csv(file)["row"].tolist() == competition.file_rows.tolist()
        assert train(competition, runs, folds=2, seed=1).scores.n == len(rows)  # reads the file


@pytest.mark.parametrize(("folds", "metric"), [(None, "accuracy"), (2, "macro_f1")])
def test_the_best_run_is_scored_on_the_locked_rows(tiny_folder, runs, folds, metric) -> None:
    competition = pp.load(tiny_folder, holdout=0.2, metric=metric)
    run = train(competition, runs, folds=folds)
    revealed = pp.reveal(competition, runs=runs)
    labels = competition.locked.labels
    predicted = run.predict(competition.locked.pixels).argmax(axis=1)
    right = predicted == labels
    assert (revealed.run, revealed.identity) == (run.name, run.record.identity.digest)
    assert (revealed.scores.accuracy, revealed.scores.n) == (right.mean(), 12)
    assert json.loads((runs / "tiny/reveal.json").read_text())["holdout"] == 0.2
    if metric != "accuracy":
        expected = f1_score(labels, predicted, average="macro")
        assert (revealed.scores.other.metric, revealed.scores.other.value) == (metric, expected)
        assert pp.reveal(competition, runs=runs) == revealed  # from the file


def test_rows_are_revealed_once(tiny_folder, runs) -> None:
    words = [tiny_folder, "--holdout", 0.2, "--runs", runs]
    competition = pp.load(tiny_folder, holdout=0.2)
    first, other = train(competition, runs), train(competition, runs, seed=1)
    shown = command("reveal", *words, "--run", first.name)
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout.startswith(f"{first.name} on the locked rows: accuracy ")
    assert "n = 12.\nRevealed on 20" in shown.stdout
    for run in (first, other):
        (run.folder / "model.keras").write_bytes(b"damaged")
    again = command("reveal", *words)
    assert (again.exit_code, again.stdout) == (0, shown.stdout)
    refused = command("reveal", *words, "--run", other.name)
    assert refused.exit_code == 2
    assert f"revealed for '{first.name}' on 20" in refused.stderr
    elsewhere = command("reveal", tiny_folder, "--holdout", 0.4, "--runs", runs)
    assert elsewhere.exit_code == 2
    assert "or another share of them (0.2), were revealed" in elsewhere.stderr
    (runs / "tiny/reveal.json").write_text("{}")
    assert command("reveal", *words).exit_code == 2


def test_inspect_tells_how_many_rows_are_locked(folder) -> None:
    folder.fill(100)
    assert "locked  " not in folder.inspect().stdout
    folder.write("competition.toml", "holdout = 0.2\n")
    count = len(folder.load().locked.rows)
    shown = folder.inspect().stdout
    assert "train.csv: 100 rows" in shown
    assert f"locked       {count} training rows, for `pipeline reveal` only" in shown
    assert json.loads(folder.inspect("--format", "json").stdout)["locked"] == count


@pytest.mark.parametrize("share", ["0", "1", "-0.1", "nan"])
def test_a_share_that_is_none_is_refused(folder, share) -> None:
    folder.fill()
    assert "holdout" in folder.refusal("--holdout", share)


def test_too_few_rows_are_refused(folder) -> None:
    folder.fill(40, by_label=True)
    rows = {row[-1]: row for row in folder.rows("train.csv")}
    folder.save("train.csv", [*rows.values(), *rows.values()])
    error = folder.refused(holdout=0.1, label="last")
    assert error.found == "holdout = 0.1 would lock no rows: no class has two different images"
    other = [[*row[:-2], 16, row[-1]] for row in rows.values()]
    folder.save("train.csv", [*rows.values(), *other])
    with pytest.raises(PipelineError, match="two different images besides the locked rows"):
        folder.load(holdout=0.1, label="last").hold_out  # noqa: B018


def test_reveal_without_locked_rows_or_a_run_that_never_saw_them_is_refused(tiny, runs) -> None:
    locked = pp.load(tiny.folder, holdout=0.2)
    for competition, found in ((tiny, "no rows are locked"), (locked, "no finished runs")):
        with pytest.raises(PipelineError) as error:
            pp.reveal(competition, runs=runs)
        assert error.value.found == found
    run = train(tiny, runs)
    for named in (None, run.name, run):
        with pytest.raises(PipelineError, match="on other data, perhaps on the locked rows too"):
            pp.reveal(locked, named, runs=runs)
    assert not (runs / "tiny/reveal.json").exists()
    with pytest.raises(PipelineError, match="there is no run 'dens'"):
        pp.reveal(locked, "dens", runs=runs)
