"""Sweeps, replicates and ensembles."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import PipelineError
from pipeline.recipes import ensembles
from pipeline.runs.leaderboard import table
from pipeline.runs.run import RECORD, list_runs
from pipeline.search.session import train_all

SHORT = {"epochs": ["1"]}


def test_a_sweep_with_replicates_trains_every_value_with_every_seed(tiny, tmp_path) -> None:
    changes = {"l2": ["1e-6", "1e-3"], **SHORT}
    runs = train_all(tiny, tmp_path, ["dense-500-300"], changes, seeds=(0, 1))
    assert [run.name for run in runs] == [
        "dense-500-300-epochs=1-l2=1e-6",
        "dense-500-300-epochs=1-l2=1e-6-seed=1",
        "dense-500-300-epochs=1-l2=1e-3",
        "dense-500-300-epochs=1-l2=1e-3-seed=1",
    ]
    assert [run.record["recipe"]["l2"] for run in runs] == [1e-6, 1e-6, 1e-3, 1e-3]


@pytest.mark.parametrize("name", ensembles())
def test_a_committee_averages_members_that_differ_by_seed(name, tiny, tmp_path, capsys) -> None:
    small = {**SHORT, "min_side": ["8"]}
    member = ensembles()[name].member
    first = train_all(tiny, tmp_path, [member], small)[0]
    run = train_all(tiny, tmp_path, [name], small)[0]
    assert f"{first.name}: finished before, reused" in capsys.readouterr().err

    members = [other for other in list_runs(tmp_path) if other.name != run.name]
    assert sorted(run.record["members"]) == sorted(other.name for other in members)
    assert sorted(other.record["seed"] for other in members) == [0, 1, 2, 3, 4]
    average = np.mean([other.test() for other in members], axis=0)
    np.testing.assert_allclose(run.test(), average, atol=1e-6)
    assert run.record["parameters"] == 5 * first.record["parameters"]
    assert run.name in [row["run"] for row in table(list_runs(tmp_path))]

    train_all(tiny, tmp_path, [name], small)
    assert f"{run.name}: finished before, reused" in capsys.readouterr().err


def test_every_mistake_is_found_before_the_first_epoch(tiny, tmp_path) -> None:
    with pytest.raises(PipelineError, match="augmentd"):
        train_all(tiny, tmp_path, ["dense", "augmentd"], SHORT)
    with pytest.raises(PipelineError, match="l2=many"):
        train_all(tiny, tmp_path, ["dense-500-300"], {**SHORT, "l2": ["0.1", "many"]})
    assert list_runs(tmp_path) == []


@pytest.mark.parametrize("name", ["dense", "conv-10-committee"])
def test_a_run_from_before_a_setting_existed_is_reused(name, tiny, tmp_path, capsys) -> None:
    small = {**SHORT, "min_side": ["8"]}
    train_all(tiny, tmp_path, [name], small)
    for run in list_runs(tmp_path):
        record = json.loads((run.folder / RECORD).read_text())
        for settings in (record["recipe"], record["recipe"].get("settings", {})):
            settings.pop("views", None)
        (run.folder / RECORD).write_text(json.dumps(record))
    train_all(tiny, tmp_path, [name], small)
    assert f"{name}-epochs=1-min_side=8: finished before, reused" in capsys.readouterr().err
    change_record(tmp_path / f"{name}-epochs=1-min_side=8" / RECORD)
    with pytest.raises(PipelineError, match="other settings"):
        train_all(tiny, tmp_path, [name], small)


def test_what_is_asked_for_twice_is_trained_once(tiny, tmp_path, capsys) -> None:
    runs = train_all(tiny, tmp_path, ["dense", "dense"], {"epochs": ["1", "1"]}, fresh=True)
    assert [run.name for run in runs] == ["dense-epochs=1"]
    assert "reused" not in capsys.readouterr().err


def test_two_runs_of_one_name_are_refused(tiny, tmp_path) -> None:
    files = ["a/base.h5", "b/base.h5"]
    with pytest.raises(PipelineError, match=r"would be called transfer-base\.weights=base"):
        train_all(tiny, tmp_path, ["transfer"], {"base.weights": files})


def test_a_committee_is_trained_afresh_with_its_members(tiny, tmp_path) -> None:
    small = {**SHORT, "min_side": ["8"]}
    train_all(tiny, tmp_path, ["conv-10-committee"], small)
    for run in list_runs(tmp_path):
        text = (run.folder / RECORD).read_text().replace(tiny.fingerprint, "other")
        (run.folder / RECORD).write_text(text)
    with pytest.raises(PipelineError, match="other data"):
        train_all(tiny, tmp_path, ["conv-10-committee"], small)
    train_all(tiny, tmp_path, ["conv-10-committee"], small, fresh=True)
    assert {run.origin[0] for run in list_runs(tmp_path)} == {tiny.fingerprint}


def change_record(path: Path) -> None:
    record = json.loads(path.read_text())
    record["recipe"].get("settings", record["recipe"])["batch_size"] = 99
    path.write_text(json.dumps(record))
