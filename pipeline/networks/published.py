"""Where the published recipes come from, and their published scores."""

from collections.abc import Sequence
from dataclasses import dataclass

EXERCISE = "Exercise: Convolutional Neural Networks"
EXERCISE_5 = "Exercise 5, CNN and MNIST"
ASSIGNMENT_7 = "Assignment 7"
TECHNIQUES = "Convolutional Neural Networks and practical techniques"
IN_CLASS = "Digits classification, a more complicated MNIST (in-class Kaggle competition)"

MNIST_TEST = "MNIST, 10,000 test rows"
IN_CLASS_VALIDATION = "in-class competition, 2,400 validation rows"
DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class Published:
    """A published result.

    Attributes:
        parameters: number of parameters of the whole model.
        accuracy: in 0..1, measured on the rows that `on` names.
        loss: log loss on the same rows, if it was published.
        shape: (height, width, channels) of the images in these rows.
        classes: their classes.
    """

    parameters: int
    accuracy: float
    loss: float | None = None
    on: str = ""
    shape: tuple[int, int, int] = (28, 28, 1)
    classes: tuple[str, ...] = DIGITS

    def fits(self, shape: tuple[int, int, int], classes: Sequence[str]) -> bool:
        """Whether images of that shape and these classes are like those it was measured on."""
        return tuple(shape) == self.shape and set(classes) == set(self.classes)
