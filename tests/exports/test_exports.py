"""Exported models give the run's probabilities for raw pixels; a mistake writes nothing."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from click.testing import CliRunner

import pipeline as pp
from pipeline.cli import main
from pipeline.exports import export, graph, preprocessing
from pipeline.exports.format import Format
from pipeline.images.views import make_views
from pipeline.runs.inputs import prepare

ROOT = Path(__file__).parent.parent.parent
ENDINGS = {"onnx": ".onnx", "litert": ".tflite", "savedmodel": ""}
Floats = npt.NDArray[np.float32]
each_format = pytest.mark.parametrize("format", ENDINGS)


def run_onnx(path: Path, pixels: Floats) -> tuple[Any, dict[str, Any]]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    texts = session.get_modelmeta().custom_metadata_map
    metadata = {key: json.loads(text) for key, text in texts.items()}
    return session.run(["probabilities"], {"pixels": pixels})[0], metadata


def run_litert(path: Path, pixels: Floats) -> tuple[Any, dict[str, Any]]:
    from ai_edge_litert.interpreter import Interpreter

    metadata = json.loads(path.with_suffix(".json").read_text())
    return Interpreter(str(path)).get_signature_runner()(pixels=pixels)["probabilities"], metadata


def run_savedmodel(path: Path, pixels: Floats) -> tuple[Any, dict[str, Any]]:
    layer = keras.layers.TFSMLayer(path, call_endpoint="serve")
    metadata = json.loads((path / "assets.extra/metadata.json").read_text())
    return np.asarray(layer(pixels)["probabilities"]), metadata


RUNTIMES = {"onnx": run_onnx, "litert": run_litert, "savedmodel": run_savedmodel}


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@each_format
def test_an_ensemble_with_resizing_views_and_temperature_is_one_model(
    format: str, tiny: pp.Competition, mixed: pp.Run, tmp_path: Path
) -> None:
    output = tmp_path / f"model{ENDINGS[format]}"
    exported = pp.export(tiny, mixed, format=format, output=output)
    assert (exported.path, exported.rows) == (output, 12)
    assert exported.difference == exported.run_difference < 1e-3
    pixels = tiny.test_pixels[:7]  # other rows than those that were compared
    found, metadata = RUNTIMES[format](output, pixels.astype(np.float32))
    expected = mixed.predict(pixels)
    assert expected.std() > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert metadata["classes"] == ["0", "1", "2"]
    assert metadata["shape"] == [8, 8, 1]
    assert metadata["high"] == tiny.schema.high


def test_networks_in_bfloat16_are_exported_in_float32(
    tiny: pp.Competition, make: Callable[..., pp.Run], tmp_path: Path
) -> None:
    run = make(tiny, "narrow", dtype="mixed_bfloat16")
    exported = pp.export(tiny, run, format="savedmodel", output=tmp_path / "model")
    assert exported.difference < 1e-5 < exported.run_difference
    assert b"bfloat16" not in (tmp_path / "model/saved_model.pb").read_bytes()


@pytest.mark.parametrize(
    ("shape", "image_shape", "changes"),
    [
        ((8, 8, 1), (16, 16, 1), {}),
        ((14, 14, 1), (16, 16, 3), {}),
        ((5, 9, 1), (8, 14, 1), {"transpose": True}),
        ((6, 5, 3), (18, 15, 3), {"planes": True}),
        ((6, 5, 3), (6, 5, 1), {"planes": True, "transpose": True}),
        ((6, 6, 3), (16, 16, 1), {"dtype": "float32"}),
    ],
)
@pytest.mark.parametrize(("shifts", "angles"), [(1, 1), (9, 1), (5, 5)])
def test_preprocessing_is_that_of_the_pipeline(
    shape: tuple[int, int, int],
    image_shape: tuple[int, int, int],
    changes: dict[str, Any],
    shifts: int,
    angles: int,
    large_run: pp.Run,
) -> None:
    data = replace(large_run.record.data, shape=shape, **changes)
    pixels = np.random.default_rng(0).integers(0, 256, (5, data.pixels)).astype(np.float32)
    if data.dtype == "float32":
        pixels += np.float32(0.5)
        pixels = pixels.clip(0, data.high)
    images = prepare(pixels, data, image_shape)
    expected = np.stack(list(make_views(images, shifts, angles)), axis=1)
    found = preprocessing.to_model_images(keras.ops.convert_to_tensor(pixels), data, image_shape)
    found = preprocessing.to_views(found, shifts, angles, whole=data.dtype == "uint8")
    differences = np.abs(np.asarray(found) - expected.reshape(found.shape).astype(np.float32))
    if data.dtype == "uint8":
        assert (differences > 0).mean() < (1e-3 if angles > 1 else 1e-9)
    assert differences.max() <= (1 if data.dtype == "uint8" else 0.05)


def test_the_script_of_the_documentation_writes_the_submission(
    tiny: pp.Competition, turned_run: pp.Run, tmp_path: Path
) -> None:
    (script,) = [
        part.split("```")[0]
        for part in (ROOT / "docs/how-to/export.md").read_text().split("```python\n")[1:]
        if "onnxruntime" in part
    ]
    pp.export(tiny, turned_run, output=tmp_path / "exports/digits/fast.onnx")
    data = tmp_path / "data/digits"
    data.mkdir(parents=True)
    (data / "test_data.csv").write_bytes((tiny.folder / "test.csv").read_bytes())
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    classes = [tiny.classes[c] for c in turned_run.predict(tiny.test_pixels).argmax(axis=1)]
    written = pd.read_csv(tmp_path / "submission.csv", dtype=str)
    assert written["Category"].tolist() == classes
    assert pp.check(tiny, tmp_path / "submission.csv") == 12


def test_a_model_that_predicts_something_else_is_not_written(
    tiny: pp.Competition, large_run: pp.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def brighter(*words: Any) -> Any:
        return preprocessing.to_model_images(*words) + 20

    monkeypatch.setattr(graph, "to_model_images", brighter)
    with pytest.raises(pp.PipelineError, match="probabilities differ by up to 0") as caught:
        pp.export(tiny, large_run, format="savedmodel", output=tmp_path / "new/model")
    assert caught.value.exit_code == 1
    assert caught.value.expected == "at most 0.001 on 12 validation rows"
    assert files(tmp_path) == []


def test_a_network_that_a_format_cannot_hold_is_one_message(
    tiny: pp.Competition, large_run: pp.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*words: object) -> None:
        raise ValueError("no such operation\nand a long trace")

    broken: Format = replace(export.FORMATS["onnx"], convert=fail)
    monkeypatch.setitem(export.FORMATS, "onnx", broken)
    with pytest.raises(pp.PipelineError, match=r"format onnx: ValueError: no such operation\. U"):
        pp.export(tiny, large_run, output=tmp_path / "model.onnx")
    assert files(tmp_path) == []


def test_the_command_prints_the_difference_and_the_path(
    tiny: pp.Competition, large_run: pp.Run, runs: Path, tmp_path: Path
) -> None:
    output = tmp_path / "model"
    words = ["export", str(tiny.folder), "--run", "large", "--runs", str(runs)]
    words += ["--format", "savedmodel", "--output", str(output)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert (
        "Compared with large on 12 validation rows: the largest difference of a probability is"
        in result.stdout
    )
    assert result.stdout.splitlines()[-1] == str(output)
    again = CliRunner().invoke(main, words)
    assert again.exit_code == 2
    assert f"{output}: it exists already. Use --force to replace it." in again.stderr
    (output / "fingerprint.pb").unlink()
    forced = CliRunner().invoke(main, [*words, "--force"])
    assert forced.exit_code == 0, forced.output
    assert (output / "fingerprint.pb").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["DATA", "--run", "lange"], "Did you mean 'large'?"),
        (["OTHER"], "no finished runs"),
        (
            ["DATA", "--run", "large", "--format", "tflite"],
            "'tflite' is not one of 'onnx', 'litert'",
        ),
        (["DATA", "--run", "large", "--output", "model"], "the name does not end with .onnx"),
        (["DATA", "--run", "large", "--output", "file/model.onnx"], "it cannot be written"),
        (["DATA", "--run", "large", "--output", "/proc/model.onnx"], "/proc: it cannot be written"),
        (["DATA", "--run", "large", "--output", "there.onnx"], "it exists already"),
        (
            ["DATA", "--run", "large", "--output", "there.onnx", "--force"],
            "it is no exported model, so it is not replaced",
        ),
        (
            [
                "DATA",
                "--run",
                "large",
                "--format",
                "savedmodel",
                "--output",
                "there.onnx",
                "--force",
            ],
            "it is no exported model, so it is not replaced",
        ),
        (
            ["DATA", "--run", "large", "--format", "litert", "--output", "there.tflite"],
            "there.json: it exists already",
        ),
        (["DATA", "--run", "saved"], "the run has no model"),
    ],
)
def test_a_mistake_is_one_message_and_writes_nothing(
    words: list[str],
    message: str,
    tiny: pp.Competition,
    competition: pp.Competition,
    runs: Path,
    large_run: pp.Run,
    saved_run: pp.Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("there.json").touch()
    Path("there.onnx").mkdir()
    Path("there.onnx/mine.txt").touch()
    folders = {"DATA": str(tiny.folder), "OTHER": str(competition.folder)}
    before = files(tmp_path)
    given = [folders.get(word, word) for word in words]
    result = CliRunner().invoke(main, ["export", *given, "--runs", str(runs)])
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert result.stderr.count("Error: ") == 1
    assert files(tmp_path) == before


def test_a_run_of_other_data_is_refused(competition: pp.Competition, large_run: pp.Run) -> None:
    with pytest.raises(pp.PipelineError, match="different data"):
        pp.export(competition, large_run)


def test_a_missing_package_is_named_with_the_command_that_installs_it(
    tiny: pp.Competition, large_run: pp.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.exports.format.find_spec", lambda name: None)
    with pytest.raises(pp.PipelineError) as caught:
        pp.export(tiny, large_run)
    assert caught.value.found == "the packages are not installed: onnx, onnxruntime, tf2onnx"
    assert "python -m pip install onnx onnxruntime tf2onnx" in (caught.value.remedy or "")


def test_the_extra_has_what_the_formats_need() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    (extra,) = [line for line in text.splitlines() if line.startswith("export = ")]
    needed = {name for each in export.FORMATS.values() for name in each.packages.values()}
    assert {name.split(">=")[0] for name in json.loads(extra.split(" = ")[1])} == needed
