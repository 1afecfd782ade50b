"""pipeline tune: what it searches, what it scores, and that no trial is lost."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from optuna.trial import TrialState

import pipeline as pp
from pipeline.cli import main
from pipeline.networks.recipe import Recipe
from pipeline.networks.space import Choice, Float, Space
from pipeline.recipes import find_recipe
from pipeline.search.budget import Budget
from pipeline.search.display import Display
from pipeline.search.engine import choose_engine
from pipeline.training.progress import Progress
from pipeline.tuning.search import Search
from pipeline.tuning.study import retry, trials_table
from pipeline.tuning.subject import make_subject
from pipeline.tuning.trials import scoring_fold

ROOT = Path(__file__).parent.parent.parent
FINISHED = ["complete", "pruned"]
QUICK = {"engine": "inline", "progress": False}


def finished(table: pd.DataFrame) -> int:
    return int(table["state"].isin(FINISHED).sum())


def tune(folder: Path, runs: Path, *words: str) -> Result:
    base = ["tune", str(folder), "--model", "dense", "--runs", str(runs), "--engine", "inline"]
    return CliRunner().invoke(main, [*base, "--quiet", *words])


@pytest.fixture(scope="module")
def tuned(tiny, tmp_path_factory) -> tuple[Path, pp.Run, pd.DataFrame]:
    runs = tmp_path_factory.mktemp("runs")
    run = pp.tune(tiny, "dense", trials=7, epochs=3, runs=runs, **QUICK)
    return runs, run, pp.trials(tiny, "dense", epochs=3, runs=runs)


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


def test_a_trial_is_scored_as_a_run_is(tiny, tmp_path) -> None:
    """With the weights of the best epoch, with TTA, without penalties in the loss."""
    changes = {"epochs": 6, "tta_views": 5, "learning_rate": 1.0, "l2": 0.01, "restore_best": True}
    pp.tune(tiny, "dense-500-300", trials=1, runs=tmp_path / "trials", **changes, **QUICK)
    trials = pp.trials(tiny, "dense-500-300", runs=tmp_path / "trials", **changes)
    (trial,) = trials.to_dict("records")
    changes["batch_size"] = trial["batch_size"]
    run = pp.train(
        tiny, "dense-500-300", fold=scoring_fold(tiny), runs=tmp_path, progress=False, **changes
    )
    assert trial["score"] == pytest.approx(run.scores.accuracy)
    assert trial["loss"] == pytest.approx(run.scores.loss, rel=1e-5)
    assert run.record.best_epoch < 6
    assert run.history["val_loss"].min() > trial["loss"] + 0.1  # it has a penalty
    assert run.record.training.without_tta.loss != pytest.approx(trial["loss"], rel=1e-3)


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


def test_the_same_command_continues_to_exactly_as_many_trials(tuned, tiny, tmp_path) -> None:
    shutil.copytree(tuned[0], tmp_path / "runs")
    same = {"epochs": 3, "runs": tmp_path / "runs"}
    again = pp.tune(tiny, "dense", trials=7, **same, **QUICK)
    assert again.record.created == tuned[1].record.created
    pp.tune(tiny, "dense", trials=9, **same, **QUICK)
    trials = pp.trials(tiny, "dense", **same)
    assert finished(trials) == len(trials) == 9
    earlier = trials[trials["trial"] < 7].reset_index(drop=True)
    pd.testing.assert_frame_equal(earlier, tuned[2])
    assert len(trials.drop_duplicates(["learning_rate", "batch_size"])) == 9


@pytest.mark.parametrize(
    ("engine", "database", "sent", "status"),
    [
        ("processes", False, signal.SIGKILL, -signal.SIGKILL),
        pytest.param("inline", True, signal.SIGKILL, -signal.SIGKILL, marks=pytest.mark.faults),
        ("inline", False, signal.SIGINT, 130),
    ],
)
def test_a_command_that_is_stopped_loses_no_trial(
    engine: str, database: bool, sent: signal.Signals, status: int, tiny_folder, tmp_path
) -> None:
    words = [str(tiny_folder), "--model", "dense", "--epochs", "100", "--trials", "3"]
    words += ["--set", "early_stopping=none", "--runs", str(tmp_path)]
    settings = {"epochs": 100, "early_stopping": "none", "runs": tmp_path}
    if database:
        settings["storage"] = f"sqlite:///{tmp_path}/tuning.db"
        words += ["--storage", settings["storage"]]
    command = [sys.executable, "-m", "pipeline", "tune", *words, "--engine", engine]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored behind `&`
    )
    while process.poll() is None and not trains_a_second_trial(tiny_folder, settings):
        time.sleep(0.1)
    process.send_signal(sent)
    assert process.wait() == status
    for journal in (tmp_path / "tiny/tuning").glob("*.journal"):
        journal.write_bytes(journal.read_bytes() + b'{"op_code": 5, "worker')  # while writing
    before = pp.trials(tiny_folder, "dense", **settings)
    stopped = before[before["state"].isin(["running", "interrupted"])]
    assert len(stopped)

    result = CliRunner().invoke(main, ["tune", *words, "--engine", "inline"])
    assert result.exit_code == 0, result.output
    trials = pp.trials(tiny_folder, "dense", **settings)
    after = trials[trials["state"].isin(FINISHED)]
    assert len(after) == 3
    interrupted = trials[trials["state"] == "interrupted"]
    assert set(interrupted["trial"]) == set(stopped["trial"])
    for name in ("learning_rate", "batch_size"):
        assert set(interrupted[name]) <= set(after[name])
    kept = before[before["state"].isin(FINISHED)].set_index("trial")
    found = after.set_index("trial").loc[kept.index]
    pd.testing.assert_frame_equal(found, kept, check_dtype=False)


def trains_a_second_trial(folder: Path, settings: dict) -> bool:
    try:
        trials = pp.load_study(folder, "dense", **settings).trials
    except pp.PipelineError:
        return False
    return any(
        trial.number and trial.state.name == "RUNNING" and trial.intermediate_values
        for trial in trials
    )


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
        runs = tmp_path / f"runs{shift}"
        pp.tune(competition, "dense", trials=4, epochs=2, runs=runs, **QUICK)
        tables.append(pp.trials(competition, "dense", epochs=2, runs=runs))
    pd.testing.assert_frame_equal(*(table.drop(columns="seconds") for table in tables))


def test_a_trial_is_the_mean_of_its_executions(tiny, tmp_path) -> None:
    ranges = {"learning_rate": Float(1e-3, 1e-2, log=True)}
    mine = replace(find_recipe("dense"), name="mine", space=Space(ranges, executions=2))
    pp.tune(tiny, mine, trials=1, epochs=2, runs=tmp_path, **QUICK)
    (trial,) = pp.trials(tiny, mine, epochs=2, runs=tmp_path).to_dict("records")
    fold = scoring_fold(tiny)
    runs = pp.train_all(tiny, "dense", sweep={"epochs": [2]}, seeds=[0, 1], fold=fold,
                        runs=tmp_path / "other", engine="inline", progress=False)  # fmt: skip
    assert trial["score"] == pytest.approx(np.mean([run.scores.accuracy for run in runs]))
    assert trial["loss"] == pytest.approx(np.mean([run.scores.loss for run in runs]), rel=1e-4)
    assert trial["epochs"] == 4


def test_a_training_that_diverges_is_a_finished_trial(tiny, tmp_path) -> None:
    space = Space({"learning_rate": Choice((1e-3, 1e30))})
    mine = replace(find_recipe("dense-64-64"), name="mine", space=space, learning_rate=1e-3)
    pp.tune(tiny, mine, trials=4, epochs=2, runs=tmp_path, **QUICK)
    trials = pp.trials(tiny, mine, epochs=2, runs=tmp_path)
    assert finished(trials) == len(trials) == 4
    assert set(trials[trials["learning_rate"] == 1e30]["state"]) == {"pruned"}


def failing(fails: Callable[[Recipe], bool], **own: Any) -> Recipe:
    """`dense`, which searches the learning rate, and fails to make some networks."""
    good = find_recipe("dense")

    def layers(recipe: Recipe) -> list:
        if fails(recipe):
            raise RuntimeError("no layers")
        return good.layers(recipe)

    space = Space({"learning_rate": Float(1e-4, 1e-1, log=True)})
    return replace(good, name="mine", space=space, layers=layers, published=None, **own)


def test_failures_one_after_another_end_the_search_and_the_best_is_trained(tiny, tmp_path) -> None:
    mine = failing(lambda recipe: recipe.learning_rate != 1e-3)
    run = pp.tune(tiny, mine, trials=30, epochs=1, runs=tmp_path, **QUICK)
    assert run.record.settings["learning_rate"] == 1e-3
    trials = pp.trials(tiny, mine, epochs=1, runs=tmp_path)
    assert trials["state"].tolist() == ["complete", *["failed"] * 5, "waiting"]


def test_failures_without_a_completed_trial_are_raised(tiny, tmp_path) -> None:
    mine = failing(lambda recipe: recipe.learning_rate < 1, learning_rate=1.0)
    with pytest.raises(RuntimeError, match="no layers"):
        pp.tune(tiny, mine, trials=30, epochs=1, runs=tmp_path, **QUICK)
    trials = pp.trials(tiny, mine, epochs=1, runs=tmp_path)
    assert trials["state"].tolist() == [*["failed"] * 5, "waiting"]


def test_failures_between_finished_trials_do_not_end_the_search(tiny, tmp_path) -> None:
    tried = Counter[float]()

    def fails_twice(recipe: Recipe) -> bool:
        tried[recipe.learning_rate] += 1
        return tried[recipe.learning_rate] <= 2

    mine = failing(fails_twice, learning_rate=1.0)
    tried[1.0] = 2
    pp.tune(tiny, mine, trials=4, epochs=1, runs=tmp_path, **QUICK)
    states = pp.trials(tiny, mine, epochs=1, runs=tmp_path)["state"]
    assert (states.isin(FINISHED).sum(), (states == "failed").sum()) == (4, 8)


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
    pp.tune(tiny, mine, trials=6, runs=tmp_path, **QUICK)
    study = pp.load_study(tiny, mine, runs=tmp_path)
    rows = len(scoring_fold(tiny).train)
    lengths = set()
    for trial in study.trials:
        epochs = mine.change(batch_size=trial.params["batch_size"]).epochs_for(rows)
        lengths.add(epochs)
        percents = [100 * epoch // epochs for epoch in range(1, epochs + 1)]
        assert list(trial.intermediate_values) == percents[: trial.user_attrs["epochs"]]
    assert len(lengths) == 2


def test_a_trial_that_another_machine_has_taken_over_is_no_failure(tiny, tmp_path) -> None:
    """It was silent for too long; its settings are tried once more, not twice."""
    subject = make_subject("dense", {"epochs": 5}, 0)
    place = subject.place("tiny", tmp_path, f"sqlite:///{tmp_path}/tuning.db")
    here, there = (
        Search.prepare(subject, tiny, place, Display(quiet=True), 2, None) for _ in range(2)
    )
    taken = []

    def take_over(progress: Progress) -> None:
        running = there.study.get_trials(states=(TrialState.RUNNING,))
        if not taken and progress.epoch_ended:
            taken.extend(trial.number for trial in running if retry(there.study, trial))
            assert not any(retry(there.study, trial) for trial in running)

    here.display.progress = take_over
    here.run(tiny, choose_engine(1, "inline"))
    assert taken == [0]
    assert not here.failures
    trials = trials_table(here.study, subject.space)
    assert set(trials["state"][:2]) <= set(FINISHED)
    assert trials["state"].tolist()[2:] == ["interrupted"]
    assert (trials["learning_rate"] == 1e-3).sum() == 2


def test_machines_that_share_trials_do_not_search_alike(tiny, tmp_path) -> None:
    """Each on its own, they ask for different settings after the first trial."""
    subject = make_subject("dense", {"epochs": 1}, 0)
    rates = []
    for machine in ("one", "two"):
        place = subject.place("tiny", tmp_path, f"sqlite:///{tmp_path}/{machine}.db")
        search = Search.prepare(subject, tiny, place, Display(quiet=True), 2, None)
        search.run(tiny, choose_engine(1, "inline"))
        rates.append(trials_table(search.study, subject.space)["learning_rate"].tolist())
    first, second = map(set, rates)
    assert len(first & second) == 1


def test_a_time_ends_the_trials_and_the_last_training(tiny, tmp_path) -> None:
    budget = Budget(30, time.time() - 12)
    run = pp.tune(tiny, "dense", budget=budget, epochs=2, runs=tmp_path, **QUICK)
    assert time.time() < budget.began + budget.seconds
    trials = pp.trials(tiny, "dense", epochs=2, runs=tmp_path)
    assert (run.name, run.record.epochs) == ("dense-epochs=2-tuned", 2)
    assert 1 <= finished(trials) < 40


def test_a_trial_that_is_cut_by_the_time_is_tried_again(tiny, tmp_path) -> None:
    """Its settings wait for the next command."""
    settings = {"epochs": 100_000, "early_stopping": None, "runs": tmp_path}
    budget = Budget(30, time.time() - 15)
    with pytest.raises(pp.PipelineError, match="no trial was completed"):
        pp.tune(tiny, "dense", budget=budget, **settings, **QUICK)
    assert time.time() < budget.began + budget.seconds
    trials = pp.trials(tiny, "dense", **settings)
    assert trials["state"].tolist() == ["interrupted", "waiting"]


def test_showing_trials_of_other_options_names_those_that_are_there(tuned, tiny_folder) -> None:
    result = tune(tiny_folder, tuned[0], "--show", "--epochs", "4")
    assert result.exit_code == 2
    assert "Expected the options of one of dense-epochs=3" in " ".join(result.stderr.split())


@pytest.mark.parametrize("output_format", ["table", "json", "csv"])
def test_the_best_ten_trials_are_shown(tuned, tiny_folder, output_format: str) -> None:
    words = ["--epochs", "3", "--show", "--format", output_format]
    result = tune(tiny_folder, tuned[0], *words)
    assert result.exit_code == 0, result.output
    trials = tuned[2]
    if output_format == "json":
        shown = json.loads(result.stdout)
        assert [row["trial"] for row in shown] == trials["trial"].tolist()
        assert shown[0]["learning_rate"] == pytest.approx(trials["learning_rate"][0])
        return
    lines = result.stdout.splitlines()
    assert len(lines) == 8
    separator = "," if output_format == "csv" else None
    assert [int(line.split(separator)[0]) for line in lines[1:]] == trials["trial"].tolist()


def test_a_database_keeps_the_trials_too(tiny, tiny_folder, tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/tuning.db"
    for count in ("1", "2"):
        words = ["--storage", url, "--epochs", "1", "--trials", count]
        result = tune(tiny_folder, tmp_path / "runs", *words)
        assert result.exit_code == 0, result.output
    trials = pp.trials(tiny, "dense", storage=url, epochs=1, runs=tmp_path / "runs")
    assert finished(trials) == len(trials) == 2
    assert not list(tmp_path.rglob("*.journal"))
    assert result.stdout.splitlines()[-1] == str(tmp_path / "runs/tiny/dense-epochs=1-tuned")


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


def test_another_command_does_not_write_the_same_journal(tuned, tiny_folder, tmp_path) -> None:
    shutil.copytree(tuned[0], tmp_path / "runs")
    script = (
        "import sys, pathlib, pipeline.files as files\n"
        "with files.lock(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    journal = tmp_path / "runs/tiny/tuning/dense-epochs=3.journal"
    holder = subprocess.Popen(
        [sys.executable, "-c", script, journal],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    before = journal.read_bytes()
    result = tune(tiny_folder, tmp_path / "runs", "--epochs", "3", "--trials", "9")
    holder.communicate()
    assert result.exit_code == 2
    assert "another process is writing it" in result.stderr
    assert journal.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--model", "fsat"], "Did you mean 'fast'?"),
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


def test_trials_of_other_data_are_refused(tuned, folder, tmp_path) -> None:
    folder.fill()
    shutil.copytree(tuned[0] / "tiny/tuning", tmp_path / "runs/tiny/tuning")
    folder.path = folder.path.rename(folder.path.parent / "tiny")
    result = tune(folder.path, tmp_path / "runs", "--epochs", "3", "--trials", "8")
    assert result.exit_code == 2
    assert (
        "the trials that are there were made with other settings, layers or data" in result.stderr
    )
    assert "\n  the data\n" in result.stderr


def test_a_better_trial_replaces_the_run_of_the_earlier_one(tiny, tmp_path) -> None:
    """Continued with other luck, so that the best changes."""
    settings = {"epochs": 1, "runs": tmp_path}
    first = pp.tune(tiny, "dense", trials=1, **settings, **QUICK)
    later = pp.tune(tiny, "dense", trials=8, **settings, **QUICK)
    assert later.name == first.name
    assert later.record.settings["learning_rate"] != first.record.settings["learning_rate"]


def test_the_published_system_is_tuned(tiny, tmp_path) -> None:
    run = pp.tune(tiny, "tuned", trials=1, epochs=1, runs=tmp_path, **QUICK)
    (trial,) = pp.trials(tiny, "tuned", epochs=1, runs=tmp_path).to_dict("records")
    assert trial["epochs"] == 2  # two executions
    for name in ("hidden.units", "hidden.activation", "hidden.dropout", "learning_rate"):
        assert run.record.settings[name] == trial[name]


@pytest.fixture(scope="module")
def postgresql():
    """The URL of a PostgreSQL server of its own."""
    pytest.importorskip("psycopg")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    ctl = shutil.which("pg_ctl") or (str(found[-1]) if found else None)
    if ctl is None:
        pytest.skip("PostgreSQL is not installed: make test-database")
    user = "postgres" if os.getuid() == 0 else None  # it does not run as root
    with tempfile.TemporaryDirectory() as folder:  # the path of a socket must be short
        if user:
            shutil.chown(folder, user)

        def call(*words: str) -> None:
            command = [ctl, *words, "--pgdata", f"{folder}/data"]
            subprocess.run(
                command, check=True, capture_output=True, user=user, cwd=folder, timeout=60
            )

        call("initdb", "--options", "--auth=trust --username=tuner")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        call("start", "--log", f"{folder}/log", "--wait", "--options", options)
        yield f"postgresql+psycopg://tuner@/postgres?host={folder}"
        call("stop", "--mode", "immediate")


def test_several_machines_share_the_trials_in_postgresql(
    postgresql: str, tiny, tiny_folder, tmp_path
) -> None:
    script = (
        "import pathlib, sys, time, pipeline as pp\n"
        "folder, storage, here, other = sys.argv[1:]\n"
        "competition = pp.load(folder)\n"
        "import pipeline.tuning.tune, keras\n"
        "pathlib.Path(here).mkdir()\n"
        "while not pathlib.Path(other).exists(): time.sleep(0.01)\n"
        "pp.tune(competition, 'dense', trials=8, epochs=2, storage=storage, runs=here,\n"
        "        engine='inline', progress=False)"
    )
    one, two = tmp_path / "one", tmp_path / "two"  # each begins when the other is ready
    commands = [
        subprocess.Popen([sys.executable, "-c", script, tiny_folder, postgresql, *order], cwd=ROOT)
        for order in ((one, two), (two, one))
    ]
    assert [command.wait(timeout=300) for command in commands] == [0, 0]
    study = pp.load_study(tiny, "dense", storage=postgresql, epochs=2)
    trials = pp.trials(tiny, "dense", storage=postgresql, epochs=2)
    assert finished(trials) == 8
    owners = {t.user_attrs["owner"]["process"] for t in study.trials if t.state.name != "FAIL"}
    assert len(owners) == 2
