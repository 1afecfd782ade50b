"""Batches: every row once an epoch, in an order that depends only on seed and epoch."""

import threading

import numpy as np
import pytest

from pipeline.images.augmentation import Augmentation
from pipeline.training.batches import Batches, TrainingBatches

AUGMENTATION = Augmentation(rotation=10, interpolation="linear")


ROWS = np.arange(2, 25)  # of 30


def batches(seed: int = 0, augmentation: Augmentation | None = None) -> TrainingBatches:
    images = np.arange(30 * 64, dtype=np.float32).reshape(30, 8, 8, 1)
    return TrainingBatches(images, np.arange(30), ROWS, 5, augmentation, seed)


def epoch(data: Batches, number: int = 0) -> tuple[np.ndarray, np.ndarray]:
    inputs, labels = zip(*data.epoch(number), strict=True)
    return np.concatenate(inputs), np.concatenate(labels)


@pytest.mark.parametrize("augmentation", [None, AUGMENTATION])
def test_an_epoch_shows_every_row_once_with_its_label(augmentation) -> None:
    data = batches(augmentation=augmentation)
    for number in range(2):
        inputs, labels = epoch(data, number)
        assert sorted(labels) == list(ROWS)
        if augmentation is None:
            np.testing.assert_array_equal(inputs, data.inputs[labels])


@pytest.mark.parametrize("augmentation", [None, AUGMENTATION])
def test_epochs_differ_and_the_same_seed_gives_the_same_epochs(augmentation) -> None:
    one, two, other = batches(0, augmentation), batches(0, augmentation), batches(1, augmentation)
    first, second = epoch(one, 0), epoch(one, 1)
    np.testing.assert_array_equal(second[0], epoch(two, 1)[0])
    np.testing.assert_array_equal(first[0], epoch(two, 0)[0])
    assert (first[1] != second[1]).any()
    assert (first[1] != epoch(other, 0)[1]).any()


def test_the_last_epochs_may_show_the_images_without_augmentation() -> None:
    data = batches(augmentation=AUGMENTATION)
    data.augmented_epochs = 2
    augmented = []
    for number in range(3):
        inputs, labels = epoch(data, number)
        augmented.append((inputs != data.inputs[labels]).any())
    assert augmented == [True, True, False]


def test_rows_that_validate_come_in_their_order() -> None:
    images = np.arange(30 * 64, dtype=np.float32).reshape(30, 8, 8, 1)
    data = Batches(images, np.arange(30), ROWS, 5)
    assert [len(labels) for _, labels in data.epoch(0)] == [5, 5, 5, 5, 3]
    inputs, labels = epoch(data)
    np.testing.assert_array_equal(labels, ROWS)
    np.testing.assert_array_equal(inputs, images[ROWS])


def test_batches_do_not_depend_on_the_order_in_which_they_are_asked_for() -> None:
    data = batches(augmentation=AUGMENTATION)
    rows = data.order(0)
    backwards = [data.batch(rows, 0, step)[0] for step in reversed(range(len(data)))]
    for (one, _), two in zip(data.epoch(0), reversed(backwards), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_next_batch_is_prepared_while_one_is_used() -> None:
    ready = [threading.Event() for _ in range(5)]

    class Announced(TrainingBatches):
        def batch(self, rows: np.ndarray, epoch: int, step: int):
            ready[step].set()
            return super().batch(rows, epoch, step)

    data = Announced(np.zeros((30, 2, 2, 1)), np.arange(30), ROWS, 5, None, 0)
    for step, _ in enumerate(data.epoch(0)):
        assert step == 4 or ready[step + 1].wait(timeout=20)
