"""A finished run: what is in its folder, and predictions with its model."""

import html
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Images, Pixels, Probabilities
from pipeline.documents import parse_array, parse_arrays, parse_json
from pipeline.errors import PipelineError
from pipeline.runs.folder import (
    EXPLANATION,
    HISTORY,
    LABELS,
    LAYERS,
    MEMBERS,
    MODEL,
    PROBABILITIES,
    RECORD,
    ROWS,
    TEST,
    VALIDATION,
    OtherVersionError,
    Validation,
    check_exists,
    checksums_of,
    damaged,
    read_file,
    read_record,
    verify,
)
from pipeline.runs.inputs import prepare
from pipeline.runs.metrics import apply_temperature, average
from pipeline.runs.record import (
    LayerRecord,
    OtherSchemaError,
    RunRecord,
    Scores,
    decode,
)

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


@dataclass(frozen=True, repr=False)
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
        n, data = self.scores.n, self.record.data
        found = Validation(
            self._array(ROWS, np.int64, n),
            self._array(LABELS, np.int64, n),
            self._array(VALIDATION, np.float32, n, len(data.classes)),
        )
        if not found.fits(data.train_rows):
            raise damaged(self.folder, f"{ROWS} or {LABELS} has numbers that are out of range")
        return found

    @cached_property
    def test_probabilities(self) -> Probabilities:
        """(n, k) float32 for the test rows, in file order; no rows without a test file."""
        data = self.record.data
        return self._array(TEST, np.float32, data.test_rows, len(data.classes))

    def read(self) -> "Run":
        """Reads its probabilities now, because another run may replace its folder."""
        for name in ("validation", "test_probabilities"):
            getattr(self, name)
        return self

    @cached_property
    def history(self) -> "pd.DataFrame | None":
        """A row for each epoch: loss, accuracy, val_loss, val_accuracy, learning_rate.

        The index is the epoch, from 1. None for an ensemble.
        """
        if HISTORY not in self.checksums:
            return None
        import pandas as pd

        return self._parsed(HISTORY, lambda b: pd.read_csv(io.BytesIO(b), index_col="epoch"))

    @cached_property
    def layers(self) -> list[LayerRecord]:
        """The layers of the model, in the order of computation; empty for an ensemble."""
        if LAYERS not in self.checksums:
            return []
        return self._parsed(LAYERS, lambda content: parse_json(content, list[LayerRecord]))

    @cached_property
    def explanation(self) -> dict[str, npt.NDArray[Any]]:
        """Pictures of the model by name, see `training.explain`; empty for an ensemble."""
        if EXPLANATION not in self.checksums:
            return {}
        return self._parsed(EXPLANATION, parse_arrays)

    @cached_property
    def model(self) -> Any:
        """The trained `keras.Model`: images as `prepare` gives them -> probabilities.

        Raises:
            PipelineError: the run is an ensemble, which has members instead of a model.
        """
        training = self.record.training
        if training is None:
            raise self._no_model()
        if MODEL not in self.checksums:
            raise damaged(self.folder, f"{MODEL} has no checksum")
        path = verify(self.folder, self.checksums, MODEL)
        from pipeline.networks.model_file import open_model

        model = open_model(path)
        self._check_not_replaced()
        expected = (training.image_shape, (len(self.record.data.classes),))
        if (model.input_shape[1:], model.output_shape[1:]) != expected:
            raise damaged(self.folder, f"{MODEL} is that of other images or classes")
        return model

    @cached_property
    def members(self) -> "list[Run]":
        """The runs of an ensemble or a cross-validation; empty for other runs.

        A member with a weight of 2 is in the list twice.

        Raises:
            PipelineError: one of them is missing or damaged.
        """
        names = self.record.members
        if len(names) != len(self.record.identity.members):
            raise damaged(self.folder, f"{RECORD} does not identify its members")
        loaded = {name: load_run(self.folder.parent / name) for name in dict.fromkeys(names)}
        members = [loaded[name] for name in names]
        for run, digest in zip(members, self.record.identity.members, strict=True):
            if run.record.identity.digest != digest:
                raise PipelineError(
                    f"its member {run.name} was replaced by another training",
                    where=f"run {self.folder}",
                    remedy="Make the ensemble again."
                    if MEMBERS in self.checksums
                    else "Train the ensemble again with --fresh.",
                )
        return members

    @cached_property
    def candidates(self) -> "pd.DataFrame | None":
        """A row for each run that an ensemble of `pp.ensemble` could choose from.

        Columns are run, weight (0 if it is left out), accuracy and loss of the run alone, and
        loss_gain and row_gain: how much higher the log loss would be, and how many rows fewer
        correct, without the run, on the rows that the weights were chosen on.
        None for other runs.
        """
        if MEMBERS not in self.checksums:
            return None
        import pandas as pd

        texts: dict[str, Any] = {"dtype": {"run": str}, "na_filter": False}
        table: pd.DataFrame = self._parsed(MEMBERS, lambda b: pd.read_csv(io.BytesIO(b), **texts))
        return table

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
            members = {run.name: run for run in self.members}
            predicted = {name: run.predict(inputs) for name, run in members.items()}
            mean = average([predicted[name] for name in self.record.members])
            return apply_temperature(mean, self.record.temperature)
        from pipeline.networks.predict import predict

        try:
            views, angles = (self.record.settings[name] for name in ("tta_views", "tta_angles"))
        except KeyError as error:
            raise damaged(self.folder, f"its settings have no {error}") from None
        images = self.prepare(inputs)
        return predict(self.model, images, tta_views=views, tta_angles=angles)

    def prepare(self, inputs: "Pixels | Images") -> Images:
        """Pixels or images -> images as the model takes them, see `predict`.

        Raises:
            PipelineError: the inputs have another shape or values out of range, or the run is an
                ensemble, whose members have models.
        """
        if self.record.training is None:
            raise self._no_model()
        return prepare(inputs, self.record.data, self.record.training.image_shape)

    def verify(self) -> None:
        """Compares every file with its checksum.

        Raises:
            PipelineError: a file is missing or damaged.
        """
        try:
            for name in self.checksums:
                verify(self.folder, self.checksums, name)
        except PipelineError:
            self._check_not_replaced()
            raise

    def __repr__(self) -> str:
        return f"Run({self.name!r}, accuracy={self.scores.accuracy:.4f})"

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

    def _no_model(self) -> PipelineError:
        return PipelineError(
            "an ensemble has no model", where=f"run {self.folder}", remedy="Use its members."
        )

    def _array(self, name: str, dtype: npt.DTypeLike, *shape: int) -> npt.NDArray[Any]:
        return self._parsed(name, lambda content: parse_array(content, dtype, shape))

    def _parsed(self, name: str, parse: Callable[[bytes], T]) -> T:
        """A file's content as `parse` reads it. A ValueError says that it is damaged."""
        try:
            content = read_file(self.folder, self.checksums, name)
        except PipelineError:
            self._check_not_replaced()
            raise
        try:
            return parse(content)
        except ValueError as error:
            raise damaged(self.folder, f"{name} cannot be read: {error}") from None

    def _check_not_replaced(self) -> None:
        """Raises if another process replaced the run since it was loaded."""
        if checksums_of(self.folder) != self.checksums:
            raise PipelineError(
                "the run was replaced while it was read",
                where=f"run {self.folder}",
                remedy="Run the command again.",
            )


def load_run(folder: Path) -> Run:
    """Reads a run's record and verifies its probabilities.

    Raises:
        PipelineError: the folder is not a run, or it is damaged.
    """
    checksums = checksums_of(folder)
    try:
        return _load(folder, checksums)
    except PipelineError:
        if checksums_of(folder) == checksums:
            raise
    return load_run(folder)  # another process replaced it, so the files were of two runs


def _load(folder: Path, checksums: dict[str, str]) -> Run:
    content = read_record(folder, checksums)
    for name in checksums:
        if name in PROBABILITIES:
            verify(folder, checksums, name)
        else:
            check_exists(folder, name)
    try:
        record = decode(content)
    except OtherSchemaError as error:
        raise OtherVersionError(folder, str(error)) from None
    except ValueError as error:
        raise damaged(folder, f"{RECORD} cannot be read: {error}") from None
    if any(Path(name).name != name for name in record.members):
        raise damaged(folder, f"{RECORD} names members that are not runs in the same folder")
    return Run(folder, record, checksums)
