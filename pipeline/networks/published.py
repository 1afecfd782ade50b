"""Where the published recipes come from, and their published scores."""

from dataclasses import dataclass

EXERCISE = "Exercise: Convolutional Neural Networks"
EXERCISE_5 = "Exercise 5, CNN and MNIST"
ASSIGNMENT_7 = "Assignment 7"
TECHNIQUES = "Convolutional Neural Networks and practical techniques"
IN_CLASS = "Digits classification, a more complicated MNIST (in-class Kaggle competition)"

MNIST_TEST = "MNIST, 10,000 test rows"
IN_CLASS_VALIDATION = "in-class competition, 2,400 validation rows"


@dataclass(frozen=True)
class Published:
    """A published result on 28 x 28 x 1 images of 10 classes.

    Attributes:
        parameters: number of parameters of the whole model.
        accuracy: in 0..1, measured on the rows that `on` names.
        loss: log loss on the same rows, if it was published.
    """

    parameters: int
    accuracy: float
    loss: float | None = None
    on: str = ""
