"""Batches of rows; where they are shuffled, (seed, epoch, step) alone says how."""

import math
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pipeline.arrays import Images, Labels, Rows
from pipeline.images.augmentation import Augmentation, augment

ORDER, MOVES = 0, 1  # two streams of random numbers that never meet

Batch = tuple[Images, Labels]


class Batches:
    """Some rows, batch by batch in their order; only a batch is ever copied.

    Args:
        inputs: (n, ...) images or features; may be a memory map larger than memory.
        labels: (n,) integers.
        rows: which of the n, and in which order.
    """

    def __init__(self, inputs: Images, labels: Labels, rows: Rows, batch_size: int) -> None:
        self.inputs, self.labels, self.rows, self.batch_size = inputs, labels, rows, batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.rows) / self.batch_size)

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of an epoch, counted from 0: each is prepared while the last one is used."""
        rows = self.order(number)
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(self.batch, rows, number, 0)
            for step in range(1, len(self)):
                ready, coming = coming, pool.submit(self.batch, rows, number, step)
                yield ready.result()
            yield coming.result()

    def order(self, epoch: int) -> Rows:
        """The rows as that epoch has them."""
        return self.rows

    def batch(self, rows: Rows, epoch: int, step: int) -> Batch:
        """One batch of rows that are in the epoch's order."""
        part = rows[step * self.batch_size : (step + 1) * self.batch_size]
        return self.inputs[part], self.labels[part]


class TrainingBatches(Batches):
    """Shuffled, and where asked augmented, batches.

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
        self.augmentation, self.seed, self.augmented = augmentation, seed, augmented

    def order(self, epoch: int) -> Rows:
        random = np.random.default_rng((self.seed, ORDER, epoch))
        return self.rows[random.permutation(len(self.rows))]

    def batch(self, rows: Rows, epoch: int, step: int) -> Batch:
        inputs, labels = super().batch(rows, epoch, step)
        if self.augmentation and epoch < self.augmented:
            random = np.random.default_rng((self.seed, MOVES, epoch, step))
            inputs = augment(inputs, self.augmentation, random)
        return inputs, labels
