"""Models and weights from elsewhere are data: nothing in them runs, and their sizes are bounded."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from folders import sign

import pipeline as pp
from pipeline.errors import PipelineError
from pipeline.networks.backbone import load_backbone
from pipeline.runs.run import load_run

Members = dict[str, bytes]
CONFIG, WEIGHTS = "config.json", "model.weights.h5"


def rewrite(path: Path, change: Callable[[Members], object], packed: bool = False) -> None:
    """Changes the members of a .keras file."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def with_config(change: Callable[[Any], object]) -> Callable[[Path, Path], None]:
    def make(path: Path, canary: Path) -> None:
        def edit(members: Members) -> None:
            config = json.loads(members[CONFIG])
            change(config)
            members[CONFIG] = json.dumps(config).replace("CANARY", str(canary)).encode()

        rewrite(path, edit)

    return make


def with_layer(module: str, name: str, settings: dict[str, Any]) -> Callable[[Path, Path], None]:
    """A model whose second layer is replaced."""

    def change(config: Any) -> None:
        layer = config["config"]["layers"][1]
        layer |= {"module": module, "class_name": name, "registered_name": None}
        layer["config"] = {"name": layer["name"]} | settings

    return with_config(change)


def with_function(module: str, name: str) -> Callable[[Path, Path], None]:
    """A model whose activation is any function."""
    function = {"class_name": "function", "module": module, "config": name}
    function["registered_name"] = "function"
    return with_layer("keras.layers", "Activation", {"activation": function})


def with_weights(change: Callable[[h5py.File, Path], object]) -> Callable[[Path, Path], None]:
    def make(path: Path, canary: Path) -> None:
        def edit(members: Members) -> None:
            file = io.BytesIO(members[WEIGHTS])
            with h5py.File(file, "r+") as opened:
                change(opened, canary)
            members[WEIGHTS] = file.getvalue()

        rewrite(path, edit)

    return make


def first_array(file: h5py.File) -> str:
    names: list[str] = []
    file.visititems(lambda name, found: names.append(name) if hasattr(found, "shape") else None)
    return names[0]


def replaced(make: Callable[[h5py.File, str, Path], object]) -> Callable[[Path, Path], None]:
    """A model whose first array is replaced."""

    def change(file: h5py.File, canary: Path) -> None:
        name = first_array(file)
        del file[name]
        make(file, name, canary)

    return with_weights(change)


def a_lambda(path: Path, canary: Path) -> None:
    name, images = str(canary), keras.Input((8, 8, 1))
    outputs = keras.layers.Lambda(lambda x: (Path(name).touch(), x)[1])(images)
    outputs = keras.layers.Dense(3, "softmax")(keras.layers.Flatten()(outputs))
    keras.Model(images, outputs).save(path)
    canary.unlink(missing_ok=True)  # Keras has called it


def many_units(config: Any) -> None:
    first, last = [layer for layer in config["config"]["layers"] if "units" in layer["config"]]
    first["config"]["units"] = 10**10
    last["build_config"]["input_shape"] = [None, 10**10]
    for node in last["inbound_nodes"]:
        node["args"][0]["config"]["shape"] = [None, 10**10]


def a_virtual_array(file: h5py.File, name: str, canary: Path) -> None:
    with h5py.File(canary.with_suffix(".h5"), "w") as other:
        other["secret"] = np.ones((64, 64), np.float32)
    layout = h5py.VirtualLayout((64, 64), np.float32)
    layout[:] = h5py.VirtualSource(str(canary.with_suffix(".h5")), "secret", (64, 64))
    file.create_virtual_dataset(name, layout)


def deep(members: Members) -> None:
    members[CONFIG] = b'{"a":' * 100_000 + b"1" + b"}" * 100_000


HOSTILE: dict[str, Callable[[Path, Path], None]] = {
    "lambda": a_lambda,
    "system": with_function("os", "system"),
    "safe mode off": with_function("keras.config", "enable_unsafe_deserialization"),
    "download": with_function("keras.utils", "get_file"),
    "module of the project": with_layer("pipeline.files", "GrowingRows", {"path": "CANARY"}),
    "subprocess": with_layer("subprocess", "Popen", {"args": ["touch", "CANARY"]}),
    "saved model": with_layer("keras.layers", "TFSMLayer", {"filepath": "CANARY"}),
    "torch": with_layer("keras.layers", "TorchModuleWrapper", {"module": "CANARY"}),
    "vocabulary": with_layer("keras.layers", "StringLookup", {"vocabulary": "/etc/passwd"}),
    "layer without a module": with_config(
        lambda config: config["config"]["layers"][1].update(module=None)
    ),
    "no model": with_config(lambda config: config.update(module="builtins", class_name="dict")),
    "many units": with_config(many_units),
    "large image": with_config(
        lambda config: config["config"]["layers"][0]["config"].update(
            batch_shape=[None, 10**6, 10**6, 1]
        )
    ),
    "large upsampling": with_layer("keras.layers", "UpSampling2D", {"size": [4000, 4000]}),
    "other images": with_config(
        lambda config: config["config"]["layers"][0]["config"].update(batch_shape=[None, 9, 9, 1])
    ),
    "deep configuration": lambda path, canary: rewrite(path, deep),
    "configuration that is a list": lambda path, canary: rewrite(
        path, lambda members: members.update({CONFIG: b"[]"})
    ),
    "large configuration": lambda path, canary: rewrite(
        path, lambda members: members.update({CONFIG: b" " * 10**7}), packed=True
    ),
    "zip bomb": lambda path, canary: rewrite(
        path, lambda members: members.update({WEIGHTS: bytes(10**8)}), packed=True
    ),
    "other files": lambda path, canary: rewrite(
        path, lambda members: members.update({"../../canary": b"", "assets/x": b""})
    ),
    "no weights": lambda path, canary: rewrite(path, lambda members: members.pop(WEIGHTS)),
    "no archive": lambda path, canary: path.write_bytes(b"PK\x03\x04"),
    "pickle": lambda path, canary: path.write_bytes(b"cos\nsystem\n(S'touch canary'\ntR."),
    "external link": replaced(
        lambda file, name, canary: file.__setitem__(name, h5py.ExternalLink("/etc/passwd", "/x"))
    ),
    "soft link": replaced(
        lambda file, name, canary: file.__setitem__(name, h5py.SoftLink("/nowhere"))
    ),
    "hard links": with_weights(
        lambda file, canary: file.__setitem__("again", file[first_array(file)])
    ),
    "cycle": with_weights(lambda file, canary: file.__setitem__("layers/cycle", file["layers"])),
    "external array": replaced(
        lambda file, name, canary: file.create_dataset(
            name, (64, 64), np.float32, external=[("/etc/passwd", 0, 16384)]
        )
    ),
    "virtual array": replaced(a_virtual_array),
    "shape bomb": replaced(
        lambda file, name, canary: file.create_dataset(
            name, (10**6, 10**6), np.float32, chunks=(1000, 1000), fillvalue=1
        )
    ),
    "compressed array": replaced(
        lambda file, name, canary: file.create_dataset(
            name, data=np.zeros((1000, 1000)), compression="gzip"
        )
    ),
    "array of text": replaced(
        lambda file, name, canary: file.create_dataset(name, data=["x"] * 64)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_model_of_a_run_with_valid_checksums_is_refused(
    name: str, run: Path, canary: Path, tiny_folder: Path, refuse: Callable[..., str]
) -> None:
    HOSTILE[name](run / "model.keras", canary)
    sign(run)
    message = refuse("predict", run, tiny_folder / "test.csv")
    assert str(run) in message


@pytest.mark.parametrize("ending", [".keras", ".weights.h5"])
@pytest.mark.parametrize("name", ["external link", "virtual array", "shape bomb"])
def test_hostile_weights_of_a_backbone_are_refused(
    name: str, ending: str, run: Path, canary: Path
) -> None:
    HOSTILE[name](run / "model.keras", canary)
    path = canary.with_suffix(ending)
    if ending == ".keras":
        (run / "model.keras").rename(path)
    else:
        with zipfile.ZipFile(run / "model.keras") as archive:
            path.write_bytes(archive.read(WEIGHTS))
    with pytest.raises(PipelineError) as caught:
        load_backbone(str(path), (32, 32, 3))
    assert caught.value.where == path


def test_legacy_weights_that_are_elsewhere_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "vgg16.h5"
    with h5py.File(path, "w") as file:
        file["model_weights"] = h5py.ExternalLink("/etc/passwd", "/x")
    with pytest.raises(PipelineError, match="is a link"):
        load_backbone(str(path), (32, 32, 3))


@pytest.mark.parametrize("name", ["weights.json", "weights.pkl", "weights.npz", "weights"])
def test_weights_of_other_formats_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text('{"weight_map": {"/layers": ["../../secret.h5"]}}')
    with pytest.raises(PipelineError, match="not a weights file"):
        load_backbone(str(path), (32, 32, 3))


def test_a_layer_of_the_users_own_that_is_registered_is_opened(tiny, tmp_path: Path) -> None:
    @keras.saving.register_keras_serializable("tests")
    class Halved(keras.layers.Layer):  # type: ignore[misc, no-any-unimported]
        def call(self, inputs: Any) -> Any:
            return inputs / 2

    recipe = pp.Recipe(name="own", origin="a test", layers=lambda _: [
        Halved(), keras.layers.Flatten()], epochs=1)  # fmt: skip
    made = pp.train(tiny, recipe, runs=tmp_path, progress=False)
    opened = load_run(made.folder)
    np.testing.assert_array_equal(opened.predict(tiny.test_pixels), made.test_probabilities)
    keras.saving.get_custom_objects().pop("tests>Halved")
    with pytest.raises(PipelineError, match="'Halved'"):
        load_run(made.folder).predict(tiny.test_pixels)
