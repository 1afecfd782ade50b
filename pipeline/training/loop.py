"""The training loop: Keras' steps, epoch by epoch, watched by Keras' callbacks.

Keras' own `fit` passes batches through tf.data, which waits after each epoch until the thread that
tunes it wakes up: a quarter of the time, where an epoch takes a minute.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras

from pipeline.runs.history import History
from pipeline.training.batches import Batches

Logs = dict[str, Any]


def run_epochs(
    model: keras.Model,
    batches: Batches,
    validation: Batches,
    first: int,
    last: int,
    callbacks: Sequence[keras.callbacks.Callback],
) -> History:
    """Trains epochs first..last-1, or until a callback sets the model's `stop_training`, or the
    weights are lost: a loss that is not finite never becomes so again.

    Returns:
        the logs, a value an epoch: loss, accuracy, val_loss, val_accuracy, and what callbacks add.
    """
    watching = keras.callbacks.CallbackList(
        list(callbacks), add_history=True, model=model, epochs=last, steps=len(batches)
    )
    model.stop_training = False
    watching.on_train_begin()
    for epoch in range(first, last):
        watching.on_epoch_begin(epoch)
        logs = train_epoch(model, batches, epoch, watching)
        watching.on_epoch_end(epoch, logs | evaluate(model, validation))
        if model.stop_training or not math.isfinite(logs["loss"]):
            break
    watching.on_train_end()
    history: History = model.history.history
    return {name: [float(value) for value in values] for name, values in history.items()}


def train_epoch(
    model: keras.Model, batches: Batches, epoch: int, watching: keras.callbacks.CallbackList
) -> Logs:
    """Goes through the batches of an epoch once; loss and accuracy as they were on the way."""
    means: Logs = {}
    seen = 0
    for step, (inputs, labels) in enumerate(batches.epoch(epoch)):
        watching.on_train_batch_begin(step)
        logs = model.train_on_batch(inputs, labels, return_dict=True)
        means, seen = _mean(means, seen, logs, len(labels))
        watching.on_train_batch_end(step, means)
    return means


def evaluate(model: keras.Model, batches: Batches) -> Logs:
    """Loss, with the layers' penalties, and accuracy, as val_loss and val_accuracy."""
    means: Logs = {}
    seen = 0
    for inputs, labels in batches.epoch(0):
        logs = model.test_on_batch(inputs, labels, return_dict=True)
        means, seen = _mean(means, seen, logs, len(labels))
    return {f"val_{name}": value for name, value in means.items()}


def _mean(means: Logs, seen: int, logs: Logs, count: int) -> tuple[Logs, int]:
    """The means over the rows seen so far and a batch of so many more; how many these are."""
    total = seen + count
    return {
        name: (means.get(name, 0.0) * seen + value * count) / total for name, value in logs.items()
    }, total
