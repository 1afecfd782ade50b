"""Checkpoints: the state of a training on the disk, from which the same command continues it.

The order of rows and their augmentation follow from seed, epoch and step. So the state is the
variables of the network (with those of dropout) and of its optimizer, the best weights, what
callbacks remember, and the history. A training that was continued ends in the same bytes.

Keras' BackupAndRestore overwrites its file in place, and keeps neither what callbacks remember nor
the random numbers of dropout.
"""

import io
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.errors import PipelineError
from pipeline.files import (
    WriteError,
    arrays_bytes,
    new_folder,
    read_checksums,
    remove_folder,
    sha256,
    write_bytes,
    write_checksums,
    write_json,
)
from pipeline.interrupts import Interrupts
from pipeline.networks.backend import keras
from pipeline.runs.record import Environment, Identity
from pipeline.training.loop import Start

STATE, ARRAYS = "state.json", "arrays.npz"
KEPT = 2
INTERVAL = 50.0  # seconds between two checkpoints within an epoch
MOST_OF_TIME = 0.02  # of the training
FIRST = 0.02  # seconds that the first checkpoint is expected to take
# What callbacks remember from epoch to epoch, by class.
REMEMBERED = {
    "BestWeights": ("epoch", "loss"),
    "EarlyStopping": ("wait", "best", "best_epoch", "stopped_epoch"),
    "History": ("history",),
    "KeepPace": ("ends",),
    "ReduceLROnPlateau": ("wait", "best", "cooldown_counter"),
    "ReportProgress": ("lines",),
}
NOT_TRAINED = ("tta_views", "tta_angles")  # settings that do not change the weights
TIMED = ("epochs", "min_steps")  # settings that a deadline takes the place of

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class State:
    """The state of a training between two steps, besides its arrays.

    Attributes:
        epoch, step, means: where it goes on, see `Start`.
        warm_up: whether it is in the warm-up.
        ended: whether its last epoch has ended.
        seconds: training time.
        callbacks: what callbacks remember, by class and attribute.
    """

    epoch: int
    step: int
    means: dict[str, float]
    warm_up: bool
    ended: bool
    seconds: float
    callbacks: dict[str, dict[str, Any]]

    @property
    def start(self) -> Start:
        return Start(self.epoch, self.step, self.means)


@dataclass(frozen=True)
class Checkpoint:
    """What is in the file STATE of a checkpoint.

    Attributes:
        identity, environment: of the training that wrote it.
    """

    state: State
    identity: Identity
    environment: Environment

    def differences(self, other: "Checkpoint", ignored: Sequence[str]) -> list[str]:
        """What differs in identity and environment, in words.

        Args:
            ignored: settings that may differ.
        """
        before, now = (
            replace(each.identity, settings=_without(each.identity.settings, ignored))
            for each in (self, other)
        )
        old, new = (asdict(each.environment) for each in (self, other))
        changed = [name for name in old if old[name] != new[name]]
        return before.differences(now) + [
            f"{name}: {old[name]}, now {new[name]}" for name in changed
        ]


@dataclass(frozen=True)
class Found:
    """What a training goes on from.

    Attributes:
        damaged: how many newer checkpoints are damaged.
    """

    state: State
    arrays: Arrays
    damaged: int = 0

    def __str__(self) -> str:
        """Where it goes on, in words."""
        text = f"continues in epoch {self.state.epoch + 1}"
        if self.state.ended:
            text = "is trained, and continues with its predictions"
        return f"{text}; a newer checkpoint is damaged" if self.damaged else text


class Checkpoints:
    """The checkpoints of one training. Hold the lock of its run to write them.

    Args:
        folder: for these checkpoints alone.
        identity, environment: of the training. It is continued only where both are the same.
        timed: whether a deadline decides its number of epochs.
    """

    def __init__(
        self, folder: Path, identity: Identity, environment: Environment, timed: bool = False
    ) -> None:
        self.folder, self.timed = folder, timed
        self.describe = partial(Checkpoint, identity=identity, environment=environment)

    def load(self) -> Found | None:
        """What the training goes on from: the newest checkpoint that is not damaged, if any.

        Raises:
            PipelineError: it is of a training with other settings, data, versions or threads.
        """
        for damaged, folder in enumerate(reversed(self._folders())):
            try:
                found, arrays = _read(folder)
            except (OSError, ValueError, KeyError, msgspec.MsgspecError):
                continue
            ignored = (*NOT_TRAINED, *TIMED) if self.timed else NOT_TRAINED
            differences = found.differences(self.describe(found.state), ignored)
            if not differences:
                return Found(found.state, arrays, damaged)
            if self.timed:
                return None  # a budget plans anew
            raise PipelineError(
                "its training was stopped before its end, and now differs",
                where=f"run {self.folder.name}",
                remedy="Continue it under the same conditions, or start again with --fresh.",
                details=differences,
            )
        return None

    def save(self, state: State, arrays: Arrays) -> None:
        """Writes a checkpoint, and removes all but the newest.

        Raises:
            WriteError: it cannot be written. Those before it stay.
        """
        name = f"{state.epoch:06}-{state.step:06}"
        for old in self._folders():
            if old.name > name:  # damaged, or of a training that does not go on
                remove_folder(old)
        with new_folder(self.folder / name) as folder:
            write_bytes(folder / ARRAYS, arrays_bytes(arrays, compress=False))
            write_json(folder / STATE, asdict(self.describe(state)))
            write_checksums(folder)
        for old in self._folders()[:-KEPT]:
            remove_folder(old)

    def remove(self) -> None:
        """Removes all checkpoints."""
        if self.folder.exists():
            remove_folder(self.folder)

    def _folders(self) -> list[Path]:
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        return sorted(path for path in found if not path.name.startswith("."))


class KeepCheckpoints(keras.callbacks.Callback):
    """Writes checkpoints, and gives a training the state of one. The last one of its callbacks.

    It writes one at the end of each epoch, and within long ones; fewer if that takes too long.
    When a signal arrives, it writes one before the signal acts. If one cannot be written, the
    training goes on, and a note says so.

    Args:
        others: the other callbacks, with Keras' History.
        warm_up: whether the training is a warm-up.
        began: time of `time.perf_counter` at which it would have begun without interruption.
        found: the checkpoint that it goes on from.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        interrupts: Interrupts,
        others: Sequence[keras.callbacks.Callback],
        warm_up: bool,
        began: float,
        found: Found | None = None,
    ) -> None:
        super().__init__()
        self.checkpoints, self.interrupts, self.found = checkpoints, interrupts, found
        self.others: dict[str, Any] = {
            name: callback for callback in others if (name := type(callback).__name__) in REMEMBERED
        }
        self.warm_up, self.began = warm_up, began
        self.saved, self.cost, self.failed = time.monotonic(), FIRST, False

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        if self.found:
            self._restore(self.found.state, self.found.arrays)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        start = self.found.state.start if self.found else Start()
        self.position = start if start.epoch == epoch else Start(epoch)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.position = Start(self.position.epoch, batch + 1, dict(logs or {}))
        self._keep(self._is_time(INTERVAL))

    def on_test_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._keep(False)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if math.isfinite(sum((logs or {}).values())):
            self.position = Start(epoch + 1)
            self._keep(self._is_time(0))

    def _is_time(self, interval: float) -> bool:
        return time.monotonic() - self.saved >= max(interval, self.cost / MOST_OF_TIME)

    def _keep(self, wanted: bool) -> None:
        if wanted or self.interrupts.pending:
            self._save()
        self.interrupts.act()

    def _save(self) -> None:
        start = time.monotonic()
        try:
            self.checkpoints.save(self._state(), self._arrays())
        except WriteError as error:
            if not self.failed:
                self.others["ReportProgress"].note(f"no checkpoint is kept. {error.message}")
            self.failed = True
        self.saved = time.monotonic()
        self.cost = self.saved - start

    def _state(self) -> State:
        epoch, means = self.position.epoch, self.position.means
        return State(
            epoch=epoch,
            step=self.position.step,
            means=means,
            warm_up=self.warm_up,
            ended=self.model.stop_training or epoch == self.params["epochs"],
            seconds=time.perf_counter() - self.began,
            callbacks={
                name: {each: getattr(callback, each) for each in REMEMBERED[name]}
                for name, callback in self.others.items()
            },
        )

    def _arrays(self) -> Arrays:
        return {
            f"{group}/{index:05}": keras.ops.convert_to_numpy(value)
            for group, values in self._variables().items()
            for index, value in enumerate(values)
        }

    def _restore(self, state: State, arrays: Arrays) -> None:
        """Gives the model and the callbacks the state of a checkpoint."""
        self.model.optimizer.build(self.model.trainable_variables)
        for name, remembered in state.callbacks.items():
            for each, value in remembered.items():
                setattr(self.others[name], each, value)
        if best := self.others.get("BestWeights"):
            best.weights = [arrays[name] for name in arrays if name.startswith("best/")]
        for group in ("model", "optimizer"):
            for index, variable in enumerate(self._variables()[group]):
                variable.assign(arrays[f"{group}/{index:05}"])
        self.model.stop_training = state.ended

    def _variables(self) -> dict[str, Sequence[Any]]:
        """The variables and arrays of a checkpoint, in groups."""
        best = self.others.get("BestWeights")
        return {
            "model": self.model.variables,
            "optimizer": self.model.optimizer.variables,
            "best": best.weights if best else [],
        }


def _read(folder: Path) -> tuple[Checkpoint, Arrays]:
    """Raises OSError, ValueError, KeyError or MsgspecError if it is damaged."""
    checksums = read_checksums(folder)
    if any(sha256(folder / name) != checksums[name] for name in (STATE, ARRAYS)):
        raise ValueError("its checksum differs")
    checkpoint = msgspec.convert(json.loads((folder / STATE).read_bytes()), Checkpoint)
    with np.load(io.BytesIO((folder / ARRAYS).read_bytes()), allow_pickle=False) as arrays:
        return checkpoint, dict(arrays)


def _without(settings: Mapping[str, Any], ignored: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in ignored}
