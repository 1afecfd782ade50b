"""A network and images -> a trained network: warm-up, training, epoch selection."""

import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from pipeline.arrays import Images, Labels, Rows
from pipeline.errors import PipelineError
from pipeline.images.augmentation import SAMPLE_SIZE, choose_interpolation
from pipeline.interrupts import delay_interrupts
from pipeline.networks.backend import keras
from pipeline.networks.build import Network, compile_network
from pipeline.networks.normalization import speed_up_normalization
from pipeline.networks.predict import BATCH, predict
from pipeline.training.batches import Batches, TrainingBatches
from pipeline.training.callbacks import (
    BestWeights,
    KeepPace,
    LearningRate,
    OneCycle,
    ReportProgress,
    recipe_callbacks,
)
from pipeline.training.checkpoints import Checkpoints, Found
from pipeline.training.job import Job
from pipeline.training.keep_checkpoints import KeepCheckpoints
from pipeline.training.loop import History, Start, run_epochs
from pipeline.training.pace import Pace
from pipeline.training.progress import Observer
from pipeline.training.resident import Resident, place_on_gpu

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
    network: Network,
    job: Job,
    images: Images,
    labels: Labels,
    observer: Observer,
    checkpoints: Checkpoints | None = None,
) -> FitResult:
    """Trains the network in place.

    Args:
        images: (n, height, width, channels) as the network takes them, for all training rows.
        labels: (n,) class indices.
        checkpoints: of this training. It continues from the newest one, and saves new ones.

    Raises:
        DivergedError: the training diverged.
        PipelineError: the checkpoints are of another training.
    """
    found = checkpoints.load() if checkpoints else None
    began = time.perf_counter() - (found.state.seconds if found else 0)
    recipe = job.recipe
    model, inputs = network.model, images
    if network.frozen and recipe.augmentation is None:
        # Features that never change are computed once, not in each epoch. A separate model is
        # compiled, because `head` would be saved with its optimizer.
        model = keras.Model(network.head.inputs, network.head.outputs)
        inputs = predict(network.frozen, images)
    placed = place_on_gpu(inputs, recipe.augmentation)
    speed_up_normalization(model)
    report = ReportProgress(job.name, job.epochs, observer)
    training = _Training(
        model,
        _training_batches(job, placed, labels, images),
        Batches(placed, labels, _validation_rows(job), BATCH),
        keras.callbacks.History(),
        report,
        checkpoints,
        began,
    )
    if job.warm_up_epochs and (found is None or found.state.warm_up):
        _warm_up(network, job, training, found)
        found = None
    compile_network(model, recipe)
    best, pace = BestWeights(copy=recipe.restore_best), job.pace()
    callbacks = [*_schedule(job, pace, training), *recipe_callbacks(recipe), best]
    last = sys.maxsize if job.deadline else job.epochs
    history = training.run(job.warm_up_epochs, last, callbacks, found)
    epoch = _choose_epoch(job, best, history)
    return FitResult(history, epoch, pace, time.perf_counter() - began, report.lines)


@dataclass(frozen=True)
class _Training:
    """What the warm-up and the main training share.

    Attributes:
        began: `time.perf_counter()` at the start, minus the time of earlier processes.
    """

    model: keras.Model
    train: TrainingBatches
    validation: Batches
    history: keras.callbacks.History
    report: ReportProgress
    checkpoints: Checkpoints | None
    began: float

    def run(
        self,
        first: int,
        last: int,
        callbacks: Sequence[keras.callbacks.Callback],
        found: Found | None,
        warm_up: bool = False,
    ) -> History:
        """Trains epochs first..last-1, or continues from a checkpoint. Returns the history."""
        start = found.state.start if found else Start(first)
        callbacks = [LearningRate(), *callbacks, self.history, self.report]
        run = partial(run_epochs, self.model, self.train, self.validation, start, last)
        if self.checkpoints is None:
            return run(callbacks)
        with delay_interrupts() as interrupts:
            keep = KeepCheckpoints(
                self.checkpoints,
                interrupts,
                others=callbacks,
                on_failure=self.report.note,
                first=first,
                warm_up=warm_up,
                smaller_last=len(self.train.rows) % self.train.batch_size > 0,
                began=self.began,
                found=found,
            )
            return run([*callbacks, keep])


def _schedule(job: Job, pace: Pace, training: _Training) -> list[keras.callbacks.Callback]:
    """The callbacks that set learning rate and number of epochs by the pace."""
    callbacks: list[keras.callbacks.Callback] = []
    if job.recipe.schedule == "one-cycle":
        callbacks.append(OneCycle(job.recipe.learning_rate, pace, job.warm_up_epochs))
    if pace.deadline is not None:

        def on_change(epochs: int) -> None:
            training.report.epochs = epochs
            training.train.augmented_epochs = epochs - job.recipe.final_unaugmented_epochs

        callbacks.append(KeepPace(pace, job.warm_up_epochs, on_change))
    return callbacks


def _validation_rows(job: Job) -> Rows:
    """The rows that validate each epoch: some of them if time counts and they decide nothing."""
    rows, recipe = job.fold.validation, job.recipe
    decide = recipe.restore_best or recipe.early_stopping is not None or recipe.plateau
    return rows if decide or not job.timed else rows[:: math.ceil(len(rows) / TIMED_VALIDATION)]


def _training_batches(
    job: Job, inputs: Images | Resident, labels: Labels, images: Images
) -> TrainingBatches:
    recipe, rows = job.recipe, job.fold.train
    augmentation = recipe.augmentation and choose_interpolation(
        recipe.augmentation, images[rows[:SAMPLE_SIZE]]
    )
    augmented_epochs = job.epochs - recipe.final_unaugmented_epochs
    return TrainingBatches(
        inputs, labels, rows, recipe.batch_size, augmentation, job.seed, augmented_epochs
    )


def _warm_up(network: Network, job: Job, training: _Training, found: Found | None) -> None:
    """Trains only the recipe's own layers for the first epochs."""
    recipe = job.recipe
    assert recipe.backbone is not None
    rate = recipe.backbone.warm_up_learning_rate
    _set_trainable(network, False)
    compile_network(training.model, replace(recipe, learning_rate=rate, schedule="constant"))
    training.run(0, job.warm_up_epochs, (), found, warm_up=True)
    _set_trainable(network, True)


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
