"""The run folder: the one module that knows its files, writes them and reads them."""

import html
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.arrays import Images, Labels, Pixels, Probabilities, Rows
from pipeline.errors import PipelineError, suggest
from pipeline.files import (
    array_bytes,
    arrays_bytes,
    lock,
    new_folder,
    sha256,
    write_bytes,
    write_text,
)
from pipeline.runs.record import LayerRecord, RunRecord, Scores, decode, encode

if TYPE_CHECKING:
    import pandas as pd

RECORD, CHECKSUMS = "run.json", "SHA256SUMS"
MODEL, BACKBONE, HISTORY, LOG = "model.keras", "backbone.keras", "history.csv", "log.txt"
VALIDATION, TEST = "validation.npy", "test.npy"
ROWS, LABELS = "validation_rows.npy", "validation_labels.npy"
LAYERS, EXPLANATION = "layers.json", "explanation.npz"
VERIFIED_ON_LOAD = (RECORD, VALIDATION, ROWS, LABELS, TEST)  # the others when they are used


@dataclass(frozen=True)
class Validation:
    """A run on its validation rows.

    Attributes:
        rows: (n,) row numbers of the training file, from 0.
        labels: (n,) class indices.
        probabilities: (n, k) float32.
    """

    rows: Rows
    labels: Labels
    probabilities: Probabilities


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, and what is in it.

    Attributes:
        folder: `runs/<competition>/<run>`.
        record: the content of run.json.
        checksums: SHA-256 of each file by name.
    """

    folder: Path
    record: RunRecord
    checksums: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def scores(self) -> Scores:
        return self.record.scores

    @cached_property
    def validation(self) -> Validation:
        return Validation(*(self._array(name) for name in (ROWS, LABELS, VALIDATION)))

    @cached_property
    def test_probabilities(self) -> Probabilities:
        """(n, k) float32 for the test rows, in file order."""
        return self._array(TEST)

    @cached_property
    def history(self) -> "pd.DataFrame | None":
        """A row for each epoch: loss, accuracy, val_loss, val_accuracy, learning_rate.

        The index is the epoch, from 1. None for an ensemble.
        """
        if HISTORY not in self.checksums:
            return None
        import pandas as pd

        return pd.read_csv(io.BytesIO(self._read(HISTORY)), index_col="epoch")

    @cached_property
    def layers(self) -> list[LayerRecord]:
        """The layers of the model, in the order of computation; empty for an ensemble."""
        if LAYERS not in self.checksums:
            return []
        return msgspec.json.decode(self._read(LAYERS), type=list[LayerRecord])

    @cached_property
    def explanation(self) -> dict[str, npt.NDArray[Any]]:
        """Pictures of the model by name, see `training.explain`; empty for an ensemble."""
        if EXPLANATION not in self.checksums:
            return {}
        with np.load(io.BytesIO(self._read(EXPLANATION)), allow_pickle=False) as arrays:
            return dict(arrays)

    @cached_property
    def model(self) -> Any:
        """The trained `keras.Model`: images as `prepare` gives them -> probabilities.

        Raises:
            PipelineError: the run is an ensemble, which has members instead of a model.
        """
        if MODEL not in self.checksums:
            raise PipelineError("an ensemble has no model of its own", where=self.folder)
        self._verify(MODEL)
        from pipeline.networks.backend import keras

        return keras.saving.load_model(self.folder / MODEL, compile=False)

    @cached_property
    def members(self) -> "list[Run]":
        """The runs of an ensemble; empty for another run.

        Raises:
            PipelineError: one of them is missing or damaged.
        """
        return [load_run(self.folder.parent / name) for name in self.record.members]

    def predict(self, inputs: "Pixels | Images") -> Probabilities:
        """Probabilities for new images, with the run's preprocessing and TTA.

        For the competition's own test pixels they are the saved ones, byte for byte, on the same
        machine.

        Args:
            inputs: pixels (n, pixels) as in the competition's files, or images
                (n, height, width) or (n, height, width, channels) of any size, with values in
                the competition's range.

        Returns:
            (n, k) float32.

        Raises:
            PipelineError: the inputs have another shape or values out of range.
        """
        if self.record.members:
            return average([member.predict(inputs) for member in self.members])
        from pipeline.networks.predict import predict

        return predict(
            self.model, self.prepare(inputs), tta_views=self.record.settings["tta_views"]
        )

    def prepare(self, inputs: "Pixels | Images") -> Images:
        """Pixels or images -> images as the model takes them, see `predict`."""
        from pipeline.images.resize import fit_to, to_images

        assert self.record.training is not None
        data, inputs = self.record.data, _checked(np.asarray(inputs), self.record)
        if inputs.ndim == 2:
            inputs = to_images(inputs, data.shape, data.planes)
        elif inputs.ndim == 3:
            inputs = inputs[..., None]
        return fit_to(inputs, *self.record.training.image_shape)

    def verify(self) -> None:
        """Compares every file with its checksum.

        Raises:
            PipelineError: a file is missing or damaged.
        """
        for name in self.checksums:
            self._verify(name)

    def _repr_html_(self) -> str:
        scores, record = self.scores, self.record
        facts = {
            "accuracy": f"{scores.accuracy:.2%} ({scores.low:.2%} to {scores.high:.2%})",
            "log loss": f"{scores.loss:.4f}",
            "validation rows": f"{scores.n:,}",
            "parameters": f"{record.parameters:,}",
            "training": f"{record.fit_seconds:.1f} s",
        }
        rows = "".join(f"<tr><th>{name}<td>{value}" for name, value in facts.items())
        return f"<b>{html.escape(self.name)}</b><table>{rows}</table>"

    def _array(self, name: str) -> npt.NDArray[Any]:
        array: npt.NDArray[Any] = np.load(io.BytesIO(self._read(name)), allow_pickle=False)
        return array

    def _read(self, name: str) -> bytes:
        self._verify(name)
        return (self.folder / name).read_bytes()

    def _verify(self, name: str) -> None:
        path = self.folder / name
        if not path.is_file():
            raise _damaged(self.folder, f"{name} is missing")
        if sha256(path) != self.checksums[name]:
            raise _damaged(self.folder, f"{name} was changed or damaged: its checksum differs")


def average(probabilities: Sequence[Probabilities]) -> Probabilities:
    """The mean of several (n, k) probabilities, (n, k) float32."""
    mean: Probabilities = np.stack(probabilities).mean(axis=0, dtype=np.float32)
    return mean


class RunWriter:
    """Writes the files of one run, see `write_run`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def record(self, record: RunRecord) -> None:
        self._write(RECORD, encode(record).encode())

    def probabilities(self, validation: Validation, test: Probabilities) -> None:
        arrays: dict[str, npt.NDArray[Any]] = {
            ROWS: validation.rows,
            LABELS: validation.labels,
            VALIDATION: validation.probabilities,
            TEST: test,
        }
        for name, array in arrays.items():
            self._write(name, array_bytes(array))

    def history(self, history: "pd.DataFrame") -> None:
        self._write(HISTORY, history.to_csv(index_label="epoch").encode())

    def log(self, lines: Sequence[str]) -> None:
        self._write(LOG, "".join(f"{line}\n" for line in lines).encode())

    def model(self, content: bytes) -> None:
        self._write(MODEL, content)

    def backbone(self, content: bytes) -> None:
        """The trained backbone alone, for `--weights`."""
        self._write(BACKBONE, content)

    def explanation(
        self, layers: Sequence[LayerRecord], arrays: Mapping[str, npt.NDArray[Any]]
    ) -> None:
        self._write(LAYERS, encode(layers).encode())
        self._write(EXPLANATION, arrays_bytes(arrays))

    def _write(self, name: str, content: bytes) -> None:
        write_bytes(self.folder / name, content)


@contextmanager
def write_run(folder: Path) -> Iterator[RunWriter]:
    """A writer for a run's folder, which appears when the block ends without an exception.

    A run of that name is replaced. `sha256sum -c SHA256SUMS` in the folder verifies it.

    Raises:
        PipelineError: another process writes this run.
    """
    with lock(folder), new_folder(folder) as unfinished:
        yield RunWriter(unfinished)
        files = sorted(path for path in unfinished.iterdir())
        sums = "".join(f"{sha256(path)}  {path.name}\n" for path in files)
        write_text(unfinished / CHECKSUMS, sums)


def load_run(folder: Path) -> Run:
    """Reads a run's record and verifies its probabilities.

    Raises:
        PipelineError: the folder is not a run, or it is damaged.
    """
    try:
        lines = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()
        checksums = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
        content = (folder / RECORD).read_bytes()
        record = decode(content)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise _damaged(folder, f"it cannot be read: {error}") from None
    run = Run(folder, record, checksums)
    for name in VERIFIED_ON_LOAD:
        if name not in checksums:
            raise _damaged(folder, f"{name} has no checksum")
        run._verify(name)
    return run


def list_runs(folder: Path, on_damage: Callable[[PipelineError], None] | None = None) -> list[Run]:
    """The finished runs of a competition, by name.

    Args:
        folder: `runs/<competition>`.
        on_damage: called for each damaged run, which is skipped; without it the error is raised.
    """
    runs = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith(".") or not (path / RECORD).exists():
            continue
        try:
            runs.append(load_run(path))
        except PipelineError as error:
            if on_damage is None:
                raise
            on_damage(error)
    return runs


def find_run(runs: Sequence[Run], name: str, folder: Path) -> Run:
    """The run of that name.

    Raises:
        PipelineError: there is no such run.
    """
    names = [run.name for run in runs]
    if name not in names:
        raise PipelineError(
            f"there is no run {name!r}",
            where=folder,
            expected=f"one of {', '.join(names)}" if names else "a finished run",
            remedy=suggest(name, names) or None,
        )
    return runs[names.index(name)]


def is_run(folder: Path) -> bool:
    """Whether a finished run, perhaps a damaged one, is in that folder."""
    return (folder / RECORD).exists()


def _damaged(folder: Path, found: str) -> PipelineError:
    remedy = "Train it again with --fresh, or remove the folder."
    return PipelineError(found, where=f"run {folder}", remedy=remedy)


def _checked(inputs: npt.NDArray[Any], record: RunRecord) -> npt.NDArray[Any]:
    """The inputs in the dtype that the run was trained on."""
    data = record.data
    height, width, channels = data.shape
    pixels = height * width * channels
    fits = {2: inputs.shape[-1:] == (pixels,), 3: True, 4: inputs.shape[-1:] in ((1,), (3,))}
    if not fits.get(inputs.ndim, False):
        raise PipelineError(
            f"an array of shape {inputs.shape}",
            where="inputs",
            expected=f"pixels (n, {pixels}), or images (n, height, width, 1 or 3)",
        )
    if inputs.size and not (data.low <= inputs.min() and inputs.max() <= data.high):
        raise PipelineError(
            f"values from {inputs.min():g} to {inputs.max():g}",
            where="inputs",
            expected=f"values in {data.low:g}..{data.high:g}, as the training data has them",
        )
    if data.dtype == "uint8" and np.array_equal(inputs, inputs.astype(np.uint8)):
        return inputs.astype(np.uint8)
    return inputs.astype(np.float32)
