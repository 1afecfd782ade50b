"""Augmenting images on one core, against ImageDataGenerator and Keras' random layers."""

from functools import partial

from benchmarks.measure import alternate, run
from benchmarks.table import Row, spread

AUGMENT = "benchmarks.workers.augment"
WAYS = (
    ("nearest", "linear"),
    ("constant", "linear"),
    ("reflect", "linear"),
    ("reflect", "nearest"),
)
GENERATOR = (
    "ImageDataGenerator converts to float32, ours stays in uint8. It is what the notebooks use, "
    "and is deprecated in Keras."
)
LAYERS = (
    "The layers resample once for each of four transforms, in float32, in one graph; their shear "
    "is not quite the same. The comparison with what Keras recommends today."
)


def augmentation_rows(repeats: int) -> list[Row]:
    """Microseconds an image of 28 x 28; ours and theirs have equal limits and interpolation."""
    rows = []
    for way in WAYS:
        others = {"generator": GENERATOR} | ({"layers": LAYERS} if way == WAYS[2] else {})
        sides = [partial(run, AUGMENT, side, *way) for side in ("ours", *others)]
        ours, *theirs = [
            spread(figures, "microseconds", "us") for figures in alternate(repeats, *sides)
        ]
        for (side, note), other in zip(others.items(), theirs, strict=True):
            what = f"augment an image, {', '.join(way)} | {NAMES[side]}"
            rows.append(Row(what, ours, other, TARGETS[side], note))
    return rows


NAMES = {"generator": "ImageDataGenerator", "layers": "Keras' random layers"}
TARGETS = {"generator": 20.0, "layers": 1.0}
