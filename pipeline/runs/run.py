"""The run folder: all that is known of one recipe trained on one split."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Labels, Probabilities, Rows
from pipeline.errors import PipelineError, nearest

RECORD = "run.json"
WEIGHTS = "model.weights.h5"


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        record: what run.json says: recipe, seed, data, split, versions, times, scores.
    """

    folder: Path
    record: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def scores(self) -> Mapping[str, Any]:
        """accuracy, low, high (its 95 % interval), loss, n."""
        scores: Mapping[str, Any] = self.record["scores"]
        return scores

    @property
    def origin(self) -> tuple[str, str]:
        """The fingerprints of data and split: runs compare only where these are equal."""
        return self.record["data"]["fingerprint"], self.record["split"]["fingerprint"]

    def validation(self) -> tuple[Rows, Labels, Probabilities]:
        """The validation rows, their labels, and the run's (n, k) probabilities for them."""
        return (
            self._array("validation_rows"),
            self._array("validation_labels"),
            self._array("validation"),
        )

    def test(self) -> Probabilities:
        """The run's (n, k) float32 probabilities for the test rows, in file order."""
        return self._array("test")

    def _array(self, name: str) -> npt.NDArray[Any]:
        array: npt.NDArray[Any] = np.load(self.folder / f"{name}.npy", allow_pickle=False)
        return array


def load_run(folder: Path) -> Run:
    """Raises:
    PipelineError: the folder's run.json is missing or damaged.
    """
    try:
        return Run(folder, json.loads((folder / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise PipelineError(
            f"{folder} is no run: its {RECORD} cannot be read ({error}). Remove the folder."
        ) from None


def list_runs(folder: Path) -> list[Run]:
    """The finished runs of a competition, by name. Unfinished ones have names with a dot."""
    if not folder.is_dir():
        return []
    return [
        load_run(path)
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.name.startswith(".") and (path / RECORD).exists()
    ]


def find_run(runs: list[Run], name: str, folder: Path) -> Run:
    """The run of that name.

    Raises:
        PipelineError: there is none.
    """
    names = [run.name for run in runs]
    if name not in names:
        raise PipelineError(
            f"{folder} has no run {name!r}.{nearest(name, names)} "
            f"There are: {', '.join(names) or 'none'}."
        )
    return runs[names.index(name)]
