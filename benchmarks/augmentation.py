"""Moving images on one core, against Keras' ImageDataGenerator with the same limits."""

from benchmarks.side_by_side import Row, in_turn, median, python

SETTING = """
import os, sys, time
import numpy as np
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
count, batch, fill = 4000, 100, sys.argv[1]
images = np.random.default_rng(0).integers(0, 256, (count, 28, 28, 1)).astype(np.float32)
labels = np.zeros(count, int)
"""
OURS = f"""{SETTING}
from pipeline.training.batches import TrainingBatches
from pipeline.images.augmentation import Augmentation
moves = Augmentation(15, 0.1, 0.1, 8, fill, "linear")
batches = TrainingBatches(images, labels, np.arange(count), batch, moves, seed=0)
rows = batches.order(0)
def moved(step):
    return batches.batch(rows, 0, step)
"""
THEIRS = f"""{SETTING}
from keras.src.legacy.preprocessing.image import ImageDataGenerator
generator = ImageDataGenerator(
    rotation_range=15, zoom_range=0.1, width_shift_range=0.1, height_shift_range=0.1,
    shear_range=8, fill_mode=fill,
)
moved = generator.flow(images, labels, batch_size=batch, seed=0).__getitem__
"""
TIMED = """
moved(0)
start = time.perf_counter()
for step in range(count // batch):
    moved(step)
print((time.perf_counter() - start) / count * 1e6)
"""
FILLS = ("nearest", "constant", "noise")


def augmentation_rows(runs: int) -> list[Row]:
    """Microseconds an image, 28 x 28, in batches as training takes them.

    ImageDataGenerator has no fill of noise; there it has the nearest pixel.
    """
    rows = []
    for fill in FILLS:
        other = "nearest" if fill == "noise" else fill
        commands = [python(OURS + TIMED, fill), python(THEIRS + TIMED, other)]
        costs = in_turn(commands, runs)
        micros = [median([float(cost.output) for cost in mine]) for mine in costs]
        what = f"move an image, {fill} | ImageDataGenerator"
        rows.append(Row(what, *micros, "us", 20))
    return rows
