"""`pipeline ensemble`: finished runs are combined into one that is a run too."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import pipeline as pp
from pipeline.cli import main
from pipeline.evaluation.ensemble import RECIPE, cross_validate
from pipeline.runs.run import load_run

Invoke = Callable[..., Result]


@pytest.fixture(scope="module")
def trained(tiny, tmp_path_factory) -> Path:
    """A folder of three runs on the hold-out, and a cross-validation with two folds."""
    runs = tmp_path_factory.mktemp("runs")
    quiet = {"runs": runs, "progress": False, "engine": "inline"}
    pp.train_all(tiny, ["dense"], sweep={"epochs": [2, 4, 6]}, **quiet)
    pp.train_all(tiny, ["dense"], sweep={"epochs": [1]}, folds=2, **quiet)
    return runs


def written(runs: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.stat().st_mtime_ns) for path in runs.rglob("*.json"))


@pytest.fixture
def invoke(trained: Path, tiny) -> Invoke:
    def command(name: str, *words: str, status: int = 0) -> Result:
        arguments = [name, str(tiny.folder), "--runs", str(trained), *words]
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == status, result.output
        return result

    return command


def test_an_ensemble_is_an_ordinary_run(invoke, trained, tiny, tmp_path) -> None:
    lines = invoke("ensemble").stdout.splitlines()
    assert Path(lines[-1]) == trained / "tiny" / "ensemble"
    run = next(run for run in pp.list_runs(tiny, runs=trained) if run.name == "ensemble")
    assert run.candidates is not None
    names = {f"dense-epochs={epochs}" for epochs in (2, 4, 6)}
    assert set(run.candidates["run"]) == names == {line.split()[0] for line in lines[1:4]}
    weights = dict(zip(run.candidates["run"], run.candidates["weight"], strict=True))
    assert {name: run.record.members.count(name) for name in names} == weights
    assert f"ensemble: accuracy {100 * run.scores.accuracy:.2f} %" in "\n".join(lines)
    assert "selected on other rows" in "\n".join(lines)
    assert run.predict(tiny.test_pixels).tobytes() == run.test_probabilities.tobytes()
    assert "ensemble" in invoke("leaderboard").stdout
    file = tmp_path / "x.csv"
    invoke("submit", "--run", "ensemble", "--output", str(file))
    assert pp.check(tiny, file) == 12
    invoke("report")
    page = (trained / "tiny" / "pages" / "ensemble.html").read_text()
    assert "chosen on other rows.\nA gain" in page
    assert all(f'href="{name.replace("=", "%3D")}.html"' in page for name in names)


def test_the_submission_is_that_of_the_weighted_mean(trained, tiny, tmp_path) -> None:
    names = ["dense-epochs=4", "dense-epochs=6"]
    run = pp.ensemble(tiny, names, method="mean", name="mean", runs=trained, progress=False)
    members = run.members
    mean = np.mean([member.test_probabilities for member in members], axis=0)
    np.testing.assert_allclose(run.test_probabilities, mean, atol=1e-6)
    on_validation = np.mean([member.validation.probabilities for member in members], axis=0)
    np.testing.assert_allclose(run.validation.probabilities, on_validation, atol=1e-6)
    path = pp.submit(tiny, run, output=tmp_path / "x.csv", runs=trained)
    submitted = [line.split(",")[-1] for line in path.read_text().splitlines()[-12:]]
    assert submitted == [tiny.classes[index] for index in mean.argmax(axis=1)]


def test_members_that_count_twice_are_averaged_so_and_predicted_once(
    trained, tiny, monkeypatch
) -> None:
    from pipeline.evaluation import ensemble
    from pipeline.evaluation.selection import Selection

    def twice_the_first(probabilities, labels, groups, metric) -> Selection:
        zeros = np.zeros(2, np.int64)
        return Selection(np.array([2, 1]), zeros * 1.0, zeros, 2.0, probabilities[0])

    monkeypatch.setattr(ensemble, "METHODS", {"greedy": twice_the_first})
    names = ["dense-epochs=4", "dense-epochs=6"]
    run = pp.ensemble(tiny, names, name="weighted", runs=trained, progress=False)
    first, again, other = run.members
    assert first is again
    mean = (2 * first.test_probabilities + other.test_probabilities) / 3
    flat = np.sqrt(mean)
    expected = flat / flat.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(run.test_probabilities, expected, atol=1e-3)
    assert run.record.parameters == first.record.parameters + other.record.parameters
    assert run.predict(tiny.test_pixels).tobytes() == run.test_probabilities.tobytes()


def test_it_is_reused_or_replaced_when_its_runs_change(invoke) -> None:
    both = ("--members", "dense-epochs=2", "--members", "dense-epochs=4", "--name", "again")
    invoke("ensemble", *both)
    assert "reused" in invoke("ensemble", *both).stderr
    changed = invoke("ensemble", *both, "--members", "dense-epochs=6")
    assert "other runs or in another way, or damaged; replaced" in changed.stderr


def test_cross_validations_are_combined_if_there_are_two(trained, tiny, tmp_path) -> None:
    for name in ("one", "other"):
        shutil.copytree(trained / "tiny" / "dense-epochs=1-folds=2", tmp_path / "tiny" / name)
    shutil.copytree(trained / "tiny" / "dense-epochs=6", tmp_path / "tiny" / "dense")
    fold = load_run(trained / "tiny" / "dense-epochs=1-fold=1of2")
    cross_validate(tmp_path / "tiny" / "of-fewer-folds", [fold], fold.record.identity)
    run = pp.ensemble(tiny, runs=tmp_path, progress=False)
    assert set(run.candidates["run"]) == {"one", "other"}
    assert (run.record.fold.out_of_fold, run.scores.n) == (True, 60)
    assert run.record.recipe == RECIPE
    page = pp.write_report(tiny, runs=tmp_path).parent / "pages" / "ensemble.html"
    assert "This run is an ensemble" in page.read_text()


def test_of_runs_on_different_folds_those_with_the_most_rows_are_combined(
    trained, tiny, tmp_path
) -> None:
    part = load_run(trained / "tiny" / "dense-epochs=1-fold=1of2")
    for name in ("a", "b"):
        shutil.copytree(trained / "tiny" / "dense-epochs=1-folds=2", tmp_path / "tiny" / name)
    for name in ("c", "d", "e"):
        cross_validate(tmp_path / "tiny" / name, [part], replace(part.record.identity, fold=""))
    run = pp.ensemble(tiny, runs=tmp_path, progress=False)
    assert set(run.candidates["run"]) == {"a", "b"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--members", "dense-epochs=2"], "fewer than two runs"),
        (["--members", "dense-epochs=2", "--members", "dense-epoch=4"], "Did you mean"),
        (["--members", "dense-epochs=2", "--members", "dense-epochs=1-folds=2"],
         "dense-epochs=1-folds=2: scored on out of 2 folds"),
        (["--name", "dense-epochs=2"], "was not made by `pipeline ensemble`"),
        (["--name", "../x"], "cannot have the name '../x'"),
    ],
)  # fmt: skip
def test_mistakes_get_one_message_and_nothing_is_written(
    words: list[str], expected: str, invoke, trained
) -> None:
    before = written(trained)
    error = invoke("ensemble", "--quiet", *words, status=2).stderr
    assert expected in error
    assert error.count("Error: ") == 1
    assert written(trained) == before
