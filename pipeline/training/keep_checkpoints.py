"""The callback that saves checkpoints, and restores one."""

import math
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any

import msgspec

from pipeline.errors import PipelineError
from pipeline.files import WriteError
from pipeline.interrupts import Interrupts
from pipeline.networks.backend import keras
from pipeline.runs.record import Count
from pipeline.training.checkpoints import Arrays, Checkpoints, Found, State
from pipeline.training.loop import Start

INTERVAL = 50.0  # seconds between two checkpoints within an epoch
MAX_TIME_SHARE = 0.02  # of the training, for writing them
FIRST_COST = 0.02  # seconds that the first one is expected to take
MEANS = {"loss", "accuracy"}  # of the steps of an epoch
HISTORY = {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"}
# The attributes of callbacks that change during a training, with their types, by class.
REMEMBERED: dict[str, dict[str, Any]] = {
    "BestWeights": {"epoch": Count | None, "loss": float},
    "EarlyStopping": {
        "wait": Count,
        "best": float | None,
        "best_epoch": Count,
        "stopped_epoch": Count,
    },
    "History": {"history": dict[str, list[float]]},
    "KeepPace": {"ends": list[float]},
    "ReduceLROnPlateau": {"wait": Count, "best": float | None, "cooldown_counter": Count},
    "ReportProgress": {"lines": list[str]},
}
SURROGATE = re.compile("[\ud800-\udfff]")  # half of a pair, which cannot be written
Memory = dict[str, dict[str, Any]]
"""The values of these attributes, by class."""


class KeepCheckpoints(keras.callbacks.Callback):
    """Saves checkpoints during a training, and restores one at its beginning.

    It saves one at the end of each epoch and every INTERVAL seconds within an epoch, but spends at
    most MAX_TIME_SHARE of the time on it. If a signal arrives, it saves one before the signal is
    handled. If one cannot be saved, the training continues, and a note tells the user.

    It must be the last callback.

    Args:
        others: the other callbacks, with Keras' History.
        on_failure: receives a note if a checkpoint cannot be saved.
        first: the first epoch of the training, from 0.
        warm_up: whether the training is a warm-up.
        smaller_last: whether the last batch of an epoch has fewer rows than the others.
        began: `time.perf_counter()` at the start, minus the time of earlier processes.
        found: the checkpoint to continue from.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        interrupts: Interrupts,
        *,
        others: Sequence[keras.callbacks.Callback],
        on_failure: Callable[[str], None],
        first: int,
        warm_up: bool,
        smaller_last: bool,
        began: float,
        found: Found | None = None,
    ) -> None:
        super().__init__()
        self.checkpoints, self.interrupts, self.found = checkpoints, interrupts, found
        self.on_failure, self.start = on_failure, found.state.start if found else Start()
        self.others: dict[str, Any] = {
            name: callback for callback in others if (name := type(callback).__name__) in REMEMBERED
        }
        self.warm_up, self.smaller_last, self.began = warm_up, smaller_last, began
        self.first = first
        self.saved, self.cost, self.failed = time.monotonic(), FIRST_COST, False

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        if self.found:
            state, arrays = self.found.state, self.found.arrays
            self.model.optimizer.build(self.model.trainable_variables)
            self._restore(state, self._check(state, arrays), arrays)
            self.found = None  # its arrays are large

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.position = self.start.of(epoch)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.position = Start(self.position.epoch, batch + 1, dict(logs or {}))
        # TensorFlow compiles the training step for the shape of its first batch. If that were the
        # smaller one, all later steps would round differently.
        if not (self.smaller_last and batch + 2 == self.params["steps"]):
            self._keep(self._is_time(INTERVAL))

    def on_test_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._keep(False)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if math.isfinite(sum((logs or {}).values())):
            self.position = Start(epoch + 1)
            self._keep(self._is_time(0) or (self._ended and self._is_time(0, FIRST_COST)))

    @property
    def _ended(self) -> bool:
        return bool(self.model.stop_training) or self.position.epoch == self.params["epochs"]

    def _is_time(self, interval: float, cost: float | None = None) -> bool:
        least = (self.cost if cost is None else cost) / MAX_TIME_SHARE
        return time.monotonic() - self.saved >= max(interval, least)

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
                self.on_failure(f"the checkpoint could not be saved. {error.message}")
            self.failed = True
        self.saved = time.monotonic()
        self.cost = self.saved - start

    def _state(self) -> State:
        return State(
            epoch=self.position.epoch,
            step=self.position.step,
            means=self.position.means,
            warm_up=self.warm_up,
            ended=self._ended,
            seconds=time.perf_counter() - self.began,
            callbacks={
                name: {each: getattr(callback, each) for each in REMEMBERED[name]}
                for name, callback in self.others.items()
            },
        )

    def _arrays(self) -> Arrays:
        return _named(self._variables())

    def _check(self, state: State, arrays: Arrays) -> Memory:
        """The values of the callbacks in a checkpoint.

        Raises:
            PipelineError: the checkpoint is not of this training, although its checksums are right.
        """
        try:
            memory = _convert(state.callbacks, self.others)
            self._check_values(state, memory)
            self._check_arrays(memory, arrays)
        except (ValueError, KeyError, msgspec.ValidationError) as error:
            folder = self.checkpoints.folder
            raise PipelineError(
                f"its checkpoint is not one of this training: {str(error)[:200]}",
                where=f"run {folder.name}",
                remedy=f"Remove {folder} to restart it.",
            ) from None
        return memory

    def _check_values(self, state: State, memory: Memory) -> None:
        """Raises a ValueError if a number does not fit the others."""
        history, lines = memory["History"]["history"], memory["ReportProgress"]["lines"]
        best, pace = memory.get("BestWeights"), self.others.get("KeepPace")
        fits = {
            "warm_up": state.warm_up == self.warm_up,
            "epoch": state.epoch >= self.first and (state.epoch > 0 or not state.ended),
            "step": state.step <= self.params["steps"],
            "means": state.step == 0 or state.means.keys() == MEANS,
            "history": history.keys() == (HISTORY if state.epoch else set())
            and all(len(values) == state.epoch for values in history.values())
            and all(map(math.isfinite, chain(*history.values()))),
            "lines": not any(map(SURROGATE.search, lines)),
            "best epoch": not best or (best["epoch"] or 0) < max(state.epoch, 1),
        }
        if pace:
            ends, epochs = memory["KeepPace"]["ends"], state.epoch - self.first + (not state.ended)
            rises = all(one < other for one, other in pairwise([0, *ends]))
            fits["pace"] = rises and len(ends) >= epochs
        if wrong := [name for name, each in fits.items() if not each]:
            raise ValueError(", ".join(wrong))

    def _check_arrays(self, memory: Memory, arrays: Arrays) -> None:
        """Raises a ValueError if names, shapes or types of the arrays do not fit the network."""
        groups, best = self._variables(), self.others.get("BestWeights")
        if best and best.copy and memory["BestWeights"]["epoch"] is not None:
            groups["best"] = self.model.get_weights()
        if _form(arrays) != _form(_named(groups)):
            raise ValueError("arrays")

    def _restore(self, state: State, memory: Memory, arrays: Arrays) -> None:
        """Restores the model and the callbacks."""
        for name, attributes in memory.items():
            for each, value in attributes.items():
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


def _named(groups: Mapping[str, Sequence[Any]]) -> Arrays:
    """The arrays of a checkpoint."""
    return {
        f"{group}/{index:05}": keras.ops.convert_to_numpy(value)
        for group, values in groups.items()
        for index, value in enumerate(values)
    }


def _form(arrays: Arrays) -> list[tuple[Any, ...]]:
    """The properties that must be equal if an array replaces another one."""
    return [(name, array.shape, array.dtype.str) for name, array in arrays.items()]


def _convert(callbacks: Memory, names: Iterable[str]) -> Memory:
    """The typed values of these callbacks; raises a KeyError or ValidationError."""
    return {
        name: {
            each: msgspec.convert(callbacks[name][each], kind)
            for each, kind in REMEMBERED[name].items()
        }
        for name in names
    }
