"""The training images that are most like another one, as a model sees them."""

import time

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Images, Rows
from pipeline.competition.competition import Competition
from pipeline.networks.predict import predict
from pipeline.runs.run import Run
from pipeline.training.explain import last_features

FIRST, LARGEST = 8, 128  # images of a block
SECONDS = 0.05  # that a block may take: a drawing waits for it
MAX_VALUES = 1 << 26  # a quarter of a gigabyte
SMALL = 1e-9


class Neighbours:
    """Training images by their features before the last layer, where equal angles are near.

    They are computed block by block, in random order: `find` knows those that are there.

    Args:
        run: a run with a model.
    """

    def __init__(self, run: Run, competition: Competition) -> None:
        self._run, self._pixels = run, competition.train_pixels
        self._features = last_features(run.model)
        width = int(self._features.output_shape[1])
        order = np.random.default_rng(0).permutation(len(self._pixels))
        self._order = order[: max(1, MAX_VALUES // width)]
        self._vectors = np.empty((len(self._order), width), np.float32)
        self._block = FIRST
        self.count = 0
        self.extend()

    @property
    def complete(self) -> bool:
        """Whether all rows are there, or as many as memory allows."""
        return self.count == len(self._order)

    def extend(self) -> None:
        """Adds the next block of training images."""
        began = time.perf_counter()
        rows = self._order[self.count : self.count + self._block]
        vectors = self._directions(self._run.prepare(self._pixels[rows]))
        self._vectors[self.count : self.count + len(rows)] = vectors
        self.count += len(rows)
        fast = time.perf_counter() - began < SECONDS
        self._block = min(LARGEST, 2 * self._block) if fast else max(1, self._block // 2)

    def find(self, images: Images, count: int) -> Rows:
        """The nearest training rows, the nearest first.

        Args:
            images: one, (1, height, width, channels), in the competition's range.
        """
        likeness = self._vectors[: self.count] @ self._directions(self._run.prepare(images))[0]
        return self._order[np.argsort(-likeness, kind="stable")[:count]]

    def _directions(self, images: Images) -> npt.NDArray[np.float32]:
        """(n, features) of length 1."""
        vectors: npt.NDArray[np.float32] = predict(self._features, images)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, SMALL), np.float32)
