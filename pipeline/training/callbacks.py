"""Keras callbacks: early stopping, plateau, best weights, learning rate, progress."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.networks.backend import keras
from pipeline.networks.recipe import Recipe
from pipeline.training.pace import Pace, one_cycle
from pipeline.training.progress import Observer, Progress

PREPARING = 2  # steps at the beginning of a training that take much longer
INTERVAL = 0.2  # seconds between two reports of progress within an epoch


class BestWeights(keras.callbacks.Callback):
    """Finds the epoch with the lowest validation loss, and copies its weights.

    Args:
        copy: whether to copy the weights, for `restore`.

    Attributes:
        epoch: that epoch, from 0, or None before the first finite loss.
    """

    def __init__(self, copy: bool) -> None:
        super().__init__()
        self.copy = copy
        self.epoch: int | None = None
        self.loss = math.inf
        self.weights: list[Any] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        loss = float((logs or {})["val_loss"])
        if loss < self.loss:
            self.epoch, self.loss = epoch, loss
            if self.copy:
                self.weights = self.model.get_weights()

    def restore(self) -> None:
        """Gives the model these weights."""
        self.model.set_weights(self.weights)


class OneCycle(keras.callbacks.Callback):
    """Sets the learning rate of each step by the progress of the training, see `one_cycle`.

    Args:
        maximum: the highest learning rate.
        first: the first epoch of the pace, after those of the warm-up.
    """

    def __init__(self, maximum: float, pace: Pace, first: int) -> None:
        super().__init__()
        self.maximum, self.pace, self.first = maximum, pace, first

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.epoch = epoch - self.first

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        progress = self.pace.at(self.epoch, batch / self.params["steps"])
        self.model.optimizer.learning_rate = self.maximum * one_cycle(progress)


class KeepPace(keras.callbacks.Callback):
    """Ends the training when its pace does, which is divided anew after each epoch.

    Args:
        on_change: called with the number of epochs after each epoch.
        first: the first epoch of the pace, after those of the warm-up.
    """

    def __init__(self, pace: Pace, first: int, on_change: Callable[[int], None]) -> None:
        super().__init__()
        self.pace, self.first, self.on_change = pace, first, on_change
        self.preparing = True  # in the first steps and the first validation batch

    @property
    def ends(self) -> tuple[float, ...]:
        """The progress at the end of each epoch, from 0 to 1."""
        return self.pace.ends

    @ends.setter
    def ends(self, ends: Sequence[float]) -> None:
        self.pace.ends = tuple(ends)
        self.on_change(self.first + self.pace.epochs)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.began = self.validating = time.monotonic()
        self.steps = self.batches = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.steps += 1
        if self.preparing and self.steps == PREPARING:
            self.prepared = time.monotonic()
        self.trained = time.monotonic()

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.batches += 1
        if self.batches == 1:
            self.validating = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        steps, now = self.params["steps"], time.monotonic()
        seconds = now - self.began
        if self.preparing and self.steps > PREPARING:
            training = _of_all(self.trained - self.prepared, steps - PREPARING, steps)
            validation = _of_all(now - self.validating, self.batches - 1, self.batches)
            seconds = min(seconds, training + validation)
        self.preparing = False
        if self.steps == steps:  # not begun by another process, whose time is unknown
            self.pace.end_epoch(epoch - self.first, seconds)
        last = self.first + self.pace.epochs
        self.on_change(last)
        if epoch + 1 >= last:
            self.model.stop_training = True


def _of_all(seconds: float, measured: int, count: int) -> float:
    """The time of `count` steps, if `measured` steps took these seconds; 0 if none is measured."""
    return seconds * count / measured if measured > 0 else 0.0


class LearningRate(keras.callbacks.Callback):
    """Adds the learning rate to the logs of an epoch, as ReduceLROnPlateau does."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:
            rate = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
            logs["learning_rate"] = float(rate)


class ReportProgress(keras.callbacks.Callback):
    """Sends the progress of a training to an observer, and keeps a line for each epoch.

    Args:
        name: name of the run.
        epochs: maximum number of epochs.
    """

    def __init__(self, name: str, epochs: int, observer: Observer) -> None:
        super().__init__()
        self.name, self.epochs, self.observer = name, epochs, observer
        self.lines: list[str] = []
        self.reported = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.epoch, self.step, self.began = epoch, 0, time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.step = batch + 1
        if time.monotonic() - self.reported >= INTERVAL:
            self.reported = time.monotonic()
            self.observer(self._progress(self.step, logs))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        progress = self._progress(self.params["steps"], logs, epoch_ended=True)
        self.lines.append(progress.line())
        self.observer(progress)

    def note(self, text: str) -> None:
        """Sends a note, and keeps it."""
        self.lines.append(f"{self.name}  {text}")
        self.observer(self._progress(self.step, None, note=text))

    def _progress(
        self, step: int, logs: dict[str, Any] | None, epoch_ended: bool = False, note: str = ""
    ) -> Progress:
        return Progress(
            self.name,
            self.epoch + 1,
            self.epochs,
            step,
            self.params["steps"],
            time.monotonic() - self.began,
            {name: float(value) for name, value in (logs or {}).items()},
            epoch_ended,
            note,
        )


def recipe_callbacks(recipe: Recipe) -> list[keras.callbacks.Callback]:
    """Keras' own callbacks that the recipe asks for."""
    callbacks: list[keras.callbacks.Callback] = []
    if recipe.plateau:
        callbacks.append(
            keras.callbacks.ReduceLROnPlateau(
                monitor=recipe.plateau.monitor,
                factor=recipe.plateau.factor,
                patience=recipe.plateau.patience,
                min_lr=recipe.plateau.min_learning_rate,
            )
        )
    if recipe.early_stopping is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping(monitor="val_loss", patience=recipe.early_stopping)
        )
    return callbacks
