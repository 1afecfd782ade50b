"""Augments images on one core: the pipeline, ImageDataGenerator, or Keras' random layers.

    python -m benchmarks.workers.augment ours|generator|layers FILL INTERPOLATION [--count N]

The same limits and batches of 100 uint8 images of 28 x 28 for all.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import click

from benchmarks.data import SIDE, digit_images
from benchmarks.measure import Figures, report, timed, use_one_core

if TYPE_CHECKING:
    from pipeline.arrays import Images, Labels
    from pipeline.images.augmentation import Augmentation

BATCH = 100
Step = Callable[[int], object]
"""Augments the batch of that number."""


def limits(fill: str, interpolation: str) -> "Augmentation":
    """Every transform, as far as recipes transform digits."""
    from pipeline.images.augmentation import Augmentation

    return Augmentation(15, 0.1, 0.1, 8, cast(Any, fill), cast(Any, interpolation))


def ours(images: "Images", labels: "Labels", augmentation: "Augmentation") -> Step:
    import numpy as np

    from pipeline.training.batches import TrainingBatches

    batches = TrainingBatches(images, labels, np.arange(len(images)), BATCH, augmentation, seed=0)
    rows = batches.order(0)
    return lambda number: batches.batch(rows, 0, number)


def generator(images: "Images", labels: "Labels", augmentation: "Augmentation") -> Step:
    from benchmarks import notebook

    flow = notebook.generator(augmentation, SIDE).flow(images, labels, batch_size=BATCH, seed=0)
    return lambda number: flow[number]


def random_layers(images: "Images", labels: "Labels", augmentation: "Augmentation") -> Step:
    import keras
    import numpy as np
    import tensorflow as tf

    names = {"linear": "bilinear", "nearest": "nearest"}
    how = {"fill_mode": augmentation.fill, "interpolation": names[augmentation.interpolation]}
    zoom, shift = augmentation.zoom, augmentation.shift
    model = keras.Sequential(
        [
            keras.layers.RandomZoom(zoom, zoom, **how),
            keras.layers.RandomShear(float(np.tan(np.deg2rad(augmentation.shear))), **how),
            keras.layers.RandomTranslation(shift, shift, **how),
            keras.layers.RandomRotation(augmentation.rotation / 360, **how),
        ]
    )

    @tf.function  # type: ignore[untyped-decorator]
    def step(batch: Any) -> Any:
        return model(tf.cast(batch, tf.float32), training=True)

    order = np.random.default_rng(0).permutation(len(images))
    return lambda number: step(images[order[number * BATCH : (number + 1) * BATCH]]).numpy()


SIDES = {"ours": ours, "generator": generator, "layers": random_layers}


def augment(side: str, fill: str, interpolation: str, count: int) -> Figures:
    """Microseconds an image, after a first batch to warm up."""
    images, labels = digit_images(count)
    step = SIDES[side](images, labels, limits(fill, interpolation))
    step(0)

    def work() -> None:
        for number in range(count // BATCH):
            step(number)

    return {"microseconds": timed(work)["seconds"] / count * 1e6}


@click.command()
@click.argument("side", type=click.Choice(list(SIDES)))
@click.argument("fill")
@click.argument("interpolation")
@click.option("--count", default=4000, show_default=True, help="Number of images.")
def main(side: str, fill: str, interpolation: str, count: int) -> None:
    use_one_core()
    report(augment(side, fill, interpolation, count))


if __name__ == "__main__":
    main()
