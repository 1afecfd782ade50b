"""Training with augmentation, and on a frozen base, against the ways of the course notebooks."""

from benchmarks.side_by_side import Row, in_turn, median, python

DATA = """
import sys, time
import numpy as np
random = np.random.default_rng(0)
def images_and_labels(count, side, channels):
    images = random.integers(0, 256, (count, side, side, channels))
    return images.astype(np.uint8), random.integers(0, 10, count)
"""
FLOW = """
def flow(images, labels):
    from keras.src.legacy.preprocessing.image import ImageDataGenerator
    moves = ImageDataGenerator(
        rotation_range=15, width_shift_range=2.0, height_shift_range=2.0, fill_mode="nearest",
        rescale=1 / 255,
    )
    return moves.flow(images.astype(np.float32), labels, batch_size=100)
"""
AUGMENTED_OURS = f"""{DATA}
from pipeline.recipes import find_recipe
from pipeline.networks.build import build, compile_network
from pipeline.training.batches import TrainingBatches
from pipeline.training.loop import train_epoch
from pipeline.images.augmentation import choose_interpolation
import keras
recipe = find_recipe("augmented")
model = build(recipe, (28, 28, 1), 10, 0, 255).model
compile_network(model, recipe, 1000)
def epoch(images, labels):
    moves = choose_interpolation(recipe.augmentation, images[:500])
    batches = TrainingBatches(images, labels, np.arange(len(labels)), 100, moves, 0)
    train_epoch(model, batches, 0, keras.callbacks.CallbackList(model=model))
"""
AUGMENTED_THEIRS = f"""{DATA}{FLOW}
import keras
from keras.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    Conv2D(64, 3, activation="relu"), Conv2D(64, 3, activation="relu"),
    BatchNormalization(momentum=0.9), MaxPooling2D(), Dropout(0.05),
    Conv2D(128, 3, activation="relu"), Conv2D(128, 3, activation="relu"),
    BatchNormalization(momentum=0.9), MaxPooling2D(), Dropout(0.05),
    Conv2D(128, 3, activation="relu"), Dropout(0.125),
    Flatten(), Dense(64, activation="relu"), Dropout(0.25), Dense(10, activation="softmax"),
])
optimizer = keras.optimizers.RMSprop(1e-4, momentum=0.9)
model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
def epoch(images, labels):
    model.fit(flow(images, labels), verbose=0)
"""
AUGMENTED_TIMED = """
epoch(*images_and_labels(300, 28, 1))
count = 1500
data = images_and_labels(count, 28, 1)
start = time.perf_counter()
epoch(*data)
print((time.perf_counter() - start) / count * 1e3)
"""
TRANSFER_OURS = f"""{DATA}
import io, tempfile
from pathlib import Path
from pipeline.recipes import find_recipe
from pipeline.networks.changes import change
from pipeline.networks.build import build
from pipeline.competition.folds import Fold
from pipeline.training.callbacks import Progress
from pipeline.training.fit import fit
epochs = 100
changes = dict(augmentation="none", early_stopping="none", epochs=str(epochs))
recipe = change(find_recipe("transfer"), changes | {{"base.weights": "none"}})
network = build(recipe, (32, 32, 3), 10, 0, 255)
split = Fold(np.arange(800), np.arange(800, 1000))
data = images_and_labels(1000, 32, 3)
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "best.weights.h5"
    fitted = fit(network, recipe, *data, split, 0, file, Progress("", epochs, io.StringIO()))
assert len(fitted.history["loss"]) == epochs
print(fitted.seconds / epochs)
"""
TRANSFER_THEIRS = f"""{DATA}{FLOW}
import keras
from keras.layers import Dense, Dropout, Flatten
base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))
base.trainable = False
top = [Flatten(), Dropout(0.125), Dense(64, activation="relu"), Dropout(0.25)]
model = keras.Sequential([base, *top, Dense(10, activation="softmax")])
model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
images, labels = images_and_labels(1000, 32, 3)
rest = images[800:] / np.float32(255), labels[800:]
times = []
class Clock(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()
    def on_epoch_end(self, epoch, logs=None):
        times.append(time.perf_counter() - self.start)
model.fit(flow(images[:800], labels[:800]), validation_data=rest, epochs=2, callbacks=[Clock()],
          verbose=0)
print(times[-1])
"""


def training_rows(runs: int) -> list[Row]:
    """Milliseconds an image of `augmented`; seconds an epoch on VGG16, its features included.

    `transfer` computes the features once in its 100 epochs, which stands in its figure; its
    counterpart computes them anew in every epoch, of which the second counts. Weights of VGG16
    are random: they make no difference to the time.
    """
    augmented = [
        python(AUGMENTED_OURS + AUGMENTED_TIMED),
        python(AUGMENTED_THEIRS + AUGMENTED_TIMED),
    ]
    transfer = [python(TRANSFER_OURS), python(TRANSFER_THEIRS)]
    image, epoch = (
        [median([float(cost.output) for cost in costs]) for costs in in_turn(pair, runs)]
        for pair in (augmented, transfer)
    )
    return [
        Row("train augmented, an image | ImageDataGenerator, fit", *image, "ms", 2.5),
        Row("train transfer without augmentation, an epoch | VGG16 every epoch", *epoch, "s", 20),
    ]
