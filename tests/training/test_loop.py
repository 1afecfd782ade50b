"""The loop does what Keras' fit does, without its pauses."""

import keras
import numpy as np
import pytest

from pipeline.networks.build import build, compile_network
from pipeline.networks.normalization import speed_up_normalization
from pipeline.recipes import find_recipe
from pipeline.training.batches import Batches
from pipeline.training.loop import Start, run_epochs

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (53, 28, 28, 1)).astype(np.uint8)
LABELS = RANDOM.integers(0, 10, 53)


class Recorder(keras.callbacks.Callback):
    """Records the calls."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        self.lines.append(f"epoch {epoch}")

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        self.lines.append(f"step {batch} of {self.params['steps']}")

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        self.lines.append(f"end with {sorted(logs)}")


@pytest.mark.parametrize("name", ["dense-500-300", "fast"])
def test_weights_logs_and_callbacks_are_those_of_fit(name: str) -> None:
    """The first has a penalty in its loss; the second, normalisation that validation must skip.

    Plain gradient descent: others make much of the last digits of a small gradient.
    """
    recipe = find_recipe(name).change(optimizer="sgd", precision="float32")
    train = Batches(IMAGES, LABELS, np.arange(40), 16)
    rest = Batches(IMAGES, LABELS, np.arange(40, 53), 8)

    def trained(ours: bool) -> tuple[dict[str, list[float]], list[np.ndarray], list[str]]:
        keras.utils.set_random_seed(0)
        model = build(recipe, IMAGES.shape[1:], 10, 0, 255).model
        compile_network(model, recipe)
        recorder = Recorder()
        if ours:
            history = run_epochs(model, train, rest, Start(1), 3, [recorder])
        else:
            history = model.fit(
                IMAGES[:40],
                LABELS[:40],
                batch_size=16,
                validation_data=(IMAGES[40:], LABELS[40:]),
                validation_batch_size=8,
                initial_epoch=1,
                epochs=3,
                shuffle=False,
                verbose=0,
                callbacks=[recorder],
            ).history
        return history, model.get_weights(), recorder.lines

    (logs, weights, lines), (other_logs, other_weights, other_lines) = trained(True), trained(False)
    assert lines == other_lines
    assert logs.keys() == other_logs.keys()
    for name in logs:
        np.testing.assert_allclose(logs[name], other_logs[name], rtol=1e-4)
    for one, other in zip(weights, other_weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_epochs_are_those_asked_for_one_after_the_other() -> None:
    asked: list[int] = []

    class Spy(Batches):
        def order(self, epoch: int) -> np.ndarray:
            asked.append(epoch)
            return super().order(epoch)

    model = build(find_recipe("dense"), IMAGES.shape[1:], 10, 0, 255).model
    compile_network(model, find_recipe("dense"))
    rows = np.arange(53)
    validation = Batches(IMAGES, LABELS, rows, 16)
    run_epochs(model, Spy(IMAGES, LABELS, rows, 16), validation, Start(2), 5, [])
    assert asked == [2, 3, 4]


def test_a_callback_ends_it() -> None:
    model = build(find_recipe("dense"), IMAGES.shape[1:], 10, 0, 255).model
    compile_network(model, find_recipe("dense"))

    class Enough(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs=None) -> None:
            self.model.stop_training = epoch == 1

    batches = Batches(IMAGES, LABELS, np.arange(53), 16)
    assert len(run_epochs(model, batches, batches, Start(), 9, [Enough()])["val_loss"]) == 2


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_fast_normalization_trains_as_that_of_keras(precision: str) -> None:
    recipe = find_recipe("fast").change(optimizer="sgd", precision=precision)

    def trained(fast: bool) -> tuple[list[np.ndarray], np.ndarray]:
        keras.utils.set_random_seed(0)
        model = build(recipe, IMAGES.shape[1:], 10, 0, 255).model
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):  # not 1 and 0 as at first
                layer.set_weights([np.linspace(0.5, 1.3, w.shape[0]) for w in layer.get_weights()])
        if fast:
            speed_up_normalization(model)
            assert any("call" in vars(layer) for layer in model.layers)
        compile_network(model, recipe)
        train = Batches(IMAGES, LABELS, np.arange(53), 16)
        run_epochs(model, train, train, Start(), 2, [])
        return model.get_weights(), model.predict(IMAGES, verbose=0)

    (weights, outputs), (expected_weights, expected) = trained(True), trained(False)
    tolerance = 2e-4 if precision == "float32" else 3e-2
    for one, two in zip(weights, expected_weights, strict=True):
        np.testing.assert_allclose(one, two, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(outputs, expected, atol=tolerance)
