"""Trains conv2 with augmentation for an epoch: the pipeline's loop, or the notebook's `fit`.

    python -m benchmarks.workers.train ours|theirs [--count N]

Both train float32 in batches of 100 with the augmentation of recipe `augmented`, linear.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from benchmarks.data import SIDE, digit_images
from benchmarks.measure import Figures, report, timed

if TYPE_CHECKING:
    from pipeline.arrays import Images, Labels

BATCH, WARM_UP = 100, 300  # images
Epoch = Callable[["Images", "Labels"], object]


def ours() -> Epoch:
    from pipeline.recipes import find_recipe  # first: it sets up Keras and TensorFlow

    recipe = find_recipe("augmented").change(**{"augmentation.interpolation": "linear"})
    import keras
    import numpy as np

    from pipeline.networks.build import build, compile_network
    from pipeline.training.batches import TrainingBatches
    from pipeline.training.loop import train_epoch

    assert (recipe.batch_size, recipe.precision) == (BATCH, "float32")
    model = build(recipe, (SIDE, SIDE, 1), 10, 0, 255).model
    compile_network(model, recipe)

    def epoch(images: "Images", labels: "Labels") -> None:
        rows = np.arange(len(labels))
        batches = TrainingBatches(images, labels, rows, BATCH, recipe.augmentation, seed=0)
        train_epoch(model, batches, 0, keras.callbacks.CallbackList(model=model))

    return epoch


def theirs() -> Epoch:
    from benchmarks import notebook
    from pipeline.images.augmentation import Augmentation

    limits = Augmentation(rotation=15, shift=2, fill="nearest", interpolation="linear")
    generator = notebook.generator(limits, SIDE, rescale=1 / 255)
    model = notebook.conv2()
    return lambda images, labels: model.fit(
        generator.flow(images, labels, batch_size=BATCH), verbose=0
    )


SIDES = {"ours": ours, "theirs": theirs}


def train(side: str, count: int) -> Figures:
    """Milliseconds of wall and CPU time an image, after a short epoch to warm up."""
    epoch = SIDES[side]()
    images, labels = digit_images(count)
    epoch(images[:WARM_UP], labels[:WARM_UP])
    figures = timed(lambda: epoch(images, labels))
    return {
        "milliseconds": figures["seconds"] / count * 1e3,
        "cpu_milliseconds": figures["cpu_seconds"] / count * 1e3,
    }


@click.command()
@click.argument("side", type=click.Choice(list(SIDES)))
@click.option("--count", default=3000, show_default=True, help="Number of images.")
def main(side: str, count: int) -> None:
    report(train(side, count))


if __name__ == "__main__":
    main()
