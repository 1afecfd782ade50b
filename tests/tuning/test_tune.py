"""pipeline tune: what it searches, what it scores, which run it makes, what it shows."""

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from scored import Scored, prepare, search

import pipeline as pp
from pipeline.cli import main
from pipeline.metrics.metric import METRICS
from pipeline.networks.space import Choice, Float, Integer, Range, Space
from pipeline.recipes import find_recipe
from pipeline.search.budget import Budget
from pipeline.search.engine import Inline
from pipeline.tuning.last_training import LastTraining
from pipeline.tuning.subject import make_subject
from pipeline.tuning.summary import trials_table
from pipeline.tuning.trials import scoring_fold

ROOT = Path(__file__).parent.parent.parent
FINISHED = ["complete", "pruned"]
QUICK: dict[str, Any] = {"engine": "inline", "progress": False}


def finished(table: pd.DataFrame) -> int:
    return int(table["state"].isin(FINISHED).sum())


def tune(folder: Path, runs: Path, *words: str, **options: Any) -> Result:
    base = ["tune", str(folder), "--runs", str(runs), "--engine", "inline", "--quiet"]
    model = () if "--model" in words else ("--model", "dense")
    return CliRunner(**options).invoke(main, [*base, *model, *words])


def test_a_space_is_searched_within_its_ranges(tuned) -> None:
    _, _, trials = tuned
    assert finished(trials) == len(trials) == 7
    assert trials["learning_rate"].between(1e-4, 1e-1).all()
    assert set(trials["batch_size"]) <= {32, 64, 128, 256}
    assert len(trials.drop_duplicates(["learning_rate", "batch_size"])) == 7


def test_the_first_trial_has_the_settings_of_the_recipe(tuned) -> None:
    first = tuned[2].set_index("trial").loc[0]
    recipe = find_recipe("dense")
    assert (first["learning_rate"], first["batch_size"]) == (1e-3, recipe.batch_size)


@pytest.mark.parametrize(
    ("recipe", "changes", "name", "searched"),
    [
        ("dense", {"epochs": "100"}, "dense", {"learning_rate", "batch_size"}),
        ("dense", {"batch_size": "128"}, "dense-batch_size=128", {"learning_rate"}),
        ("fast", {"epochs": 1}, "fast-epochs=1", {"learning_rate", "batch_size"}),
        ("tuned", {"hidden.units": 64, "learning_rate": 0.01},
         "tuned-hidden.units=64-learning_rate=0.01", {"hidden.activation", "hidden.dropout"}),
    ],
)  # fmt: skip
def test_what_is_given_and_what_has_no_effect_is_not_searched(
    recipe: str, changes: dict[str, Any], name: str, searched: set[str]
) -> None:
    """A tuning is named by what differs from the recipe or its space. The only epoch of
    `fast-epochs=1` has no random transforms."""
    subject = make_subject(recipe, changes, 0)
    assert (subject.name, subject.space.ranges.keys()) == (name, searched)


@pytest.mark.parametrize("changes", [{}, {"epochs": 1}])
@pytest.mark.parametrize(
    ("setting", "searched", "found"),
    [
        ("learnin_rate", Float(0.1, 0.2), "Did you mean 'learning_rate'"),
        ("learning_rate", Float(-0.1, 0.1), "learning_rate = -0.1"),
        ("optimizer", Choice(("adam", "adamx")), "adamx"),
        ("batch_size", Float(32, 128), "Expected an integer"),
    ],
)
def test_a_space_that_the_recipe_refuses_is_an_error(
    setting: str, searched: Range, found: str, changes: dict[str, Any]
) -> None:
    """Also if other settings are given."""
    space = Space({"epochs": Integer(1, 9), setting: searched})
    with pytest.raises(pp.PipelineError, match=found):
        make_subject(replace(find_recipe("dense"), space=space), changes, 0)


def test_a_space_may_need_a_setting_that_is_given() -> None:
    own = find_recipe("dense").change(optimizer="adam")
    recipe = replace(own, space=Space({"momentum": Choice((0.0, 0.9))}))
    with pytest.raises(pp.PipelineError, match="optimizer adam has no momentum"):
        make_subject(recipe, {}, 0)
    subject = make_subject(recipe, {"optimizer": "sgd"}, 0)
    assert subject.space.ranges.keys() == {"momentum"}


def test_a_name_leaves_space_for_that_of_the_run() -> None:
    given = {f"augmentation.{name}": 0.123456789 for name in ("rotation", "zoom", "shift")}
    name = make_subject("augmented", given | {"momentum": 0.123456789}, 0).name
    assert len(name) <= 120 - len("-tuned")


def test_a_trial_is_scored_as_a_run_is(tiny, tiny_folder, tmp_path) -> None:
    """By the metric of the competition, with the weights of the best epoch, with TTA, without
    penalties in the loss. After each epoch the metric is that of the epoch without TTA."""
    changes = {"epochs": 6, "tta_views": 5, "learning_rate": 1.0, "l2": 0.01, "batch_size": 128}
    run = pp.train(
        tiny, "dense-500-300", fold=scoring_fold(tiny), runs=tmp_path, progress=False,
        restore_best=True, **changes,
    )  # fmt: skip
    probabilities, labels = run.validation.probabilities, run.validation.labels
    single, best = run.record.training.without_tta, run.record.best_epoch
    assert best < 6
    own = replace(find_recipe("dense-500-300"), space=Space({"momentum": Choice((0.0, 0.9))}))
    for name, after_best in (
        ("accuracy", single.accuracy), ("log_loss", single.loss), ("macro_f1", None)
    ):  # fmt: skip
        competition, metric = pp.load(tiny_folder, metric=name), METRICS[name]
        found = search(competition, own, tmp_path / name, 1, restore_best=True, **changes)
        (trial,) = found.study.trials
        loss = trial.user_attrs["loss"]
        assert trial.value == pytest.approx(metric.value(probabilities, labels), rel=1e-5)
        assert loss == pytest.approx(metric.loss(probabilities, labels), rel=1e-5)
        assert loss != pytest.approx(single.loss, rel=1e-3)
        assert run.history["val_loss"].min() > loss + 0.1  # it has a penalty
        if after_best is not None:
            after = trial.intermediate_values[100 * best // 6]
            assert after == pytest.approx(after_best, rel=1e-4)


def test_the_lowest_log_loss_is_the_best(tiny_folder, tmp_path) -> None:
    """The final choice, the table and the continued command follow the metric."""
    folder, runs = tmp_path / "data/tiny", tmp_path / "runs"
    shutil.copytree(tiny_folder, folder)
    (folder / "competition.toml").write_text('metric = "log_loss"\n')
    engine = Scored(0.5, 0.1, 0.3)
    run = pp.tune(
        pp.load(folder), "dense", trials=3, epochs=1, runs=runs, engine=engine, progress=False
    )
    best = engine.trials[1].job.recipe
    assert run.record.settings["learning_rate"] == best.learning_rate
    shown = tune(folder, runs, "--epochs", "1", "--show")
    assert shown.stderr == ""
    head, *rows = (line.split() for line in shown.stdout.splitlines())
    assert " ".join(head).startswith("trial state log loss epochs seconds")
    assert [(row[0], row[2]) for row in rows] == [("1", "0.1000"), ("2", "0.3000"), ("0", "0.5000")]

    (folder / "competition.toml").unlink()
    changed = "the metric: log loss, now accuracy"
    shown = tune(folder, runs, "--epochs", "1", "--show")
    assert (shown.exit_code, changed in shown.stderr) == (0, True)
    refused = tune(folder, runs, "--epochs", "1", "--trials", "4")
    assert (refused.exit_code, changed in refused.stderr) == (2, True)


def test_bad_trials_are_pruned_early(tuned, tiny) -> None:
    runs, _, trials = tuned
    epochs = trials.groupby("state")["epochs"].agg(["min", "max"])
    assert epochs.loc["complete"].tolist() == [3, 3]
    assert epochs.loc["pruned", "max"] < 3
    study = pp.load_study(tiny, "dense", epochs=3, runs=runs)
    reported = {trial.number: len(trial.intermediate_values) for trial in study.trials}
    assert reported == dict(zip(trials["trial"], trials["epochs"], strict=True))


def test_the_best_becomes_a_run_of_the_leaderboard(tuned, tiny) -> None:
    runs, run, trials = tuned
    assert run.name == "dense-epochs=3-tuned"
    assert run.name in set(pp.leaderboard(tiny, runs=runs)["run"])
    complete = trials[trials["state"] == "complete"]
    best = complete.sort_values(["score", "loss"], ascending=[False, True]).iloc[0]
    assert trials.iloc[0]["trial"] == best["trial"]
    for name in ("learning_rate", "batch_size"):
        assert run.record.settings[name] == best[name]
    np.testing.assert_array_equal(run.validation.rows, tiny.hold_out.validation)


def test_an_equal_run_is_copied_and_a_better_trial_replaces_it(tiny, tmp_path) -> None:
    """The recipe's own settings win first, then others."""
    settings: dict[str, Any] = {"epochs": 1, "runs": tmp_path, "progress": False}
    own = pp.train(tiny, "dense", **settings)
    same = pp.tune(tiny, "dense", trials=1, engine=Scored(0.5), **settings)
    assert (own.name, same.name) == ("dense-epochs=1", "dense-epochs=1-tuned")
    assert same.record == own.record
    other = pp.tune(tiny, "dense", trials=2, engine=Scored(0.9), **settings)
    assert other.name == same.name
    assert other.record.settings["learning_rate"] != own.record.settings["learning_rate"]
    assert pp.list_runs(tiny, runs=tmp_path)[0].record == own.record


def test_the_validation_rows_decide_nothing(folder, tmp_path) -> None:
    """Other labels of the validation rows leave every trial as it is."""
    folder.fill(rows=90)
    rows = folder.rows("train.csv")
    folder.save("train.csv", rows[:60])
    tables = []
    for shift in (0, 1):
        labels = [row[-1] for row in rows[60:]]
        changed = [[*row[:-1], labels[at - shift]] for at, row in enumerate(rows[60:])]
        folder.save("valid.csv", changed)
        competition = folder.load(validation="valid.csv")
        found = search(competition, "dense", tmp_path / f"runs{shift}", 1, epochs=2)
        tables.append(trials_table(found.study, found.subject.space))
    pd.testing.assert_frame_equal(*(table.drop(columns="seconds") for table in tables))


def test_a_trial_is_the_mean_of_its_executions(tiny, tmp_path) -> None:
    own = find_recipe("dense")
    assert own.space is not None
    twice = replace(own, name="twice", space=replace(own.space, executions=2))
    trial, *single = (
        search(tiny, recipe, tmp_path, 1, epochs=2, seed=seed).study.trials[0]
        for recipe, seed in ((twice, 0), (own, 0), (own, 1))
    )
    loss = np.mean([one.user_attrs["loss"] for one in single])
    assert trial.value == pytest.approx(np.mean([one.value for one in single]))
    assert trial.user_attrs["loss"] == pytest.approx(loss, rel=1e-4)
    assert trial.user_attrs["epochs"] == 4


def test_a_training_that_diverges_is_a_finished_trial(tiny, tmp_path) -> None:
    space = Space({"learning_rate": Choice((1e-3, 1e30))})
    mine = replace(find_recipe("dense-64-64"), name="mine", space=space, learning_rate=1e30)
    (trial,) = search(tiny, mine, tmp_path, 1, epochs=2).study.trials
    assert (trial.params["learning_rate"], trial.state.name) == (1e30, "PRUNED")


@pytest.mark.parametrize("trials", [0, -1])
def test_a_number_of_trials_below_one_is_refused(trials: int, tiny, tmp_path) -> None:
    with pytest.raises(pp.PipelineError, match=f"trials = {trials}"):
        pp.tune(tiny, "dense", trials=trials, epochs=1, runs=tmp_path, **QUICK)
    assert not list(tmp_path.iterdir())


def test_trials_are_compared_at_equal_shares_of_their_trainings(tiny, tmp_path) -> None:
    """The number of epochs depends on the batch size, which is searched."""
    dense = find_recipe("dense")
    ranges = {"learning_rate": Float(1e-4, 1e-1, log=True), "batch_size": Choice((4, 8))}
    mine = replace(
        dense, name="mine", space=Space(ranges), batch_size=8, epochs=2, min_steps=36,
        early_stopping=None, plateau=None,
    )  # fmt: skip
    rows = len(scoring_fold(tiny).train)
    found, lengths = prepare(tiny, mine, tmp_path, 2), set()
    found.study.enqueue_trial({"learning_rate": 1e-3, "batch_size": 4})
    found.run(tiny, Inline())
    for trial in found.study.trials:
        epochs = mine.change(batch_size=trial.params["batch_size"]).epochs_for(rows)
        lengths.add(epochs)
        percents = [100 * epoch // epochs for epoch in range(1, epochs + 1)]
        assert list(trial.intermediate_values) == percents[: trial.user_attrs["epochs"]]
    assert len(lengths) == 2


def test_the_space_of_a_published_system_reaches_its_layers(tiny, tmp_path) -> None:
    engine = Scored(0.5)
    study = search(tiny, "tuned", tmp_path, 3, engine).study
    for trial, asked in zip(study.trials, engine.trials, strict=True):
        hidden, parameters = asked.job.recipe.hidden, trial.params
        assert asked.executions == 2
        assert asked.job.recipe.learning_rate == parameters["learning_rate"]
        assert (hidden.units, hidden.activation, hidden.dropout) == tuple(
            parameters[f"hidden.{name}"] for name in ("units", "activation", "dropout")
        )
        assert f"'units': {hidden.units}" in str(asked.job.build(tiny).model.get_config())


def test_a_time_ends_the_trials_and_the_last_training(tiny, tmp_path) -> None:
    budget = Budget(30, time.time() - 12)
    engine = Scored(0.5, seconds=1)
    settings: dict[str, Any] = {"epochs": 2, "runs": tmp_path}
    run = pp.tune(tiny, "dense", budget=budget, engine=engine, progress=False, **settings)
    assert time.time() < budget.began + budget.seconds
    assert (run.name, run.record.epochs) == ("dense-epochs=2-tuned", 2)
    assert 1 <= finished(pp.trials(tiny, "dense", **settings)) < 40


@pytest.mark.parametrize(("share", "longer"), [(0.0, False), (0.9, True)])
def test_only_a_longer_training_replaces_one_that_a_deadline_ended(
    share: float, longer: bool, tiny, tmp_path, monkeypatch
) -> None:
    """`share_left` is replaced: it says whether there is time for a longer training."""
    changes: dict[str, Any] = {"epochs": 100_000, "early_stopping": None, "runs": tmp_path}
    search(tiny, "dense", count=1, engine=Scored(0.5), **changes)
    monkeypatch.setattr(LastTraining, "share_left", lambda self: share)
    first, second = (
        pp.tune(tiny, "dense", budget=Budget(30, time.time() - 26), **changes, **QUICK)
        for _ in range(2)
    )
    assert 0 < first.record.epochs < 100_000
    assert (second.record == first.record) != longer


def test_a_damaged_equal_run_is_left_alone(tiny, tmp_path) -> None:
    own = pp.train(tiny, "dense", epochs=1, runs=tmp_path, progress=False)
    (own.folder / "model.keras").write_bytes(b"damaged")
    tuned = pp.tune(
        tiny, "dense", trials=1, engine=Scored(0.5), epochs=1, runs=tmp_path, progress=False
    )
    tuned.verify()
    assert tuned.record.identity == own.record.identity


def test_a_run_that_has_the_name_of_the_result_is_reported_before_the_trials(
    tiny, tmp_path
) -> None:
    run = pp.train(tiny, "dense", epochs=1, runs=tmp_path, progress=False)
    run.folder.rename(run.folder.with_name("conv-epochs=1-tuned"))
    with pytest.raises(pp.PipelineError, match="a run of the recipe dense"):
        pp.tune(tiny, "conv", trials=1, epochs=1, runs=tmp_path, **QUICK)
    with pytest.raises(pp.PipelineError, match="no trials"):
        pp.trials(tiny, "conv", epochs=1, runs=tmp_path)


def test_a_trial_that_is_cut_by_the_time_is_tried_again(tiny, tmp_path) -> None:
    """Its settings wait for the next command."""
    changes: dict[str, Any] = {"epochs": 100_000, "early_stopping": None}
    found = prepare(tiny, "dense", tmp_path, None, **changes)
    found.budget = budget = Budget(30, time.time() - 17)
    found.run(tiny, Inline())
    assert time.time() < budget.began + budget.seconds
    run = pp.tune(tiny, "dense", budget=budget, runs=tmp_path, **changes, **QUICK)
    assert run.record.settings["learning_rate"] == 1e-3  # the recipe's own settings
    trials = pp.trials(tiny, "dense", runs=tmp_path, **changes)
    assert trials["state"].tolist() == ["interrupted", "waiting"]


def test_no_completed_trial_and_no_time_is_an_error(tiny, tmp_path) -> None:
    over = Budget(30, time.time() - 31)
    with pytest.raises(pp.PipelineError, match=r"no trial was completed\. Give it more time"):
        pp.tune(tiny, "dense", budget=over, epochs=1, runs=tmp_path, **QUICK)


def test_showing_trials_of_other_options_names_those_that_are_there(tuned, tiny_folder) -> None:
    result = tune(tiny_folder, tuned[0], "--show", "--epochs", "4")
    assert result.exit_code == 2
    assert "trials of dense-epochs=3: give the --model, --epochs" in " ".join(result.stderr.split())


@pytest.mark.parametrize("output_format", ["table", "json", "csv"])
def test_the_best_ten_trials_are_shown_and_all_as_json_and_csv(
    output_format: str, many: Path, tiny_folder
) -> None:
    words = ["--epochs", "1", "--show", "--format", output_format]
    result = tune(tiny_folder, many, *words)
    assert result.exit_code == 0, result.output
    best_first = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    if output_format == "json":
        shown = json.loads(result.stdout)
        assert [row["trial"] for row in shown] == best_first
        assert shown[-1]["learning_rate"] == 1e-3
        return
    lines = result.stdout.splitlines()[1:]
    separator = "," if output_format == "csv" else None
    shown = [int(line.split(separator)[0]) for line in lines]
    assert shown == (best_first if output_format == "csv" else best_first[:10])


def test_the_table_fits_a_terminal_of_eighty_columns(tiny, tiny_folder, tmp_path) -> None:
    search(tiny, "augmented", tmp_path, 3, Scored(0.5))
    terminal = {"COLUMNS": "80", "TTY_COMPATIBLE": "1"}
    words = ["--model", "augmented", "--show"]
    shown = tune(tiny_folder, tmp_path, *words, env=terminal).stdout.splitlines()
    assert max(map(len, shown)) <= 80
    assert "shear" in "".join(shown)
    numbers = [line.split() for line in shown if line.split()[0].isdigit()]
    assert [len(row) for row in numbers] == [9] * 3  # no number is folded


@pytest.fixture(scope="module")
def many(tiny, tmp_path_factory) -> Path:
    """A folder of runs with twelve trials, each better than those before."""
    runs: Path = tmp_path_factory.mktemp("many")
    search(tiny, "dense", runs, 12, Scored(*(number / 12 for number in range(12))), epochs=1)
    return runs


def test_a_database_keeps_the_trials_too(tiny, tiny_folder, tmp_path) -> None:
    url, runs = f"sqlite:///{tmp_path}/tuning.db", tmp_path / "runs"
    search(tiny, "dense", runs, 1, Scored(0.5), storage=url, epochs=1)
    result = tune(tiny_folder, runs, "--storage", url, "--epochs", "1", "--trials", "2")
    assert result.exit_code == 0, result.output
    trials = pp.trials(tiny, "dense", storage=url, epochs=1, runs=runs)
    assert finished(trials) == len(trials) == 2
    assert not list(tmp_path.rglob("*.journal"))
    assert result.stdout.splitlines()[-1] == str(runs / "tiny/dense-epochs=1-tuned")


@pytest.mark.parametrize("there", [False, True])
def test_showing_trials_makes_no_database(there: bool, tiny_folder, tmp_path) -> None:
    database = tmp_path / "typo.db"
    if there:
        sqlite3.connect(database).close()
    before = [(path, path.stat().st_size) for path in tmp_path.iterdir()]
    words = ["--show", "--storage", f"sqlite:///{database}"]
    result = tune(tiny_folder, tmp_path / "runs", *words)
    assert result.exit_code == 2
    assert "there are no trials" in result.stderr
    assert [(path, path.stat().st_size) for path in tmp_path.iterdir()] == before


def test_another_command_does_not_write_the_same_journal(many, tiny_folder, tmp_path) -> None:
    shutil.copytree(many, tmp_path / "runs")
    script = (
        "import sys, pathlib, pipeline.files as files\n"
        "with files.lock(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    journal = tmp_path / "runs/tiny/tuning/dense-epochs=1.journal"
    holder = subprocess.Popen(
        [sys.executable, "-c", script, journal],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    before = journal.read_bytes()
    result = tune(tiny_folder, tmp_path / "runs", "--epochs", "1", "--trials", "13")
    holder.communicate()
    assert result.exit_code == 2
    assert "another process is writing it" in result.stderr
    assert journal.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--model", "fsat"], "Did you mean 'fast'?"),
        (["--model", "dense", "--model", "fast"], "Tune them one after another"),
        (["--model", "dense,fast"], "--model dense, fast. Expected one recipe"),
        (["--model", "transfer"], "it has no search space"),
        (["--model", "conv-10-committee"], "Tune its members: conv-10-plateau"),
        (["--storage", "tuning.db"], "Expected a URL, such as sqlite:///tuning.db"),
        (["--storage", "sqlite:////no/such/folder/tuning.db"], "the storage cannot be opened"),
        (["--storage", "nosuchdatabase://u:secret@host/db"], "the storage cannot be opened"),
        (["--set", "learning_rate=0.1,0.2"], "--set learning_rate with 2 values"),
        (["--set", "learning_rate=1", "--set", "batch_size=8"], "nothing is left to search"),
        (["--budget", "soon"], "budget 'soon'"),
        (["--show"], "there are no trials"),
    ],
)
def test_a_mistake_is_said_before_anything_is_trained(words, said, tiny_folder, tmp_path) -> None:
    result = tune(tiny_folder, tmp_path / "runs", *words)
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert "secret" not in result.stderr
    assert not (tmp_path / "runs").exists()


def test_trials_of_other_data_are_refused_and_shown_with_a_warning(many, folder, tmp_path) -> None:
    folder.fill()
    shutil.copytree(many / "tiny/tuning", tmp_path / "runs/tiny/tuning")
    folder.path = folder.path.rename(folder.path.parent / "tiny")
    result = tune(folder.path, tmp_path / "runs", "--epochs", "1", "--trials", "13")
    assert result.exit_code == 2
    assert (
        "the trials that are there were made with other settings, layers or data" in result.stderr
    )
    assert "\n  the data\n" in result.stderr
    shown = tune(folder.path, tmp_path / "runs", "--epochs", "1", "--show")
    assert shown.exit_code == 0
    assert "these trials were made with other data" in shown.stderr
    assert "\n  the data\n" in shown.stderr
