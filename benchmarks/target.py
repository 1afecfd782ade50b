"""Seconds to an accuracy on the hold-out: `fast`, against a course notebook's best network.

    python -m benchmarks.target DATA [--accuracy 0.995] [--seeds 3] [--most 40]

`fast` is trained to its end with each seed, and its time counts whole, whatever it reaches. The
notebook's network (that of `conv-deep`, fed by ImageDataGenerator, its learning rate halved after
three flat epochs) is stopped at its first epoch that reaches the accuracy, or after the most
epochs that it is given. Both train on the same rows; neither pays for reading, and the notebook's
time leaves out validation, which stands in ours.
"""

import statistics
import subprocess
import sys
from pathlib import Path

import click

from benchmarks.side_by_side import python
from pipeline.machine import cores, processor

DATA = """
import sys, time
import numpy as np
from pipeline.competition.competition import Competition
competition = Competition.load(sys.argv[1])
labels, split = competition.labels, competition.split()
images = competition.train_pixels.reshape(-1, *competition.schema.shape)
"""
OURS = f"""{DATA}
import io, tempfile
from pathlib import Path
import pipeline.networks.backend
import keras
from pipeline.recipes import find_recipe
from pipeline.networks.build import build
from pipeline.training.callbacks import Progress
from pipeline.training.fit import fit
from pipeline.networks.predict import predict
recipe, seed = find_recipe("fast"), int(sys.argv[2])
keras.utils.set_random_seed(seed)
schema = competition.schema
network = build(recipe, images.shape[1:], len(competition.classes), schema.low, schema.high)
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "best.weights.h5"
    progress = Progress("fast", recipe.epochs, io.StringIO())
    fitted = fit(network, recipe, images, labels, split, seed, file, progress)
start = time.perf_counter()
rows = split.validation
found = predict(network.model, images, rows, recipe.views).argmax(axis=1)
seconds = fitted.seconds + time.perf_counter() - start
print((found == labels[rows]).mean(), seconds, network.model.count_params())
"""
THEIRS = f"""{DATA}
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from keras.src.legacy.preprocessing.image import ImageDataGenerator
accuracy, most = float(sys.argv[2]), int(sys.argv[3])
keras.utils.set_random_seed(0)
def convolution(filters, size):
    return Conv2D(filters, size, padding="same", activation="relu")
model = keras.Sequential([
    keras.Input(images.shape[1:]),
    convolution(32, 5), convolution(32, 5), MaxPooling2D(), Dropout(0.25),
    convolution(64, 3), convolution(64, 3), MaxPooling2D(),
    Flatten(), Dense(256, activation="relu"), Dropout(0.2),
    Dense(len(competition.classes), activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
images = images / np.float32(255)
moves = ImageDataGenerator(
    rotation_range=10, zoom_range=0.1, width_shift_range=0.1, height_shift_range=0.1
)
flow = moves.flow(images[split.train], labels[split.train], batch_size=86)
rest = images[split.validation], labels[split.validation]
plateau = keras.callbacks.ReduceLROnPlateau(
    monitor="val_accuracy", factor=0.5, patience=3, min_lr=1e-5
)
trained, best = 0.0, 0.0
class Clock(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.start, self.validated = time.perf_counter(), 0.0
    def on_test_begin(self, logs=None):
        self.test = time.perf_counter()
    def on_test_end(self, logs=None):
        self.validated = time.perf_counter() - self.test
    def on_epoch_end(self, epoch, logs=None):
        global trained, best
        trained += time.perf_counter() - self.start - self.validated
        best = max(best, logs["val_accuracy"])
        reached = logs["val_accuracy"]
        print(f"epoch {{epoch + 1}}: {{reached:.4f}}, {{trained:.0f}} s", file=sys.stderr)
        self.model.stop_training = best >= accuracy
model.fit(flow, validation_data=rest, epochs=most, callbacks=[plateau, Clock()], verbose=0)
print(best, trained, model.count_params())
"""


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--accuracy", default=0.995, show_default=True)
@click.option("--seeds", default=3, show_default=True, help="Trainings of fast.")
@click.option("--most", default=40, show_default=True, help="Epochs that the notebook is given.")
def target(data: Path, accuracy: float, seeds: int, most: int) -> None:
    """Prints each training's accuracy and seconds; exits 1 where `fast` misses on average."""

    def trained(code: str, *words: object) -> tuple[float, float]:
        done = subprocess.run(
            python(code, data, *words), stdout=subprocess.PIPE, text=True, check=True
        )
        reached, seconds, parameters = done.stdout.split()
        name = "fast" if code is OURS else "conv-deep, the notebook's way"
        click.echo(
            f"{name:30} {int(parameters):8,} parameters  {100 * float(reached):.2f} %  "
            f"{float(seconds):6.0f} s"
        )
        return float(reached), float(seconds)

    click.echo(f"{processor()}, {len(cores())} cores")
    ours = [trained(OURS, seed) for seed in range(seeds)]
    theirs = trained(THEIRS, accuracy, most)
    reached, seconds = (statistics.mean(values) for values in zip(*ours, strict=True))
    click.echo(
        f"fast: {100 * reached:.2f} % on average; {theirs[1] / seconds:.1f} times less time"
        + ("" if theirs[0] >= accuracy else f" than the {most} epochs that did not suffice")
    )
    sys.exit(0 if reached >= accuracy else 1)


if __name__ == "__main__":
    target()
