"""A network and images -> a trained network: warm-up, training, epoch selection."""

import math
import sys
import time
from dataclasses import dataclass, replace
from typing import Any

from pipeline.arrays import Images, Labels, Rows
from pipeline.errors import PipelineError
from pipeline.images.augmentation import SAMPLE_SIZE, choose_interpolation
from pipeline.networks.build import Network, compile_network
from pipeline.networks.normalization import speed_up_normalization
from pipeline.networks.predict import BATCH, predict
from pipeline.networks.recipe import Recipe
from pipeline.training.batches import Batches, TrainingBatches
from pipeline.training.callbacks import (
    BestWeights,
    KeepPace,
    LearningRate,
    OneCycle,
    ReportProgress,
    recipe_callbacks,
)
from pipeline.training.job import Job
from pipeline.training.loop import History, run_epochs
from pipeline.training.pace import Pace
from pipeline.training.progress import Observer

TIMED_VALIDATION = 1000  # rows after each epoch of a timed training


class DivergedError(PipelineError):
    """The loss of a training is not finite."""


@dataclass(frozen=True)
class FitResult:
    """Result of a training.

    Attributes:
        history: a value for each epoch: loss, accuracy, val_loss, val_accuracy, learning_rate.
            Those of validation are of up to 1,000 rows, if the training is timed.
        best_epoch: the epoch, from 1, whose weights the model has.
        pace: progress at the end of each epoch after the warm-up.
        seconds: training time including backbone features.
        lines: a line for each epoch, for the log.
    """

    history: History
    best_epoch: int
    pace: Pace
    seconds: float
    lines: list[str]


def fit(
    network: Network, job: Job, images: Images, labels: Labels, observer: Observer
) -> FitResult:
    """Trains the network in place.

    Args:
        images: (n, height, width, channels) as the network takes them, for all training rows.
        labels: (n,) class indices.

    Raises:
        DivergedError: the training diverged.
    """
    start = time.perf_counter()
    recipe, report = job.recipe, ReportProgress(job.name, job.epochs, observer)
    model, inputs = network.model, images
    if network.frozen and recipe.augmentation is None:
        # Features that never change are computed once, not in each epoch.
        model, inputs = network.head, predict(network.frozen, images)
    train = _training_batches(job, inputs, labels, images)
    validation = Batches(inputs, labels, _validation_rows(job), BATCH)
    speed_up_normalization(model)
    history = _warm_up(network, recipe, model, train, validation, report)
    warm_up, last, pace = job.warm_up_epochs, job.epochs, job.pace()
    compile_network(model, recipe)
    best = BestWeights(copy=recipe.restore_best)
    callbacks = [LearningRate(), *recipe_callbacks(recipe), best, report]
    if recipe.schedule == "one-cycle":
        callbacks.insert(0, OneCycle(recipe.learning_rate, pace, warm_up))
    if pace.deadline is not None:
        last = sys.maxsize

        def on_change(epochs: int) -> None:
            report.epochs = epochs
            train.augmented_epochs = epochs - recipe.final_unaugmented_epochs

        callbacks.insert(-1, KeepPace(pace, warm_up, on_change))
    rest = run_epochs(model, train, validation, warm_up, last, callbacks)
    history = {name: history.get(name, []) + values for name, values in rest.items()}
    epoch = _choose_epoch(job, best, history)
    return FitResult(history, epoch, pace, time.perf_counter() - start, report.lines)


def _validation_rows(job: Job) -> Rows:
    """The rows that validate each epoch: some of them if time counts and they decide nothing."""
    rows, recipe = job.fold.validation, job.recipe
    decide = recipe.restore_best or recipe.early_stopping is not None or recipe.plateau
    return rows if decide or not job.timed else rows[:: math.ceil(len(rows) / TIMED_VALIDATION)]


def _training_batches(job: Job, inputs: Images, labels: Labels, images: Images) -> TrainingBatches:
    recipe, rows = job.recipe, job.fold.train
    augmentation = recipe.augmentation and choose_interpolation(
        recipe.augmentation, images[rows[:SAMPLE_SIZE]]
    )
    augmented_epochs = job.epochs - recipe.final_unaugmented_epochs
    return TrainingBatches(
        inputs, labels, rows, recipe.batch_size, augmentation, job.seed, augmented_epochs
    )


def _warm_up(
    network: Network,
    recipe: Recipe,
    model: Any,
    train: Batches,
    validation: Batches,
    report: ReportProgress,
) -> History:
    """Trains only the head for the first epochs, if the recipe asks for it."""
    if recipe.backbone is None or not recipe.backbone.warm_up_epochs:
        return {}
    rate, epochs = recipe.backbone.warm_up_learning_rate, recipe.backbone.warm_up_epochs
    _set_trainable(network, False)
    warm_up_recipe = replace(recipe, learning_rate=rate, schedule="constant")
    compile_network(model, warm_up_recipe)
    history = run_epochs(model, train, validation, 0, epochs, [LearningRate(), report])
    _set_trainable(network, True)
    return history


def _choose_epoch(job: Job, best: BestWeights, history: History) -> int:
    """The epoch, from 1, whose weights the model has now: the best one, or the last one."""
    restore = job.recipe.restore_best
    if best.epoch is None or not (restore or math.isfinite(history["val_loss"][-1])):
        raise DivergedError(
            "the training diverged: its loss is not finite",
            where=f"run {job.name}",
            remedy=f"Lower the learning rate, which is {job.recipe.learning_rate:g}, with --set "
            "learning_rate=...",
        )
    if not restore:
        return len(history["val_loss"])
    best.restore()
    return best.epoch + 1


def _set_trainable(network: Network, trainable: bool) -> None:
    for layer in network.backbone_layers:
        layer.trainable = trainable
