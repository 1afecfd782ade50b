"""A Keras model as the bytes of a .keras file, and its hash."""

import hashlib
import io
import json
import tempfile
import zipfile
from pathlib import Path

import keras

FIRST_TIME = (1980, 1, 1, 0, 0, 0)  # of a zip file


def architecture_hash(model: keras.Model) -> str:
    """SHA-256 of the model's configuration: layers, their settings, dtypes and connections."""
    config = json.dumps(model.get_config(), sort_keys=True, default=str)
    return hashlib.sha256(config.encode()).hexdigest()


def model_bytes(model: keras.Model) -> bytes:
    """The content of a .keras file without the optimizer, the same for the same model.

    `keras.saving.load_model` opens it, in safe mode too.
    """
    plain = keras.Model(model.inputs, model.outputs, name=model.name)  # not compiled
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        plain.save(path)
        return _without_times(path)


def _without_times(path: Path) -> bytes:
    """The archive with the time of saving taken out."""
    content = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            entry = old.read(name)
            if name == "metadata.json":
                metadata = json.loads(entry) | {"date_saved": "1980-01-01@00:00:00"}
                entry = json.dumps(metadata).encode()
            new.writestr(zipfile.ZipInfo(name, FIRST_TIME), entry)
    return content.getvalue()
