"""Batches: every row once an epoch, in an order that follows from seed and epoch alone."""

import io
import threading

import keras
import numpy as np
import pytest

from pipeline.data.augmentation import Augmentation
from pipeline.training.batches import Batches, TrainingBatches
from pipeline.training.callbacks import Progress

MOVES = Augmentation(rotation=10, interpolation="linear")


ROWS = np.arange(2, 25)  # of 30


def batches(seed: int = 0, augmentation: Augmentation | None = None) -> TrainingBatches:
    images = np.arange(30 * 64, dtype=np.float32).reshape(30, 8, 8, 1)
    return TrainingBatches(images, np.arange(30), ROWS, 5, augmentation, seed)


def epoch(data: TrainingBatches) -> tuple[np.ndarray, np.ndarray]:
    data.on_epoch_begin()
    inputs, labels = zip(*(data[step] for step in range(len(data))), strict=True)
    return np.concatenate(inputs), np.concatenate(labels)


@pytest.mark.parametrize("augmentation", [None, MOVES])
def test_an_epoch_shows_every_row_once_with_its_label(augmentation) -> None:
    data = batches(augmentation=augmentation)
    for _ in range(2):
        inputs, labels = epoch(data)
        assert sorted(labels) == list(ROWS)
        if augmentation is None:
            np.testing.assert_array_equal(inputs, data.inputs[labels])


@pytest.mark.parametrize("augmentation", [None, MOVES])
def test_epochs_differ_and_the_same_seed_gives_the_same_epochs(augmentation) -> None:
    one, two, other = batches(0, augmentation), batches(0, augmentation), batches(1, augmentation)
    first, second = epoch(one), epoch(one)
    np.testing.assert_array_equal(first[0], epoch(two)[0])
    np.testing.assert_array_equal(second[0], epoch(two)[0])
    assert (first[1] != second[1]).any()
    assert (first[1] != epoch(other)[1]).any()


def test_the_last_epochs_may_show_the_images_as_they_are() -> None:
    data = batches(augmentation=MOVES)
    data.augmented = 2
    moved = []
    for _ in range(3):
        inputs, labels = epoch(data)
        moved.append((inputs != data.inputs[labels]).any())
    assert moved == [True, True, False]


def test_an_epoch_entered_later_is_the_epoch_of_a_training_without_a_break() -> None:
    through, later = batches(augmentation=MOVES), batches(augmentation=MOVES)
    epoch(through)
    later.on_epoch_begin()
    np.testing.assert_array_equal(epoch(through)[0], epoch(later)[0])


def test_rows_that_validate_come_in_their_order() -> None:
    images = np.arange(30 * 64, dtype=np.float32).reshape(30, 8, 8, 1)
    data = Batches(images, np.arange(30), ROWS, 5)
    inputs, labels = zip(*(data[step] for step in range(len(data))), strict=True)
    assert [len(part) for part in labels] == [5, 5, 5, 5, 3]
    np.testing.assert_array_equal(np.concatenate(labels), ROWS)
    np.testing.assert_array_equal(np.concatenate(inputs), images[ROWS])


def test_batches_do_not_depend_on_the_order_in_which_they_are_asked_for() -> None:
    data = batches(augmentation=MOVES)
    forwards = [data[step][0] for step in range(len(data))]
    backwards = [data[step][0] for step in reversed(range(len(data)))]
    for one, two in zip(forwards, reversed(backwards), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_next_batch_is_prepared_while_one_trains() -> None:
    ready = [threading.Event() for _ in range(12)]

    class Told(TrainingBatches):
        def __getitem__(self, step: int):
            ready[step].set()
            return super().__getitem__(step)

    class Waits(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs=None) -> None:
            assert batch == 11 or ready[batch + 1].wait(timeout=20)

    images = np.zeros((60, 2, 2, 1), np.float32)
    model = keras.Sequential(
        [keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    data = Told(images, np.zeros(60), np.arange(60), 5, None, 0)
    model.fit(data, epochs=1, shuffle=False, verbose=0, callbacks=[Waits()])


def test_keras_asks_for_the_epochs_one_after_the_other() -> None:
    seen: list[tuple[int, int]] = []

    class Spy(TrainingBatches):
        def __getitem__(self, step: int):
            seen.append((self.epoch, step))
            return super().__getitem__(step)

    images = np.zeros((23, 2, 2, 1), np.float32)
    model = keras.Sequential(
        [keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    data = Spy(images, np.zeros(23), np.arange(23), 5, None, 0)
    model.fit(data, epochs=3, shuffle=False, verbose=0)
    # Keras looks at a few batches before it starts, to learn their shapes.
    assert seen[-15:] == [(e, s) for e in range(3) for s in range(5)]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_progress_is_a_bar_on_a_terminal_and_a_line_an_epoch_elsewhere(stream) -> None:
    progress = Progress("conv", epochs=12, stream=stream)
    progress.set_params({"steps": 4})
    for number in range(2):
        progress.on_epoch_begin(number)
        for step in range(4):
            progress.drawn = 0.0
            progress.on_train_batch_end(step, {"loss": 0.5})
        progress.on_epoch_end(number, {"loss": 0.25, "accuracy": 0.5, "val_loss": 0.75})
    shown = stream.getvalue()
    assert len(progress.lines) == 2
    assert "epoch  1/12" in progress.lines[0]
    assert "loss 0.2500  accuracy 0.5000  val_loss 0.7500" in progress.lines[0]
    if stream.isatty():
        assert "[============            ]" in shown
    else:
        assert shown == "".join(f"{line}\n" for line in progress.lines)
