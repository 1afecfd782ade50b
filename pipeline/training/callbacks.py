"""What watches a training: early stopping, plateau, checkpoint of the best epoch, progress."""

import multiprocessing
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import keras

from pipeline.networks.recipe import Recipe

BAR = 24
SHOWN = ("loss", "accuracy", "val_loss", "val_accuracy")


def recipe_callbacks(recipe: Recipe, best: Path) -> list[keras.callbacks.Callback]:
    """Keras' own callbacks, as the recipe asks for them.

    Args:
        best: the file that keeps the weights of the epoch of smallest validation loss.
    """
    callbacks: list[keras.callbacks.Callback] = []
    if recipe.keep == "best":
        callbacks.append(
            keras.callbacks.ModelCheckpoint(
                best, monitor="val_loss", save_best_only=True, save_weights_only=True
            )
        )
    if recipe.plateau:
        callbacks.append(
            keras.callbacks.ReduceLROnPlateau(
                monitor=recipe.plateau.monitor,
                factor=recipe.plateau.factor,
                patience=recipe.plateau.patience,
                min_lr=recipe.plateau.minimum,
            )
        )
    if recipe.early_stopping is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping(monitor="val_loss", patience=recipe.early_stopping)
        )
    return callbacks


class LearningRate(keras.callbacks.Callback):
    """Adds the learning rate at an epoch's end to its logs, as ReduceLROnPlateau does."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:
            rate = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
            logs["learning_rate"] = float(rate)


class Progress(keras.callbacks.Callback):
    """A bar that moves on a terminal, a line an epoch elsewhere; the lines are kept for log.txt."""

    def __init__(self, name: str, epochs: int, stream: TextIO | None = None) -> None:
        super().__init__()
        self.epochs = epochs
        self.name, self.stream = name, stream or sys.stderr
        self.lines: list[str] = []
        self.drawn = 0.0
        # Two processes that train side by side would draw over each other's bar.
        self.bar = self.stream.isatty() and multiprocessing.parent_process() is None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.epoch, self.began = epoch, time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        now = time.monotonic()
        if not self.bar or now - self.drawn < 0.1:
            return
        self.drawn = now
        share = (batch + 1) / self.params["steps"]
        bar = ("=" * round(share * BAR)).ljust(BAR)
        left = (now - self.began) * (1 - share) / share
        self.stream.write(f"\r{self._head()} [{bar}] {left:3.0f} s left{_scores(logs)}\x1b[K")
        self.stream.flush()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        line = f"{self._head()} {time.monotonic() - self.began:5.1f} s{_scores(logs)}"
        self.lines.append(line)
        clear = "\r\x1b[K" if self.bar else ""
        self.stream.write(f"{clear}{line}\n")
        self.stream.flush()

    def _head(self) -> str:
        width = len(str(self.epochs))
        return f"{self.name}  epoch {self.epoch + 1:{width}}/{self.epochs}"


def _scores(logs: dict[str, Any] | None) -> str:
    return "".join(f"  {name} {logs[name]:.4f}" for name in SHOWN if logs and name in logs)
