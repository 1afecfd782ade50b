"""Folders of public competitions: their file names, headers, column order, ids and samples.

The images are real digits, drawn at the competition's size; a class is a digit, or where there are
more classes, a digit and its shade.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]  # (n, side, side)
Rows = Iterable[Sequence[Any]]
TRAIN_ROWS, TEST_ROWS = 60, 12


@dataclass(frozen=True)
class Drawing:
    """Images with their class indices; the last `TEST_ROWS` are those of the test file."""

    images: Images
    classes: npt.NDArray[np.int64]

    @property
    def train(self) -> tuple[Images, npt.NDArray[np.int64]]:
        return self.images[:-TEST_ROWS], self.classes[:-TEST_ROWS]

    @property
    def test(self) -> tuple[Images, npt.NDArray[np.int64]]:
        return self.images[-TEST_ROWS:], self.classes[-TEST_ROWS:]


def draw(
    digits: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], side: int, classes: int
) -> Drawing:
    """Three or more training images of each class, and some test images, in random order."""
    rows = max(TRAIN_ROWS, 3 * classes) + TEST_ROWS
    wanted = np.random.default_rng(0).permutation(np.arange(rows) % classes)
    of_digit = [np.flatnonzero(labels == digit) for digit in range(10)]
    chosen = [of_digit[c % 10][row % len(of_digit[c % 10])] for row, c in enumerate(wanted)]
    shades = 255 - 30 * (wanted // 10)
    images = np.stack(
        [
            (cv2.resize(digits[row], (side, side)) * shade).astype(np.uint8)
            for row, shade in zip(chosen, shades, strict=True)
        ]
    )
    return Drawing(images, wanted)


@dataclass(frozen=True)
class Form:
    """A public competition or data set.

    Attributes:
        write: writes its files into a folder.
        header: of its submission.
        ids: the first and the last id.
        side: of an image, in pixels.
        classes: number of classes.
        scored: whether its test rows have labels.
    """

    write: Callable[[Path, Drawing], None]
    header: str
    ids: tuple[str, str]
    side: int = 28
    classes: int = 10
    scored: bool = False


def save(path: Path, rows: Rows, header: Sequence[str] = ()) -> None:
    lines = [",".join(map(str, row)) for row in ([header] if header else [])]
    lines += [",".join(map(str, row)) for row in rows]
    path.write_text("\n".join(lines) + "\n")


def labelled(images: Images, classes: Iterable[Any]) -> list[list[Any]]:
    return [[c, *i.ravel().tolist()] for c, i in zip(classes, images, strict=True)]


def flat(images: Images) -> list[list[Any]]:
    return images.reshape(len(images), -1).tolist()


def numbered(rows: Rows, first: int) -> list[list[Any]]:
    return [[first + at, *row] for at, row in enumerate(rows)]


def pixels(first: int = 0, count: int = 784) -> list[str]:
    return [f"pixel{number}" for number in range(first, first + count)]


def spaced(images: Images) -> list[str]:
    """Each image as one string, as FER-2013 has them."""
    return [" ".join(map(str, image.ravel().tolist())) for image in images]


def digit_recognizer(folder: Path, drawn: Drawing) -> None:
    save(folder / "train.csv", labelled(*drawn.train), ["label", *pixels()])
    save(folder / "test.csv", flat(drawn.test[0]), pixels())
    sample = [[at + 1, 0] for at in range(TEST_ROWS)]
    save(folder / "sample_submission.csv", sample, ["ImageId", "Label"])


def kannada_mnist(folder: Path, drawn: Drawing) -> None:
    save(folder / "train.csv", labelled(*drawn.train), ["label", *pixels()])
    save(folder / "Dig-MNIST.csv", labelled(*drawn.train), ["label", *pixels()])
    save(folder / "test.csv", numbered(flat(drawn.test[0]), 0), ["id", *pixels()])
    sample = [[at, 0] for at in range(TEST_ROWS)]
    save(folder / "sample_submission.csv", sample, ["id", "label"])


def fashion_mnist(folder: Path, drawn: Drawing) -> None:
    for name, part in (("train", drawn.train), ("test", drawn.test)):
        save(folder / f"fashion-mnist_{name}.csv", labelled(*part), ["label", *pixels(1)])


def emnist(folder: Path, drawn: Drawing) -> None:
    """Images are stored column by column."""
    for name, (images, classes) in (("train", drawn.train), ("test", drawn.test)):
        rows = labelled(images.transpose(0, 2, 1), classes)
        save(folder / f"emnist-balanced-{name}.csv", rows)
    mapping = [f"{c} {ord('0') + c}" for c in range(47)]
    (folder / "emnist-balanced-mapping.txt").write_text("\n".join(mapping) + "\n")


def a_z_handwritten(folder: Path, drawn: Drawing) -> None:
    """One file without a header, sorted by class: its first row is of class 0."""
    order = np.argsort(drawn.classes, kind="stable")
    rows = labelled(drawn.images[order], drawn.classes[order])
    save(folder / "A_Z Handwritten Data.csv", rows)


def fer_2013(folder: Path, drawn: Drawing) -> None:
    """One file, whose last column says what each row is for."""
    usage = ["Training"] * len(drawn.train[0]) + ["PublicTest", "PrivateTest"] * (TEST_ROWS // 2)
    rows = zip(drawn.classes, spaced(drawn.images), usage, strict=True)
    save(folder / "fer2013.csv", rows, ["emotion", "pixels", "Usage"])


def fer_2013_with_test_file(folder: Path, drawn: Drawing) -> None:
    rows = zip(drawn.train[1], (f'"{text}"' for text in spaced(drawn.train[0])), strict=True)
    save(folder / "train.csv", rows, ["emotion", "pixels"])
    save(folder / "test.csv", ([f'"{text}"'] for text in spaced(drawn.test[0])), ["pixels"])


def in_class(folder: Path, drawn: Drawing) -> None:
    """No header, fractions, the label last."""
    images, classes = drawn.train
    rows = [[*image, c] for image, c in zip(flat(images / np.float32(255)), classes, strict=True)]
    save(folder / "train_data.csv", rows)
    save(folder / "test_data.csv", flat(drawn.test[0] / np.float32(255)))
    save(folder / "sampleSubmission.csv", [[at, 0] for at in range(TEST_ROWS)], ["Id", "Category"])


def one_hot(folder: Path, drawn: Drawing) -> None:
    images, classes = drawn.train
    answers = np.eye(10, dtype=int)[classes].tolist()
    rows = [[*image, *answer] for image, answer in zip(flat(images), answers, strict=True)]
    save(folder / "train.csv", rows, [*pixels(), *(f"class_{c}" for c in range(10))])
    save(folder / "test.csv", flat(drawn.test[0]), pixels())


def probabilities(folder: Path, drawn: Drawing) -> None:
    save(folder / "train.csv", labelled(*drawn.train), ["label", *pixels()])
    save(folder / "test.csv", numbered(flat(drawn.test[0]), 0), ["id", *pixels()])
    sample = [[at, *[0.1] * 10] for at in range(TEST_ROWS)]
    save(folder / "sample_submission.csv", sample, ["id", *(f"class_{c}" for c in range(10))])


NUMBERED = ("0", str(TEST_ROWS - 1))
FORMS = {
    "Digit Recognizer": Form(digit_recognizer, "ImageId,Label", ("1", str(TEST_ROWS))),
    "Kannada-MNIST": Form(kannada_mnist, "id,label", NUMBERED),
    "Fashion-MNIST": Form(fashion_mnist, "Id,Category", NUMBERED, scored=True),
    "EMNIST": Form(emnist, "Id,Category", NUMBERED, classes=47, scored=True),
    "FER-2013": Form(fer_2013, "Id,Category", NUMBERED, side=48, classes=7, scored=True),
    "FER-2013, two files": Form(
        fer_2013_with_test_file, "Id,Category", NUMBERED, side=48, classes=7
    ),
    "in-class": Form(in_class, "Id,Category", NUMBERED),
    "one-hot labels": Form(one_hot, "Id,Category", NUMBERED),
    "probabilities": Form(
        probabilities, ",".join(["id", *(f"class_{c}" for c in range(10))]), NUMBERED
    ),
}
"""Forms with test rows. `a_z_handwritten` has none."""
