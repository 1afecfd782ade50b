"""The pace of a training: how far each epoch goes, evenly or so that it ends in time."""

import math
import time
from collections.abc import Sequence

import numpy as np

RISE = 0.3  # of a one-cycle schedule
START = 1 / 25  # of its maximum


class Pace:
    """The progress of a training at the end of each epoch, from 0 to 1.

    With a deadline, the rest is divided anew after each epoch, among as many epochs as still fit:
    on a machine that became slower a training is shorter, but complete.

    Args:
        epochs: number of epochs; with a deadline, the expected one.
        ends: progress at the end of each epoch; evenly if not given.
        deadline: Unix time at which the last epoch should have ended.
        most: maximum number of epochs; as many as the deadline allows if not given.
    """

    def __init__(
        self,
        epochs: int,
        ends: Sequence[float] = (),
        deadline: float | None = None,
        most: int | None = None,
    ) -> None:
        self.ends = tuple(ends) or tuple(np.linspace(0, 1, epochs + 1)[1:].tolist())
        self.deadline, self.most = deadline, most

    @property
    def epochs(self) -> int:
        return len(self.ends)

    def at(self, epoch: int, share: float) -> float:
        """The progress within an epoch, from 0, of which this share is done."""
        start = self.ends[epoch - 1] if epoch else 0.0
        return start + share * (self.ends[epoch] - start)

    def end_epoch(self, epoch: int, seconds: float) -> None:
        """Divides the rest of the training anew, if there is a deadline.

        Args:
            epoch: the epoch, from 0, that has ended.
            seconds: how long it took.
        """
        done = self.ends[: epoch + 1]
        if self.deadline is None or done[-1] == 1:
            return
        fitting = math.floor((self.deadline - time.time()) / seconds)
        if self.most is not None:
            fitting = min(fitting, self.most - len(done))
        fitting = max(1, fitting)
        rest = np.linspace(done[-1], 1, fitting + 1)[1:]
        self.ends = (*done, *rest.tolist())


def one_cycle(progress: float) -> float:
    """The learning rate as a fraction of its maximum (Smith and Topin, 2018).

    It rises from 1/25 during the first 30 % of the training, and falls to 0 along a cosine.
    """
    if progress < RISE:
        return START + (1 - START) * progress / RISE
    return 0.5 * (1 + math.cos(math.pi * (progress - RISE) / (1 - RISE)))
