"""Training batches whose order and augmentation follow from (seed, epoch, step) alone."""

import math

import keras
import numpy as np

from pipeline.data.augmentation import Augmentation, augment
from pipeline.data.images import Images
from pipeline.runs.metrics import Labels

ORDER, MOVES = 0, 1  # two streams of random numbers that never meet


class Batches(keras.utils.PyDataset):
    """Shuffled, and where asked augmented, batches of one epoch after the other.

    Args:
        inputs: (n, ...) images or features.
        labels: (n,) integers.
    """

    def __init__(
        self,
        inputs: Images,
        labels: Labels,
        batch_size: int,
        augmentation: Augmentation | None,
        seed: int,
    ) -> None:
        super().__init__()
        self.inputs, self.labels, self.batch_size = inputs, labels, batch_size
        self.augmentation, self.seed = augmentation, seed
        self.epoch, self.coming = 0, 0
        self._shuffle()

    def __len__(self) -> int:
        return math.ceil(len(self.labels) / self.batch_size)

    def __getitem__(self, step: int) -> tuple[Images, Labels]:
        rows = self.order[step * self.batch_size : (step + 1) * self.batch_size]
        inputs = self.inputs[rows]
        if self.augmentation:
            random = np.random.default_rng((self.seed, MOVES, self.epoch, step))
            inputs = augment(inputs, self.augmentation, random)
        return inputs, self.labels[rows]

    def on_epoch_begin(self) -> None:
        # Not on_epoch_end, which Keras also calls once before the first epoch.
        self.epoch, self.coming = self.coming, self.coming + 1
        self._shuffle()

    def _shuffle(self) -> None:
        random = np.random.default_rng((self.seed, ORDER, self.epoch))
        self.order = random.permutation(len(self.labels))
