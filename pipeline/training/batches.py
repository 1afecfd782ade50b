"""Batches of rows. Order and augmentation depend only on (seed, epoch, step)."""

import math
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from pipeline.arrays import Images, Labels, Rows
from pipeline.images.augmentation import Augmentation, augment
from pipeline.training.resident import Resident, augment_on_device

ORDER, AUGMENTATION = 0, 1  # two independent streams of random numbers

Batch = tuple[Any, Labels]  # an array, or a tensor on a GPU


class Batches:
    """Rows in their order, batch by batch. Only the rows of a batch are copied.

    Args:
        inputs: (n, ...) images or features; may be a memory map larger than memory, or in the
            memory of a GPU.
        labels: (n,) class indices.
        rows: the rows to use, in this order.
        batch_size: number of rows in a batch; the last one may have fewer.
    """

    def __init__(
        self, inputs: Images | Resident, labels: Labels, rows: Rows, batch_size: int
    ) -> None:
        self.inputs, self.labels, self.rows, self.batch_size = inputs, labels, rows, batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.rows) / self.batch_size)

    def epoch(self, number: int, first: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, from 0. The next batch is prepared while one is used.

        Args:
            first: the step, from 0, that it begins with.
        """
        if first == len(self):
            return
        rows = self.order(number)
        with ThreadPoolExecutor(1) as pool:
            next_batch = pool.submit(self.batch, rows, number, first)
            for step in range(first + 1, len(self)):
                ready, next_batch = next_batch, pool.submit(self.batch, rows, number, step)
                yield ready.result()
            yield next_batch.result()

    def order(self, epoch: int) -> Rows:
        """The rows in the order of that epoch."""
        return self.rows

    def batch(self, rows: Rows, epoch: int, step: int) -> Batch:
        """One batch, of rows in the order of the epoch."""
        part = rows[step * self.batch_size : (step + 1) * self.batch_size]
        return self.inputs[part], self.labels[part]


class TrainingBatches(Batches):
    """Shuffled batches, augmented if an augmentation is given.

    Args:
        augmentation: with its interpolation resolved, see `choose_interpolation`.
        seed: random seed.
        augmented_epochs: epochs from this one on are not augmented.
    """

    def __init__(
        self,
        inputs: Images | Resident,
        labels: Labels,
        rows: Rows,
        batch_size: int,
        augmentation: Augmentation | None,
        seed: int,
        augmented_epochs: int = sys.maxsize,
    ) -> None:
        super().__init__(inputs, labels, rows, batch_size)
        self.augmentation, self.seed = augmentation, seed
        self.augmented_epochs = augmented_epochs

    def order(self, epoch: int) -> Rows:
        random = np.random.default_rng((self.seed, ORDER, epoch))
        return self.rows[random.permutation(len(self.rows))]

    def batch(self, rows: Rows, epoch: int, step: int) -> Batch:
        inputs, labels = super().batch(rows, epoch, step)
        if self.augmentation and epoch < self.augmented_epochs:
            random = np.random.default_rng((self.seed, AUGMENTATION, epoch, step))
            on_device = isinstance(self.inputs, Resident)
            transform = augment_on_device if on_device else augment
            inputs = transform(inputs, self.augmentation, random)
        return inputs, labels
