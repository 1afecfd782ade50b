"""The training loop: Keras' steps and Keras' callbacks, epoch by epoch.

`fit` of Keras passes batches through tf.data, whose tuning thread delays the end of each epoch:
up to a quarter of the time, if an epoch takes a minute.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.networks.backend import keras
from pipeline.training.batches import Batches

Logs = dict[str, Any]
History = dict[str, list[float]]
"""A value for each epoch, by name: loss, accuracy, val_loss, ..."""


@dataclass(frozen=True)
class Start:
    """Where a training begins or continues.

    Attributes:
        epoch: the first epoch, from 0.
        step: how many steps of this epoch are done.
        means: mean loss and accuracy of these steps.
    """

    epoch: int = 0
    step: int = 0
    means: Logs = field(default_factory=dict)

    def of(self, epoch: int) -> "Start":
        """Where that epoch begins: at this step, or at its first step."""
        return self if epoch == self.epoch else Start(epoch)


BEGINNING = Start()


def run_epochs(
    model: keras.Model,
    batches: Batches,
    validation: Batches,
    start: Start,
    last: int,
    callbacks: Sequence[keras.callbacks.Callback],
) -> History:
    """Trains epochs up to last - 1. Ends early if a callback sets the model's `stop_training`, or
    if a loss is not finite: NaN persists.

    Returns:
        loss, accuracy, val_loss, val_accuracy, and what callbacks add to the logs.
    """
    callback_list = keras.callbacks.CallbackList(
        list(callbacks), add_history=True, model=model, epochs=last, steps=len(batches)
    )
    model.stop_training = False
    callback_list.on_train_begin()
    for epoch in range(start.epoch, last):
        if model.stop_training:
            break
        callback_list.on_epoch_begin(epoch)
        logs = train_epoch(model, batches, epoch, callback_list, start)
        logs |= evaluate(model, validation, callback_list)
        model.stop_training = not math.isfinite(logs["loss"] + logs["val_loss"])
        callback_list.on_epoch_end(epoch, logs)
    callback_list.on_train_end()
    history: History = model.history.history
    return {name: [float(value) for value in values] for name, values in history.items()}


def train_epoch(
    model: keras.Model,
    batches: Batches,
    epoch: int,
    callback_list: keras.callbacks.CallbackList,
    start: Start = BEGINNING,
) -> Logs:
    """Trains on each batch of an epoch once, except on those before `start`.

    Returns:
        The mean loss and accuracy of the steps.
    """
    start = start.of(epoch)
    means, seen = start.means, min(start.step * batches.batch_size, len(batches.rows))
    for step, (inputs, labels) in enumerate(batches.epoch(epoch, start.step), start.step):
        callback_list.on_train_batch_begin(step)
        logs = model.train_on_batch(inputs, labels, return_dict=True)
        means, seen = _mean(means, seen, logs, len(labels))
        callback_list.on_train_batch_end(step, means)
    return means


def evaluate(
    model: keras.Model, batches: Batches, callback_list: keras.callbacks.CallbackList
) -> Logs:
    """val_loss, with the penalties of the layers, and val_accuracy."""
    means: Logs = {}
    seen = 0
    for step, (inputs, labels) in enumerate(batches.epoch(0)):
        logs = model.test_on_batch(inputs, labels, return_dict=True)
        means, seen = _mean(means, seen, logs, len(labels))
        callback_list.on_test_batch_end(step, means)
    return {f"val_{name}": value for name, value in means.items()}


def _mean(means: Logs, seen: int, logs: Logs, count: int) -> tuple[Logs, int]:
    """The means over the rows seen so far and those of another batch; the number of these rows."""
    total = seen + count
    return {
        name: (means.get(name, 0.0) * seen + value * count) / total for name, value in logs.items()
    }, total
