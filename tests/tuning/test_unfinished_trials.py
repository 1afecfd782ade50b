"""No trial is lost: trials that are stopped or fail, commands that are killed, several machines."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from click.testing import CliRunner
from optuna.trial import TrialState
from scored import Interrupted, Scored, prepare, search

import pipeline as pp
from pipeline.cli import main
from pipeline.cli.tune import echo_trials
from pipeline.networks.recipe import Recipe
from pipeline.networks.space import Choice, Float, Space
from pipeline.recipes import find_recipe
from pipeline.search.engine import Inline
from pipeline.training.progress import Progress
from pipeline.tuning.search import Search
from pipeline.tuning.study import OWNER, claim, retry, retry_stale
from pipeline.tuning.summary import trials_table

ROOT = Path(__file__).parent.parent.parent
FINISHED = ["complete", "pruned"]
QUICK: dict[str, Any] = {"engine": "inline", "progress": False}


def table(found: Search) -> pd.DataFrame:
    return trials_table(found.study, found.subject.space)


def test_the_same_command_continues_to_exactly_as_many_trials(tuned, tiny, tmp_path) -> None:
    shutil.copytree(tuned[0], tmp_path / "runs")
    same = {"epochs": 3, "runs": tmp_path / "runs"}
    again = pp.tune(tiny, "dense", trials=7, **same, **QUICK)
    assert again.record.created == tuned[1].record.created
    trials = table(search(tiny, "dense", tmp_path / "runs", 8, epochs=3))
    assert trials["state"].isin(FINISHED).sum() == len(trials) == 8
    earlier = trials[trials["trial"] < 7].reset_index(drop=True)
    pd.testing.assert_frame_equal(earlier, tuned[2])
    assert len(trials.drop_duplicates(["learning_rate", "batch_size"])) == 8


@pytest.mark.parametrize(
    ("engine", "database", "sent", "status"),
    [
        ("inline", False, signal.SIGKILL, -signal.SIGKILL),
        pytest.param("inline", True, signal.SIGKILL, -signal.SIGKILL, marks=pytest.mark.faults),
        pytest.param("inline", False, signal.SIGINT, 130, marks=pytest.mark.faults),
        pytest.param("processes", False, signal.SIGKILL, -signal.SIGKILL, marks=pytest.mark.faults),
    ],
)
def test_a_command_that_is_stopped_loses_no_trial(
    engine: str, database: bool, sent: signal.Signals, status: int, tiny, tiny_folder, tmp_path
) -> None:
    changes: dict[str, Any] = {"epochs": 20, "early_stopping": "none"}
    words = [str(tiny_folder), "--model", "dense", "--epochs", "20", "--trials", "40"]
    words += ["--set", "early_stopping=none", "--runs", str(tmp_path)]
    storage = f"sqlite:///{tmp_path}/tuning.db" if database else None
    words += ["--storage", storage] if storage else []
    settings = {**changes, "storage": storage, "runs": tmp_path}
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
    kept = before[before["state"].isin(FINISHED)].set_index("trial")
    stopped = before[before["state"].isin(["running", "interrupted"])]
    assert len(stopped)

    count = len(kept) + len(stopped)
    again = ["tune", *words, "--trials", str(count), "--engine", engine]
    result = CliRunner().invoke(main, again, catch_exceptions=False)
    assert (result.exit_code, len(pp.list_runs("tiny", runs=tmp_path))) == (0, 1)
    trials = pp.trials(tiny_folder, "dense", **settings)
    after = trials[trials["state"].isin(FINISHED)]
    assert len(after) == count
    interrupted = trials[trials["state"] == "interrupted"]
    assert set(interrupted["trial"]) == set(stopped["trial"])
    for name in ("learning_rate", "batch_size"):
        assert set(interrupted[name]) <= set(after[name])
    found = after.set_index("trial").loc[kept.index]
    pd.testing.assert_frame_equal(found, kept, check_dtype=False)


def trains_a_second_trial(folder: Path, settings: dict[str, Any]) -> bool:
    try:
        trials = pp.load_study(folder, "dense", **settings).trials
    except pp.PipelineError:
        return False
    return any(
        trial.number and trial.state.name == "RUNNING" and trial.intermediate_values
        for trial in trials
    )


def test_ctrl_c_queues_the_settings_of_the_trial_again(tiny, tmp_path) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(tiny, "dense", tmp_path, 3, Interrupted("trial 1"), epochs=2)
    trials = table(found := search(tiny, "dense", tmp_path, 3, Scored(0.5), epochs=2))
    assert trials["state"].value_counts().to_dict() == {"complete": 3, "interrupted": 1}
    number = trials.set_index("trial")
    assert number.loc[1, "state"] == "interrupted"
    assert found.study.trials[1].params == found.study.trials[2].params


@pytest.mark.parametrize("known", [True, False])
def test_a_kill_between_ending_a_trial_and_queueing_it_again_loses_no_settings(
    known: bool, tiny, tmp_path
) -> None:
    """The next command finds the ended trial, unless its settings were queued."""
    study = prepare(tiny, "dense", tmp_path, 3, epochs=1).study
    asked = study.ask()
    study.tell(asked.number, state=TrialState.FAIL)
    if known:
        study.enqueue_trial({"learning_rate": 1e-3, "batch_size": 128})
    for _ in range(2):
        trials = table(prepare(tiny, "dense", tmp_path, 3, epochs=1))
        assert trials["state"].tolist() == ["interrupted", "waiting"]
        assert trials["learning_rate"].tolist() == [1e-3, 1e-3]


def failing(fails: Callable[[Recipe], bool], **own: Any) -> Recipe:
    """`dense`, which searches the learning rate, and fails to make some networks."""
    good = find_recipe("dense")

    def layers(recipe: Recipe) -> list[Any]:
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


def test_failed_trials_are_not_among_the_best_ten(tiny, tiny_folder, tmp_path, capsys) -> None:
    mine = failing(lambda recipe: recipe.learning_rate != 1e-3)
    pp.tune(tiny, mine, trials=30, epochs=1, runs=tmp_path, **QUICK)
    echo_trials(pp.trials(tiny, mine, epochs=1, runs=tmp_path))
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in shown[1:]] == ["complete", "waiting"]


def test_failures_without_a_completed_trial_are_raised(tiny, tmp_path) -> None:
    mine = failing(lambda recipe: recipe.learning_rate < 1, learning_rate=1.0)
    with pytest.raises(pp.PipelineError, match=r"recipe mine: .* RuntimeError: no layers"):
        pp.tune(tiny, mine, trials=30, epochs=1, runs=tmp_path, **QUICK)
    trials = pp.trials(tiny, mine, epochs=1, runs=tmp_path)
    assert trials["state"].tolist() == [*["failed"] * 5, "waiting"]


def test_settings_that_a_recipe_refuses_together_are_pruned(tiny, tmp_path) -> None:
    ranges = {"optimizer": Choice(("sgd", "adam")), "momentum": Choice((0.0, 0.9))}
    own = find_recipe("dense").change(optimizer="sgd", momentum=0.9)
    mine = replace(own, name="mine", space=Space(ranges), published=None)
    engine = Scored(0.5)
    trials = table(search(tiny, mine, tmp_path, 12, engine, epochs=1))
    refused = trials["optimizer"] == "adam"  # which has no momentum
    assert 0 < refused.sum() < len(trials) == 12
    assert set(trials[refused]["state"]) == {"pruned"}
    assert set(trials[~refused]["state"]) == {"complete"}
    assert len(engine.trials) == (~refused).sum()


def test_a_killed_command_that_its_parent_has_not_waited_for_is_dead(tiny, tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/tuning.db"
    study = prepare(tiny, "dense", tmp_path, 3, storage=url, epochs=1).study
    trial = study.ask()
    claim(trial)
    assert retry_stale(study, alone=False) == 0
    zombie = subprocess.Popen([sys.executable, "-c", ""])
    process = psutil.Process(zombie.pid)
    while process.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.05)
    changed = {"process": zombie.pid, "began": process.create_time()}
    trial.set_user_attr(OWNER, trial.user_attrs[OWNER] | changed)
    assert retry_stale(study, alone=False) == 1
    zombie.wait()


def test_failures_between_finished_trials_do_not_end_the_search(tiny, tmp_path) -> None:
    twice = (None, None, 0.5)
    found = search(tiny, "dense", tmp_path, 3, Scored(*twice, *twice, *twice), epochs=1)
    assert table(found)["state"].tolist() == [*["complete"] * 3, *["failed"] * 6]


def test_a_trial_that_another_machine_has_taken_over_is_no_failure(tiny, tmp_path) -> None:
    """It was silent for too long; its settings are tried once more, not twice."""
    url = f"sqlite:///{tmp_path}/tuning.db"
    here, there = (prepare(tiny, "dense", tmp_path, 1, storage=url, epochs=2) for _ in range(2))
    taken: list[int] = []

    def take_over(progress: Progress) -> None:
        running = there.study.get_trials(states=(TrialState.RUNNING,))
        if not taken and progress.epoch_ended:
            taken.extend(trial.number for trial in running if retry(there.study, trial))
            assert not any(retry(there.study, trial) for trial in running)

    here.display.progress = take_over  # type: ignore[method-assign]
    here.run(tiny, Inline())
    assert taken == [0]
    assert not here.failures
    trials = table(here)
    assert trials["state"][0] in FINISHED
    assert trials["state"].tolist()[1:] == ["interrupted"]
    assert (trials["learning_rate"] == 1e-3).sum() == 2


def test_machines_that_share_trials_do_not_search_alike(tiny, tmp_path) -> None:
    """Each on its own, they ask for different settings after the first trial."""
    rates = []
    for machine in ("one", "two"):
        url = f"sqlite:///{tmp_path}/{machine}.db"
        found = search(tiny, "dense", tmp_path, 2, Scored(0.5), storage=url, epochs=1)
        rates.append(set(table(found)["learning_rate"]))
    assert len(rates[0] & rates[1]) == 1


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
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


@pytest.mark.database
def test_several_machines_share_the_trials_in_postgresql(
    postgresql: str, tiny, tiny_folder, tmp_path
) -> None:
    """This process is one of them."""
    script = (
        "import pathlib, sys, time\n"
        "tests, folder, storage, here, there = sys.argv[1:]\n"
        "sys.path.insert(0, tests)\n"
        "import keras, pipeline as pp, scored\n"
        "competition, runs = pp.load(folder), pathlib.Path(here)\n"
        "runs.mkdir()\n"
        "while not pathlib.Path(there).exists(): time.sleep(0.01)\n"
        "scored.search(competition, 'dense', runs, 4, storage=storage, epochs=2)"
    )
    here, there = tmp_path / "here", tmp_path / "there"  # each begins when the other is ready
    words = [Path(__file__).parent, tiny_folder, postgresql, there, here]
    other = subprocess.Popen([sys.executable, "-c", script, *map(str, words)], cwd=ROOT)
    while other.poll() is None and not there.exists():
        time.sleep(0.01)
    here.mkdir()
    search(tiny, "dense", here, 4, storage=postgresql, epochs=2)
    assert other.wait(timeout=300) == 0
    study = pp.load_study(tiny, "dense", storage=postgresql, epochs=2)
    trials = pp.trials(tiny, "dense", storage=postgresql, epochs=2)
    assert trials["state"].isin(FINISHED).sum() == 4
    owners = {t.user_attrs["owner"]["process"] for t in study.trials if t.state.name != "FAIL"}
    assert len(owners) == 2


@pytest.mark.cluster
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_trials_run_on_a_cluster(postgresql: str, tiny, tmp_path) -> None:
    ray = pytest.importorskip("ray", reason="ray is not installed: make test-cluster installs it")
    engine = pp.EngineChoice("ray", workers=1)
    same: dict[str, Any] = {"storage": postgresql, "epochs": 3, "runs": tmp_path}
    try:
        run = pp.tune(tiny, "dense", trials=3, engine=engine, progress=False, **same)
    finally:
        ray.shutdown()
    assert pp.trials(tiny, "dense", **same)["state"].isin(FINISHED).sum() == 3
    assert run.record.recipe == "dense"
