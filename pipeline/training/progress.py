"""Progress of a training."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

SHOWN = ("loss", "accuracy", "val_loss", "val_accuracy")


@dataclass(frozen=True)
class Progress:
    """The state of a training after a step, or at the end of an epoch.

    Attributes:
        name: name of the run.
        epoch: the current epoch, from 1.
        epochs: maximum number of epochs.
        step: number of finished steps of this epoch.
        steps: number of steps of an epoch.
        seconds: time since the epoch began.
        scores: loss and accuracy of this epoch so far; at its end those of validation too.
        epoch_ended: whether the epoch is finished and validated.
        note: a message for the user.
    """

    name: str
    epoch: int
    epochs: int
    step: int
    steps: int
    seconds: float
    scores: Mapping[str, float]
    epoch_ended: bool = False
    note: str = ""

    @property
    def share(self) -> float:
        """The finished fraction of the training, in 0..1."""
        return (self.epoch - 1 + self.step / self.steps) / self.epochs

    def line(self) -> str:
        """The line of an epoch in a log."""
        width = len(str(self.epochs))
        scores = "".join(f"  {n} {self.scores[n]:.4f}" for n in SHOWN if n in self.scores)
        epoch = f"epoch {self.epoch:{width}}/{self.epochs}"
        return f"{self.name}  {epoch} {self.seconds:5.1f} s{scores}"


Observer = Callable[[Progress], None]
"""Receives the progress of trainings; see `search.display`."""
