"""A Keras model as the bytes of a .keras file, and the hash of its architecture."""

import hashlib
import io
import json
import zipfile
from typing import Any

from pipeline.networks.backend import keras

FIRST_TIME = (1980, 1, 1, 0, 0, 0)  # of a zip file


def architecture_hash(model: keras.Model) -> str:
    """SHA-256 of the model's configuration: layers, their settings, dtypes and connections."""
    config = json.dumps(_renumbered(model.get_config(), {}), sort_keys=True, default=str)
    return hashlib.sha256(config.encode()).hexdigest()


def model_bytes(model: keras.Model) -> bytes:
    """The content of a .keras file without the optimizer. Equal models give equal bytes.

    `keras.saving.load_model` opens it, in safe mode too.
    """
    plain = keras.Model(model.inputs, model.outputs, name=model.name)  # not compiled
    file = _KerasFile()
    keras.saving.save_model(plain, file)
    return _reproducible(file)


class _KerasFile(io.BytesIO):
    """A file in memory: on a full disk, HDF5 would end the process."""

    def __str__(self) -> str:
        return "model.keras"  # Keras looks for this ending


def _reproducible(file: io.BytesIO) -> bytes:
    """The archive without the time of saving and without object ids."""
    content = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            entry = old.read(name)
            if name == "metadata.json":
                entry = json.dumps(
                    json.loads(entry) | {"date_saved": "1980-01-01@00:00:00"}
                ).encode()
            elif name == "config.json":
                entry = json.dumps(_renumbered(json.loads(entry), {})).encode()
            new.writestr(zipfile.ZipInfo(name, FIRST_TIME), entry)
    return content.getvalue()


def _renumbered(part: Any, numbers: dict[int, int]) -> Any:
    """The configuration with objects that layers share numbered from 0, not by their address,
    and without the optimizers of models within the model."""
    if isinstance(part, dict):
        return {
            key: numbers.setdefault(value, len(numbers))
            if key == "shared_object_id"
            else _renumbered(value, numbers)
            for key, value in part.items()
            if key != "compile_config"
        }
    if isinstance(part, list | tuple):
        return [_renumbered(value, numbers) for value in part]
    return part
