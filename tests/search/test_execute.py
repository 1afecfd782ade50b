"""Sweeps, replicates, ensembles; what is reused, and what never is."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from keras import layers

import pipeline as pp
from pipeline.checksums import sha256
from pipeline.competition.folds import Fold
from pipeline.errors import PipelineError
from pipeline.networks.backbone import load_backbone
from pipeline.networks.backend import resolve_precision
from pipeline.networks.recipe import EnsembleRecipe
from pipeline.networks.saving import model_bytes
from pipeline.recipes import ensembles, find_recipe
from pipeline.runs.run import Run
from pipeline.search.grid import CombinedJob, make_grid, trainings_of
from pipeline.training.job import make_job

SHORT = {"epochs": [1]}


@pytest.fixture
def trio(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an ensemble of three small networks."""
    ensemble = EnsembleRecipe("trio", "these tests", member="dense", size=3)
    monkeypatch.setitem(ensembles(), ensemble.name, ensemble)
    return ensemble.name


def train(tiny, folder, recipes, sweep=SHORT, **options: Any) -> list[Run]:
    """Trains in this process: others take seconds to start, and are tested in test_engine.py."""
    return pp.train_all(tiny, recipes, sweep=sweep, runs=folder, **{"engine": "inline", **options})


def test_a_sweep_with_replicates_trains_every_value_with_every_seed(tiny, tmp_path) -> None:
    sweep = {"l2": ["1e-6", "1e-3"], **SHORT}
    runs = train(tiny, tmp_path, ["dense-500-300"], sweep, seeds=(0, 1))
    assert [run.name for run in runs] == [
        "dense-500-300-epochs=1",  # 1e-6 is the default
        "dense-500-300-epochs=1-seed=1",
        "dense-500-300-epochs=1-l2=0.001",
        "dense-500-300-epochs=1-l2=0.001-seed=1",
    ]
    assert [run.record.settings["l2"] for run in runs] == [1e-6, 1e-6, 1e-3, 1e-3]


def test_equal_settings_are_one_run_however_they_are_written(tiny, tmp_path, capsys) -> None:
    first = pp.train(tiny, "conv", epochs=1, runs=tmp_path)
    for written in ("0.001", "1e-3", 0.001, None):
        changes = {} if written is None else {"learning_rate": written}
        again = pp.train(tiny, "conv", epochs="1", runs=tmp_path, **changes)
        assert again.folder == first.folder
        assert "conv-epochs=1: finished before, reused" in capsys.readouterr().err


@pytest.mark.parametrize("name", ensembles())
def test_the_members_of_a_published_ensemble_differ_by_seed(name, tiny) -> None:
    (job,) = make_grid([name], [tiny.hold_out])
    assert isinstance(job, CombinedJob)
    assert [member.seed for member in trainings_of(job)] == [0, 1, 2, 3, 4]
    assert {member.recipe.name for member in trainings_of(job)} == {ensembles()[name].member}


def test_an_ensemble_averages_members_that_differ_by_seed(trio, tiny, tmp_path, capsys) -> None:
    (first,) = train(tiny, tmp_path, ["dense"])
    (run,) = train(tiny, tmp_path, [trio])
    assert f"{first.name}: finished before, reused" in capsys.readouterr().err

    members = [other for other in pp.list_runs(tiny, runs=tmp_path) if other.name != run.name]
    assert sorted(run.record.members) == sorted(other.name for other in members)
    assert sorted(other.record.seed for other in members) == [0, 1, 2]
    average = np.mean([other.test_probabilities for other in members], axis=0)
    np.testing.assert_allclose(run.test_probabilities, average, atol=1e-6)
    assert run.record.parameters == 3 * first.record.parameters

    train(tiny, tmp_path, [trio])
    assert f"{run.name}: finished before, reused" in capsys.readouterr().err


def test_every_mistake_is_found_before_the_first_epoch(tiny, tmp_path) -> None:
    for recipes, sweep in (
        (["dense", "augmentd"], SHORT),
        (["dense-500-300"], {**SHORT, "l2": ["0.1", "many"]}),
        (["dense", "transfer"], {**SHORT, "backbone.weights": ["nowhere.h5"]}),
    ):
        with pytest.raises(PipelineError):
            train(tiny, tmp_path, recipes, sweep)
    assert list(tmp_path.rglob("run.json")) == []


def test_what_is_asked_for_twice_is_trained_once(tiny, tmp_path, capsys) -> None:
    one, two = train(tiny, tmp_path, ["dense", "dense"], {"epochs": ["1", 1]}, fresh=True)
    assert one.name == two.name == "dense-epochs=1"
    assert "reused" not in capsys.readouterr().err


def test_equal_settings_in_one_command_are_trained_once_in_two_spellings(
    trio, tiny, tmp_path, capsys
) -> None:
    spelled = {"precision": ["auto", resolve_precision("auto")], **SHORT}
    runs = train(tiny, tmp_path, ["dense", trio], spelled)
    names = [run.name for run in runs]
    assert names[0] == names[1] != names[2] == names[3]
    assert f"the same as {names[2]}" in capsys.readouterr().err
    assert len(pp.list_runs(tiny, runs=tmp_path)) == 3 + 1  # the members and the ensemble


def test_changed_layers_of_a_recipe_are_never_finished_before(tiny, tmp_path) -> None:
    units = 4
    recipe = replace(
        find_recipe("dense"),
        name="mine",
        layers=lambda recipe: [layers.Flatten(), layers.Dense(units)],
        published=None,
    )
    pp.train(tiny, recipe, epochs=1, runs=tmp_path)
    units = 5
    changed = replace(recipe, layers=lambda recipe: [layers.Flatten(), layers.Dense(units)])
    with pytest.raises(PipelineError) as caught:
        pp.train(tiny, changed, epochs=1, runs=tmp_path)
    assert caught.value.details == ("the layers",)
    assert "--fresh" in (caught.value.remedy or "")
    assert pp.train(tiny, changed, epochs=1, runs=tmp_path, fresh=True).record.parameters == 343


def test_changed_weights_are_never_finished_before(tiny, tmp_path) -> None:
    path, copy = tmp_path / "backbone.keras", tmp_path / "copy.keras"
    change = {"backbone.weights": str(path), "augmentation": None, "epochs": 1}
    path.write_bytes(model_bytes(load_backbone("none", (32, 32, 3))))
    before = make_job(find_recipe("transfer"), change, 0, tiny.hold_out)
    weights = before.identity(tiny).weights
    path.write_bytes(model_bytes(load_backbone("none", (32, 32, 3))))
    run = pp.train(tiny, "transfer", runs=tmp_path, **change)
    assert run.name != before.name
    assert run.record.identity.weights != weights
    copy.write_bytes(path.read_bytes())
    again = pp.train(tiny, "transfer", runs=tmp_path, **change | {"backbone.weights": str(copy)})
    assert again.name == run.name


def test_another_precision_is_never_finished_before(tiny, tmp_path) -> None:
    runs = train(tiny, tmp_path, ["dense"], {**SHORT, "precision": ["float32", "bfloat16"]})
    assert [run.name for run in runs] == ["dense-epochs=1", "dense-epochs=1-precision=bfloat16"]


def test_fresh_trains_again(tiny, tmp_path) -> None:
    (first,) = train(tiny, tmp_path, ["dense"])
    (again,) = train(tiny, tmp_path, ["dense"])
    (fresh,) = train(tiny, tmp_path, ["dense"], fresh=True)
    assert again.record == first.record
    assert fresh.record.fit_seconds != first.record.fit_seconds


def test_other_training_rows_are_another_run(tiny, tmp_path) -> None:
    fold = tiny.hold_out
    fewer = Fold(fold.train[:30], fold.validation)
    run = pp.train(tiny, "dense", epochs=1, runs=tmp_path, progress=False)
    with pytest.raises(PipelineError) as caught:
        pp.train(tiny, "dense", epochs=1, fold=fewer, runs=tmp_path, progress=False)
    assert caught.value.details == ("the training or validation rows",)
    other = pp.train(tiny, "dense", epochs=1, fold=replace(fewer, name="few"), runs=tmp_path)
    assert other.name == "dense-epochs=1-fold=few"
    assert (other.record.fold.train_rows, run.record.fold.train_rows) == (30, 48)


def test_a_name_that_is_taken_is_found_before_any_training(trio, tiny, tmp_path) -> None:
    (ensemble,) = train(tiny, tmp_path, [trio])
    path, sums = ensemble.folder / "run.json", ensemble.folder / "SHA256SUMS"
    path.write_text(path.read_text().replace(ensemble.record.identity.members[0], "0" * 64))
    sums.write_text(sums.read_text().replace(ensemble.checksums["run.json"], sha256(path)))
    for run in pp.list_runs(tiny, runs=tmp_path):
        if run.name != ensemble.name:
            shutil.rmtree(run.folder)
    with pytest.raises(PipelineError) as caught:
        train(tiny, tmp_path, [trio])
    assert caught.value.details == ("the members",)
    assert [run.name for run in pp.list_runs(tiny, runs=tmp_path)] == [ensemble.name]


@pytest.mark.parametrize("empty", [{"recipes": []}, {"seeds": []}, {"sweep": {"l2": []}}])
def test_nothing_asked_for_is_nothing_trained(empty, tiny, tmp_path) -> None:
    asked = {"recipes": ["dense-500-300"], **empty}
    assert pp.train_all(tiny, asked.pop("recipes"), runs=tmp_path, **asked) == []


def test_values_of_numpy_can_be_swept(tiny, tmp_path) -> None:
    sweep = {"l2": np.array([1e-3]), **SHORT}
    (run,) = train(tiny, tmp_path, ["dense-500-300"], sweep, progress=False)
    assert run.name == "dense-500-300-epochs=1-l2=0.001"


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_numpy_does_not_take_is_refused(seed, tiny, tmp_path) -> None:
    with pytest.raises(PipelineError, match=f"seed {seed}"):
        pp.train(tiny, "dense", seed=seed, runs=tmp_path)


@pytest.mark.parametrize("name", [".x", "../x", "a b", "pages", ""])
def test_a_recipe_whose_name_cannot_be_a_folder_is_refused(name) -> None:
    with pytest.raises(PipelineError):
        replace(find_recipe("dense"), name=name)


def test_recipes_of_a_notebook_are_trained_in_its_process(tiny, tmp_path) -> None:
    recipes = [
        replace(find_recipe("dense"), name=name, layers=lambda recipe: [layers.Flatten()])
        for name in ("one", "two")
    ]
    assert len(train(tiny, tmp_path, recipes, progress=False)) == 2


def test_a_script_needs_no_main_guard(tiny_folder, tmp_path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import pipeline as pp\n"
        f"competition = pp.load({str(tiny_folder)!r})\n"
        "runs = pp.train_all(competition, ['dense'], sweep={'epochs': [1]},\n"
        f"    runs={str(tmp_path)!r}, engine='processes', progress=False)\n"
        "print(len(runs))\n"
    )
    result = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "1\n", "")


@pytest.mark.parametrize("name", ["test.npy", "model.keras", "history.csv"])
def test_a_damaged_run_is_trained_again(name: str, tiny, tmp_path, capsys) -> None:
    (run,) = train(tiny, tmp_path, ["dense"])
    (run.folder / name).write_bytes(b"")
    (again,) = train(tiny, tmp_path, ["dense"])
    again.verify()
    assert again.predict(tiny.test_pixels).shape == (12, 3)
    assert "the damaged run is trained again" in capsys.readouterr().err


def with_other_data(run: Run) -> None:
    """Makes a valid run on other data of it."""
    path, sums = run.folder / "run.json", run.folder / "SHA256SUMS"
    path.write_text(path.read_text().replace(run.record.data.fingerprint, "0" * 64))
    sums.write_text(sums.read_text().replace(run.checksums["run.json"], sha256(path)))


def test_runs_on_other_data_are_not_mixed_but_replaced_if_asked(tiny, tmp_path) -> None:
    train(tiny, tmp_path, ["dense"], SHORT)
    for run in pp.list_runs(tiny, runs=tmp_path):
        with_other_data(run)
    with pytest.raises(PipelineError, match="these runs used different data"):
        train(tiny, tmp_path, ["dense-64-64"], SHORT)
    train(tiny, tmp_path, ["dense"], SHORT, fresh=True)
    found = {run.record.data.fingerprint for run in pp.list_runs(tiny, runs=tmp_path)}
    assert found == {tiny.fingerprint}


def test_one_failure_never_stops_another_job(tiny, tmp_path) -> None:
    sweep = {"learning_rate": [1e30, 0.01], "plateau": [None], **SHORT}
    with pytest.raises(ExceptionGroup) as caught:
        train(tiny, tmp_path, ["dense", "dense-64-64"], sweep)
    assert [isinstance(error, PipelineError) for error in caught.value.exceptions] == [True] * 2
    names = {run.name for run in pp.list_runs(tiny, runs=tmp_path)}
    assert len(names) == 2
    assert all("learning_rate=0.01" in name for name in names)


@pytest.mark.parametrize(
    ("changes", "seed", "name"),
    [
        ({}, 0, "dense"),
        ({"epochs": "5"}, 1, "dense-epochs=5-seed=1"),
        ({"augmentation.rotation": "20"}, 0, "dense-augmentation.rotation=20"),
        ({"plateau": "none", "restore_best": "false"}, 0, "dense-plateau=none-restore_best=false"),
    ],
)
def test_a_run_is_named_after_what_differs(changes, seed, name, tiny) -> None:
    assert make_job(find_recipe("dense"), changes, seed, tiny.hold_out).name == name


def test_long_names_end_with_a_hash_and_stay_different(tiny) -> None:
    many = {f"augmentation.{name}": 0.123 for name in ("rotation", "zoom", "shift", "shear")}
    many |= {"learning_rate": 0.123, "batch_size": 77, "early_stopping": 7, "epochs": 7}
    names = [
        make_job(find_recipe("dense"), many | {"tta_views": views}, 3, tiny.hold_out).name
        for views in (1, 5, 9)
    ]
    assert len(set(names)) == 3
    assert all(len(name) <= 120 and name.endswith("-seed=3") for name in names)


def test_a_run_says_all_that_its_result_depends_on(tiny, tmp_path) -> None:
    (run,) = train(tiny, tmp_path, ["conv-10-augmented"])
    identity = json.loads((run.folder / "run.json").read_text())["identity"]
    assert identity["data"] == tiny.fingerprint
    assert identity["fold"] == tiny.hold_out.digest
    assert len(identity["architecture"]) == 64
    assert identity["settings"]["augmentation.rotation"] == 10
    assert identity["settings"]["precision"] == "float32"
