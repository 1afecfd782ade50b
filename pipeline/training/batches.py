"""Batches for Keras; where they are shuffled, (seed, epoch, step) alone says how."""

import math
import sys

import keras
import numpy as np

from pipeline.data.augmentation import Augmentation, augment
from pipeline.data.images import Images
from pipeline.data.splits import Rows
from pipeline.runs.metrics import Labels

ORDER, MOVES = 0, 1  # two streams of random numbers that never meet


class Batches(keras.utils.PyDataset):
    """Some rows, batch by batch in their order; only a batch is ever copied.

    Args:
        inputs: (n, ...) images or features; may be a memory map larger than memory.
        labels: (n,) integers.
        rows: which of the n, and in which order.
    """

    def __init__(self, inputs: Images, labels: Labels, rows: Rows, batch_size: int) -> None:
        super().__init__()
        self.inputs, self.labels, self.rows, self.batch_size = inputs, labels, rows, batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.rows) / self.batch_size)

    def __getitem__(self, step: int) -> tuple[Images, Labels]:
        rows = self.rows[step * self.batch_size : (step + 1) * self.batch_size]
        return self.inputs[rows], self.labels[rows]


class TrainingBatches(Batches):
    """Shuffled, and where asked augmented, batches of one epoch after the other.

    Keras prepares the next ones in a thread of its own while one trains.

    Args:
        augmented: how many epochs are; later ones take the images as they are.
    """

    def __init__(
        self,
        inputs: Images,
        labels: Labels,
        rows: Rows,
        batch_size: int,
        augmentation: Augmentation | None,
        seed: int,
        augmented: int = sys.maxsize,
    ) -> None:
        super().__init__(inputs, labels, rows, batch_size)
        self.sorted, self.augmentation, self.seed = rows, augmentation, seed
        self.augmented = augmented
        self.epoch, self.coming = 0, 0
        self._shuffle()

    def __getitem__(self, step: int) -> tuple[Images, Labels]:
        inputs, labels = super().__getitem__(step)
        if self.augmentation and self.epoch < self.augmented:
            random = np.random.default_rng((self.seed, MOVES, self.epoch, step))
            inputs = augment(inputs, self.augmentation, random)
        return inputs, labels

    def on_epoch_begin(self) -> None:
        # Not on_epoch_end, which Keras also calls once before the first epoch.
        self.epoch, self.coming = self.coming, self.coming + 1
        self._shuffle()

    def _shuffle(self) -> None:
        random = np.random.default_rng((self.seed, ORDER, self.epoch))
        self.rows = self.sorted[random.permutation(len(self.sorted))]
