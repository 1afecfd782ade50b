"""Trains networks for some seconds each, and reports images per second, by network.

    python -m benchmarks.workers.throughput ours|theirs [--equal] NAME...

ours: recipes of the pipeline, in its loop. theirs: the same networks, or `conv-deep`, in `fit` of
Keras. Each augments like the recipe, and has its own precision. With --equal, both train in
float32 and neither augments.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from benchmarks.data import SIDE, digit_images
from benchmarks.measure import report

if TYPE_CHECKING:
    from pipeline.arrays import Images, Labels
    from pipeline.images.augmentation import Augmentation

BATCH, COURSE_BATCH = 128, 86  # of the recipes, and of the course notebook
COURSE = "conv-deep"  # the notebook's network
STEPS, WARM_UP, SECONDS = 20, 2, 3.0  # of an epoch, before it, and of a measurement
Epoch = Callable[["Images", "Labels"], object]


def limits(name: str) -> "Augmentation":
    """The random transforms of a recipe. The pipeline is not imported: it sets up Keras."""
    from pipeline.images.augmentation import Augmentation

    if name == COURSE:
        return Augmentation(rotation=10, zoom=0.1, shift=0.1, interpolation="linear")
    if name == "deep":
        return Augmentation(15, 0.15, 0.1, 10, "reflect", "linear")
    return Augmentation(10, 0.1, 0.06, 8, "reflect", "linear")


def ours(name: str, equal: bool) -> Epoch:
    from pipeline.recipes import find_recipe  # first: it sets up Keras and TensorFlow

    recipe = find_recipe(name)
    import keras
    import numpy as np

    from pipeline.networks.build import build, compile_network
    from pipeline.networks.normalization import speed_up_normalization
    from pipeline.training.batches import TrainingBatches
    from pipeline.training.loop import train_epoch

    assert recipe.batch_size == BATCH
    if equal:
        recipe = recipe.change(precision="float32")
    model = build(recipe, (SIDE, SIDE, 1), 10, 0, 255).model
    speed_up_normalization(model)
    compile_network(model, recipe)
    augmentation = None if equal else limits(name)

    def epoch(images: "Images", labels: "Labels") -> None:
        rows = np.arange(len(labels))
        batches = TrainingBatches(images, labels, rows, BATCH, augmentation, seed=0)
        train_epoch(model, batches, 0, keras.callbacks.CallbackList(model=model))

    return epoch


def theirs(name: str, equal: bool) -> Epoch:
    from benchmarks import notebook

    if name == COURSE:
        model, batch, scale = notebook.conv_deep((SIDE, SIDE, 1), 10), COURSE_BATCH, 1 / 255
    else:
        networks = {"fast": notebook.fast, "best": notebook.best, "deep": notebook.deep}
        model, batch, scale = networks[name](), BATCH, 1
    generator = notebook.generator(limits(name), SIDE, rescale=scale)

    def epoch(images: "Images", labels: "Labels") -> None:
        if equal:
            model.fit(images, labels, batch, verbose=0)
        else:
            model.fit(generator.flow(images, labels, batch), verbose=0)

    return epoch


SIDES = {"ours": ours, "theirs": theirs}


def rate(epoch: Epoch, batch: int, seconds: float = SECONDS) -> float:
    """Images a second, after some steps to warm up."""
    images, labels = digit_images(STEPS * batch)
    epoch(images[: WARM_UP * batch], labels[: WARM_UP * batch])
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        epoch(images, labels)
        done += len(images)
    return done / (time.perf_counter() - start)


@click.command()
@click.argument("side", type=click.Choice(list(SIDES)))
@click.argument("names", nargs=-1, required=True)
@click.option("--equal", is_flag=True, help="float32, without augmentation.")
def main(side: str, names: tuple[str, ...], equal: bool) -> None:
    batches = {COURSE: COURSE_BATCH}
    report({name: rate(SIDES[side](name, equal), batches.get(name, BATCH)) for name in names})


if __name__ == "__main__":
    main()
