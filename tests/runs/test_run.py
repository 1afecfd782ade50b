"""The run folder: complete or absent, verified when it is read, and able to predict."""

import json
import shutil
import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest

import pipeline as pp
from pipeline.checksums import sha256
from pipeline.errors import PipelineError
from pipeline.runs.listing import list_runs as runs_in
from pipeline.runs.run import Run, load_run


@pytest.fixture(scope="session")
def trained(tiny, tmp_path_factory) -> Run:
    runs = tmp_path_factory.mktemp("runs")
    return pp.train(tiny, "conv", epochs=2, tta_views=5, tta_angles=5, runs=runs, progress=False)


@pytest.fixture
def run(trained, tmp_path) -> Run:
    """A copy of the run, to be damaged."""
    folder = tmp_path / trained.name
    folder.mkdir()
    for path in trained.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return load_run(folder)


def test_probabilities_of_the_model_are_the_saved_ones_byte_for_byte(trained, tiny) -> None:
    np.testing.assert_array_equal(trained.predict(tiny.test_pixels), trained.test_probabilities)
    found = trained.validation
    np.testing.assert_array_equal(
        trained.predict(tiny.train_pixels[found.rows]), found.probabilities
    )
    np.testing.assert_array_equal(tiny.labels[found.rows], found.labels)


def test_the_model_opens_in_plain_keras(trained, tiny) -> None:
    model = keras.saving.load_model(trained.folder / "model.keras", safe_mode=True)
    images = trained.prepare(tiny.test_pixels)
    assert model.predict(images, verbose=0).shape == (len(images), 3)


def test_images_of_any_size_are_predicted(trained, tiny) -> None:
    images = tiny.test_pixels.reshape(-1, 8, 8)
    expected = trained.test_probabilities
    np.testing.assert_array_equal(trained.predict(images), expected)
    np.testing.assert_array_equal(trained.predict(images[..., None].astype(np.int64)), expected)
    np.testing.assert_array_equal(trained.predict(np.repeat(images[..., None], 3, 3)), expected)
    large = np.repeat(np.repeat(images, 4, axis=1), 4, axis=2)
    assert (trained.predict(large).argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.5


@pytest.mark.parametrize(
    "inputs",
    [
        np.zeros((2, 63)),
        np.zeros(64),
        np.zeros((2, 8, 8, 2)),
        np.zeros((2, 0, 8)),
        np.full((2, 64), 300),
        np.full((2, 64), "0"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(trained, inputs) -> None:
    with pytest.raises(PipelineError) as caught:
        trained.predict(inputs)
    assert caught.value.where == "inputs"


def test_the_history_has_a_row_for_each_epoch(trained) -> None:
    assert trained.history.index.tolist() == [1, 2]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(trained.history.columns)


def test_standard_tools_verify_the_folder(trained) -> None:
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    subprocess.run(command, cwd=trained.folder, check=True, capture_output=True)
    assert {path.name for path in trained.folder.iterdir()} == {"SHA256SUMS", *trained.checksums}


def reverse(path: Path) -> None:
    np.save(path, np.load(path)[::-1])


def edit_accuracy(path: Path) -> None:
    path.write_text(path.read_text().replace('"accuracy": 0', '"accuracy": 1', 1))


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("test.npy", reverse),
        ("validation.npy", reverse),
        ("validation_rows.npy", reverse),
        ("validation_labels.npy", reverse),
        ("run.json", Path.unlink),
        ("test.npy", Path.unlink),
        ("test.npy", lambda path: path.write_bytes(path.read_bytes()[:100])),
        ("model.keras", Path.unlink),
        ("run.json", edit_accuracy),
        ("run.json", lambda path: path.write_text("{}")),
        ("run.json", lambda path: path.write_text("[]")),
        ("run.json", lambda path: path.write_text("null")),
        ("run.json", lambda path: path.write_text("{")),
        ("SHA256SUMS", Path.unlink),
        ("SHA256SUMS", lambda path: path.write_text("")),
        ("SHA256SUMS", lambda path: path.write_text("nonsense")),
    ],
)
def test_a_damaged_run_is_refused_and_can_be_skipped(run, name, damage) -> None:
    damage(run.folder / name)
    with pytest.raises(PipelineError) as caught:
        load_run(run.folder)
    assert str(run.folder) in str(caught.value.where)
    skipped: list[PipelineError] = []
    assert runs_in(run.folder.parent, skipped.append) == []
    assert len(skipped) == 1


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("model.keras", lambda run: run.model),
        ("history.csv", lambda run: run.history),
        ("layers.json", lambda run: run.layers),
        ("explanation.npz", lambda run: run.explanation),
        ("log.txt", lambda run: run.verify()),
    ],
)
def test_damage_of_other_files_is_found_when_they_are_used(run, name, use) -> None:
    flip_a_bit(run.folder / name)
    with pytest.raises(PipelineError, match=f"{name} was changed or damaged"):
        use(load_run(run.folder))


def test_a_run_of_an_earlier_version_is_named_as_such(run) -> None:
    path = run.folder / "run.json"
    path.write_text(json.dumps({"recipe": {"name": "dense"}, "scores": {"accuracy": 0.9}}))
    sums = run.folder / "SHA256SUMS"
    sums.write_text(sums.read_text().replace(run.checksums["run.json"], sha256(path)))
    with pytest.raises(PipelineError, match="schema version is 1"):
        load_run(run.folder)


def test_a_run_of_another_version_is_not_overwritten(trained, tiny, tmp_path) -> None:
    folder = tmp_path / "tiny" / trained.name
    shutil.copytree(trained.folder, folder)
    path, sums = folder / "run.json", folder / "SHA256SUMS"
    path.write_text(path.read_text().replace('"schema_version": 3', '"schema_version": 2'))
    sums.write_text(sums.read_text().replace(trained.checksums["run.json"], sha256(path)))
    again = {"epochs": 2, "tta_views": 5, "tta_angles": 5, "runs": tmp_path, "progress": False}
    with pytest.raises(PipelineError, match="schema version is 2"):
        pp.train(tiny, "conv", **again)
    assert pp.train(tiny, "conv", fresh=True, **again).name == trained.name


def test_unfinished_folders_are_not_runs(run) -> None:
    (run.folder.parent / "notes").mkdir()
    run.folder.rename(run.folder.parent / f".{run.name}.tmp")
    assert runs_in(run.folder.parent) == []


def test_an_ensemble_predicts_with_its_members(tiny, tmp_path) -> None:
    small = {"epochs": 1, "min_side": 8}
    sweep = {name: [value] for name, value in small.items()}
    (run,) = pp.train_all(
        tiny, "conv-10-committee", sweep=sweep, runs=tmp_path, engine="inline", progress=False
    )
    np.testing.assert_array_equal(run.predict(tiny.test_pixels), run.test_probabilities)
    assert (run.history, run.layers, run.explanation) == (None, [], {})
    member = run.record.members[0]
    pp.train(tiny, "conv-10-plateau", runs=tmp_path, progress=False, fresh=True, **small)
    assert load_run(run.folder).predict(tiny.test_pixels).shape == (12, 3)
    record = run.folder.parent / member / "run.json"
    sums = record.parent / "SHA256SUMS"
    before = sha256(record)
    record.write_text(record.read_text().replace('"batch_size": 86', '"batch_size": 87'))
    sums.write_text(sums.read_text().replace(before, sha256(record)))
    with pytest.raises(PipelineError, match="was replaced by another training"):
        load_run(run.folder).predict(tiny.test_pixels)
    with pytest.raises(PipelineError, match="an ensemble has no model"):
        run.model  # noqa: B018
    with pytest.raises(PipelineError, match="an ensemble has no model"):
        run.prepare(tiny.test_pixels)


def test_a_notebook_shows_scores(trained) -> None:
    assert f"{trained.scores.accuracy:.2%}" in trained._repr_html_()
