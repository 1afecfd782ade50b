"""Opens models and weights safely: a file is checked before Keras reads it.

Keras builds every class that the configuration of a model names, with any size, and follows links
in the weights. Here only layers of an allow-list are built, and only with the weights in the file.
"""

import io
import json
import math
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import h5py

from pipeline.errors import PipelineError
from pipeline.networks.backend import keras

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
MAX_CONFIG = 1 << 21  # bytes; a thousand layers
MAX_FILE = 1 << 30  # bytes; VGG16 with its head has half of it
MAX_VALUES = 1 << 24  # of one image within a network; 1024 x 1024 in 16 channels

# They only compute: they run no code from the file and read no other files.
LAYERS = {
    "Activation", "ActivityRegularization", "Add", "AdditiveAttention", "AlphaDropout",
    "Attention", "Average", "AveragePooling1D", "AveragePooling2D", "BatchNormalization",
    "Bidirectional", "CenterCrop", "Concatenate", "Conv1D", "Conv1DTranspose", "Conv2D",
    "Conv2DTranspose", "Cropping1D", "Cropping2D", "Dense", "DepthwiseConv1D", "DepthwiseConv2D",
    "Dot", "Dropout", "ELU", "EinsumDense", "Embedding", "Flatten", "GRU", "GaussianDropout",
    "GaussianNoise", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D",
    "GlobalMaxPooling2D", "GroupNormalization", "Identity", "InputLayer", "LSTM",
    "LayerNormalization", "LeakyReLU", "MaxPooling1D", "MaxPooling2D", "Maximum", "Minimum",
    "MultiHeadAttention", "Multiply", "Normalization", "PReLU", "Permute", "RMSNormalization",
    "RandomBrightness", "RandomContrast", "RandomCrop", "RandomFlip", "RandomRotation",
    "RandomTranslation", "RandomZoom", "ReLU", "RepeatVector", "Rescaling", "Reshape", "Resizing",
    "SeparableConv1D", "SeparableConv2D", "SimpleRNN", "Softmax", "SpatialDropout1D",
    "SpatialDropout2D", "SpectralNormalization", "Subtract", "TimeDistributed",
    "UnitNormalization", "UpSampling1D", "UpSampling2D", "ZeroPadding1D", "ZeroPadding2D",
}  # fmt: skip
MODELS = {("keras.src.models.functional", "Functional"), ("keras.models", "Functional"),
          ("keras.src.models.sequential", "Sequential"), ("keras", "Sequential")}  # fmt: skip
PARTS = ("keras.initializers", "keras.regularizers", "keras.constraints", "keras.dtype_policies")
OPERATIONS = ("keras.src.ops.numpy", "keras.src.ops.nn")
OF_A_RUN = (  # what to do
    "Train the run again. If you trust the file, keras.saving.load_model opens it without checks."
)
OF_WEIGHTS = "Use another file, or --weights imagenet."
VALUES = ("__keras_tensor__", "__ellipsis__", "__slice__")


class ModelFileError(PipelineError):
    """A file that is not a model or weights, or is not safe to open."""

    def __init__(self, path: Path, found: str, remedy: str) -> None:
        expected = "a file that Keras saved, with layers that only compute, and their weights"
        super().__init__(found, where=path, expected=expected, remedy=remedy)


class _UnsafeError(Exception):
    """What is wrong with a file, in words."""


def open_model(path: Path) -> keras.Model:
    """The model in a .keras file, not compiled.

    Raises:
        ModelFileError: it is not a model, has layers that are not on the list, or needs more
            memory than the file has weights.
    """
    try:
        stored = _check_archive(path)
        needed = _count_parameters(_read_config(path))
        if needed > stored:
            raise _UnsafeError(f"it has {stored:,} weights, and its layers need {needed:,}")
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except _UnsafeError as error:
        raise ModelFileError(path, str(error), OF_A_RUN) from None
    except Exception as error:  # h5py and Keras raise all kinds for a file that is not theirs
        raise ModelFileError(
            path, f"Keras cannot open it: {_first_line(error)}", OF_A_RUN
        ) from None


def check_weights(path: Path) -> None:
    """Checks a file of weights before Keras reads it.

    Args:
        path: a .keras or HDF5 file.

    Raises:
        ModelFileError: it is neither, links to other files, or is larger when unpacked.
    """
    try:
        if path.suffix == ".keras":
            _check_archive(path)
        elif path.suffix in (".h5", ".hdf5"):
            _check_size(path)
            with open(path, "rb") as file:
                _check_arrays(file)
        else:
            raise _UnsafeError(f"not a weights file: its name ends with {path.suffix!r}")
    except _UnsafeError as error:
        raise ModelFileError(path, str(error), OF_WEIGHTS) from None
    except Exception as error:  # h5py raises all kinds for a damaged file
        raise ModelFileError(
            path, f"not a weights file: {_first_line(error)}", OF_WEIGHTS
        ) from None


def _check_size(path: Path) -> None:
    if path.stat().st_size > MAX_FILE:
        raise _UnsafeError(f"it has more than {MAX_FILE >> 20:,} MB")


def _check_archive(path: Path) -> int:
    """The number of weights in a .keras file, which has what Keras writes and nothing else."""
    _check_size(path)
    with zipfile.ZipFile(path) as archive:
        names = sorted(archive.namelist())
        if names != sorted((CONFIG, METADATA, WEIGHTS)):
            raise _UnsafeError(f"the archive holds {', '.join(map(repr, names[:5])) or 'no files'}")
        unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > path.stat().st_size:  # Keras does not compress
            raise _UnsafeError(f"it unpacks to {unpacked:,} bytes, more than it has")
        return _check_arrays(io.BytesIO(archive.read(WEIGHTS)))


def _check_arrays(file: IO[bytes]) -> int:
    """The number of values in the arrays of an HDF5 file, which all are in this file."""
    with h5py.File(file, "r") as root:
        total = 0
        for name, array in _arrays(root):
            if array.external or array.is_virtual:
                raise _UnsafeError(f"the array {name!r} is in another file")
            if array.dtype.kind not in "biufV":  # V: bfloat16
                raise _UnsafeError(f"the array {name!r} does not hold numbers")
            if array.nbytes > array.id.get_storage_size():
                raise _UnsafeError(f"the array {name!r} unpacks to more than the file has")
            total += int(array.size)
        return total


def _arrays(root: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    """All arrays with their names, without following links."""
    groups, seen = [root], set[int]()
    for group in groups:
        for key in group:
            name = f"{group.name}/{key}"
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                raise _UnsafeError(f"{name!r} is a link")
            found = group[key]
            if (place := h5py.h5o.get_info(found.id).addr) in seen:
                raise _UnsafeError(f"{name!r} is there twice")
            seen.add(place)
            if isinstance(found, h5py.Group):
                groups.append(found)
            elif isinstance(found, h5py.Dataset):
                yield name, found


def _read_config(path: Path) -> dict[str, Any]:
    """A model's configuration, which names only what computes."""
    with zipfile.ZipFile(path) as archive:
        if archive.getinfo(CONFIG).file_size > MAX_CONFIG:
            raise _UnsafeError(f"{CONFIG} has more than {MAX_CONFIG >> 20} MB")
        config = json.loads(archive.read(CONFIG))
    if (
        not isinstance(config, dict)
        or (config.get("module"), config.get("class_name")) not in MODELS
    ):
        raise _UnsafeError(f"{CONFIG} is not that of a model")
    config["compile_config"] = None  # Keras would not use it
    _check_config(config)
    return config


def _check_config(part: Any) -> None:
    """Raises for objects that are not on the lists, and for shapes that no image has."""
    if isinstance(part, dict):
        if "class_name" in part:
            _check_class(part)
        for value in part.values():
            _check_config(value)
    elif isinstance(part, list | tuple):
        sizes = [abs(value) for value in part if isinstance(value, int) and value]
        if math.prod(sizes[:10]) > MAX_VALUES:
            raise _UnsafeError(f"{CONFIG} has a shape of {list(part)[:5]}")
        for value in part:
            _check_config(value)


def _check_class(part: dict[str, Any]) -> None:
    module, name = part.get("module"), part["class_name"]
    known = (
        (module, name) in MODELS
        or (module == "keras.layers" and name in LAYERS)
        or (module == "keras" and name == "DTypePolicy")
        or (module in (*PARTS, *OPERATIONS) and name != "function")
        or (module is None and name in VALUES)
        or part.get("registered_name") in keras.saving.get_custom_objects()  # by this program
    )
    if not known:
        raise _UnsafeError(f"it has the layer or object {name!r} of {module!r}"[:200])
    if name == "Normalization" and not part.get("build_config"):
        raise _UnsafeError("its Normalization has no shape")  # Keras would compute with it


def _count_parameters(config: dict[str, Any]) -> int:
    """How many parameters a model would have. No memory is taken for them.

    In a thread of its own: Keras would initialize the variables when the thread computes again.
    """

    def build() -> int:
        with keras.StatelessScope(initialize_variables=False):
            model = keras.saving.deserialize_keras_object(config, safe_mode=True)
            _check_config(model.get_config())  # with the shapes that the layers really have
            _check_config([*model.output_shape])
            return int(model.count_params())

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(build).result()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
