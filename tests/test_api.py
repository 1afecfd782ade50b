"""The Python API, as its documentation shows it."""

import doctest
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pipeline as pp
from pipeline.api import exports, information, results, submissions, training
from pipeline.competition.folds import Fold
from pipeline.networks import recipe

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "module",
    [exports, information, results, submissions, training, recipe],
    ids=lambda module: module.__name__,
)
def test_the_examples_in_docstrings_are_true(module, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    found = doctest.testmod(module)
    assert found.attempted >= 1
    assert found.failed == 0


def test_the_readmes_example_runs(tmp_path) -> None:
    text = (ROOT / "README.md").read_text()
    (example,) = [part.split("```")[0] for part in text.split("```python\n")[1:]]
    (tmp_path / "data").symlink_to(ROOT / "data")
    quick = example.replace('"fast"', '"dense", epochs=2')
    assert quick != example
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", quick], cwd=tmp_path, env=environment, check=True)
    assert list((tmp_path / "submissions").rglob("*.csv"))


def test_every_public_name_is_documented_and_imported_when_it_is_used() -> None:
    for name in pp.__all__:
        assert getattr(pp, name).__doc__, name
    script = "import sys, pipeline; print({'numpy', 'pandas', 'keras'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.stdout == "set()\n"
    with pytest.raises(AttributeError):
        pp.nothing  # noqa: B018


def test_values_go_in_and_tables_come_out(tiny, tmp_path) -> None:
    run = pp.train(tiny, "dense", epochs=2, augmentation=pp.Augmentation(rotation=5), runs=tmp_path)
    table = pp.leaderboard(tiny, runs=tmp_path)
    assert isinstance(table, pd.DataFrame)
    assert table.loc[0, "run"] == run.name == "dense-augmentation.rotation=5-epochs=2"
    path = pp.submit(tiny, run, output=tmp_path / "x.csv", runs=tmp_path)
    assert pp.check(tiny, path) == 12
    assert pp.models(tiny, runs=tmp_path).set_index("name").loc["dense", "our_run"] == run.name


def test_copies_of_images_do_not_count_in_the_leaderboard(folder, tmp_path) -> None:
    folder.fill(rows=40, test_rows=5)
    folder.write("train.csv", folder.read("train.csv") * 3)
    competition = folder.load()
    hold_out = pp.train(competition, "dense", epochs=1, runs=tmp_path, progress=False)
    (crossed,) = pp.train_all(
        competition, "dense", sweep={"epochs": [1]}, folds=2, runs=tmp_path, engine="inline",
        progress=False,
    )  # fmt: skip
    assert (crossed.scores.n, crossed.scores.distinct) == (120, 40)
    assert hold_out.scores.n == 3 * hold_out.scores.distinct
    table = pp.leaderboard(competition, runs=tmp_path)
    assert table["n"].tolist()[:2] == [40, hold_out.scores.distinct]


def test_the_best_run_is_submitted_and_others_by_name(tiny, tmp_path) -> None:
    pp.train_all(tiny, ["dense"], sweep={"epochs": [1, 20]}, runs=tmp_path, progress=False)
    best, worst = pp.leaderboard(tiny, runs=tmp_path)["run"]
    contents = {
        name: pp.submit(tiny, name, output=tmp_path / "x.csv", runs=tmp_path).read_text()
        for name in (None, best, worst)
    }
    assert contents[None] == contents[best]
    with pytest.raises(pp.PipelineError) as caught:
        pp.submit(tiny, "nosuch", runs=tmp_path)
    assert best in (caught.value.expected or "")


@pytest.mark.parametrize(
    ("train", "validation", "where", "found"),
    [
        (range(60), range(30, 60), "fold", "30 validation rows are training rows too"),
        (range(30), (), "fold.validation", "rows that are missing, repeated"),
        (range(30), (40, 40), "fold.validation", "rows that are missing, repeated"),
        (range(30), (60,), "fold.validation", "not in the training file"),
        ((-1, 0), (3, 4), "fold.train", "not in the training file"),
    ],
)
def test_folds_that_leak_or_do_not_fit_are_refused(
    train, validation, where, found, tiny, tmp_path
) -> None:
    fold = Fold(np.array(train), np.array(validation, int))
    with pytest.raises(pp.PipelineError, match=found) as caught:
        pp.train(tiny, "dense", epochs=1, fold=fold, runs=tmp_path, progress=False)
    assert caught.value.where == where


@pytest.mark.parametrize("call", [pp.draw, pp.export, pp.submit])
def test_a_folder_is_no_run(call, tiny) -> None:
    with pytest.raises(pp.PipelineError, match="is not a run"):
        call(tiny, Path("dense"))


@pytest.mark.parametrize("call", [pp.draw, pp.export])
def test_a_run_alone_is_no_competition(call) -> None:
    with pytest.raises(pp.PipelineError, match="'digits/fast' is not a competition"):
        call("digits/fast")


def test_a_misspelt_run_trains_nothing(tiny, tmp_path) -> None:
    with pytest.raises(pp.PipelineError, match="there is no run 'nosuch'"):
        pp.submit(tiny, "nosuch", runs=tmp_path, progress=False)
    assert list(tmp_path.iterdir()) == []


def test_a_fold_and_a_number_of_folds_exclude_each_other(tiny, tmp_path) -> None:
    with pytest.raises(pp.PipelineError, match="both fold and folds"):
        pp.train(tiny, "dense", fold=tiny.hold_out, folds=2, runs=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ({"sweep": {"epochs": 1}}, "epochs = 1"),
        ({"sweep": {"l2": "1e-6"}}, "l2 = '1e-6'"),
        ({"seeds": [1.5]}, "seed 1.5"),
        ({"engine": "rays"}, "engine 'rays'"),
    ],
)
def test_arguments_of_another_type_are_refused(words, found, tiny, tmp_path) -> None:
    with pytest.raises(pp.PipelineError, match=found):
        pp.train_all(tiny, "dense", runs=tmp_path, progress=False, **words)


def test_a_single_recipe_may_be_named(tiny, tmp_path) -> None:
    epochs = {"epochs": [1]}
    (run,) = pp.train_all(tiny, "dense", sweep=epochs, runs=tmp_path, progress=False)
    assert run.name == "dense-epochs=1"


def test_runs_of_other_data_are_not_submitted(tiny, folder, tmp_path) -> None:
    run = pp.train(tiny, "dense", epochs=1, runs=tmp_path, progress=False)
    folder.fill()
    with pytest.raises(pp.PipelineError, match="different data"):
        pp.submit(folder.load(), run, output=tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()


def test_a_competition_shows_itself_in_a_notebook(tiny) -> None:
    html = tiny._repr_html_()
    assert "60 rows" in html
    assert "data:image/png;base64," in html
