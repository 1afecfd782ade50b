"""From a network and images to the weights of its best epoch."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.arrays import Images, Labels
from pipeline.competition.folds import Fold
from pipeline.errors import PipelineError
from pipeline.images.augmentation import LOOKED_AT, choose_interpolation
from pipeline.networks.build import Network, compile_network
from pipeline.networks.predict import BATCH, predict
from pipeline.networks.recipe import Recipe
from pipeline.runs.history import History
from pipeline.training.batches import Batches, TrainingBatches
from pipeline.training.callbacks import LearningRate, Progress, recipe_callbacks
from pipeline.training.loop import run_epochs


@dataclass(frozen=True)
class FitResult:
    """What a training was.

    Attributes:
        history: a value an epoch: loss, accuracy, val_loss, val_accuracy, learning_rate.
        best_epoch: the epoch, from 1, whose weights the model has now.
        seconds: of the whole training, features of a frozen base included.
    """

    history: History
    best_epoch: int
    seconds: float


def fit(
    network: Network,
    recipe: Recipe,
    images: Images,
    labels: Labels,
    split: Fold,
    seed: int,
    checkpoint: Path,
    progress: Progress,
) -> FitResult:
    """Trains the network in place.

    Args:
        images: (n, height, width, channels) as the network takes them, of all training rows.
        labels: (n,) integers.
        checkpoint: a file for the best weights so far; gone at the end.

    Raises:
        PipelineError: the training diverged.
    """
    start = time.perf_counter()
    model, inputs = network.model, images
    if network.frozen and recipe.augmentation is None:
        # What never changes is computed once, not once an epoch.
        model, inputs = network.tail, predict(network.frozen, images)
    some = images[split.train[:LOOKED_AT]]
    moves = recipe.augmentation and choose_interpolation(recipe.augmentation, some)
    epochs = recipe.epochs_for(len(split.train))
    done = recipe.base.warm_up if recipe.base else 0
    batches = TrainingBatches(
        inputs,
        labels,
        split.train,
        recipe.batch_size,
        moves,
        seed,
        augmented=done + epochs - recipe.final_unaugmented_epochs,
    )
    validation = Batches(inputs, labels, split.validation, BATCH)
    history: History = {}
    if recipe.base and done:
        _train_base_layers(network, False)
        gentle = replace(recipe, learning_rate=recipe.base.warm_up_rate, schedule="constant")
        compile_network(model, gentle, done * len(batches))
        history = run_epochs(model, batches, validation, 0, done, [LearningRate(), progress])
        _train_base_layers(network, True)
    compile_network(model, recipe, epochs * len(batches))
    callbacks = [LearningRate(), *recipe_callbacks(recipe, checkpoint), progress]
    rest = run_epochs(model, batches, validation, done, done + epochs, callbacks)
    history = {name: history.get(name, []) + values for name, values in rest.items()}
    losses = np.nan_to_num(rest["val_loss"], nan=np.inf)
    place = int(losses.argmin()) if recipe.keep == "best" else len(losses) - 1
    if losses[place] == np.inf:
        raise PipelineError(
            f"The training of {progress.name} diverged: its loss is not finite. Lower the learning "
            f"rate, which is {recipe.learning_rate:g}, with --set learning_rate=..."
        )
    if recipe.keep == "best":
        model.load_weights(checkpoint)
        checkpoint.unlink()
    return FitResult(history, done + place + 1, time.perf_counter() - start)


def _train_base_layers(network: Network, trainable: bool) -> None:
    for layer in network.base_layers:
        layer.trainable = trainable
