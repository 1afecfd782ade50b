"""Trains a head on a frozen VGG16, without augmentation: seconds an epoch.

    python -m benchmarks.workers.transfer ours|theirs|features [--epochs N]

ours: the pipeline, which computes the features once. theirs: `fit` through VGG16 in each epoch.
features: features that a notebook computes once by hand, then `fit` of the head on them.
"""

import time
from typing import TYPE_CHECKING

import click

from benchmarks.data import digit_images
from benchmarks.measure import report, timed

if TYPE_CHECKING:
    from pipeline.arrays import Images, Labels

BATCH, TRAIN, VALIDATION, SIDE = 100, 800, 200, 32


def ours(images: "Images", labels: "Labels", epochs: int) -> float:
    """The mean of all epochs, the features included."""
    from pipeline.recipes import find_recipe  # first: it sets up Keras and TensorFlow

    changes = {"augmentation": None, "early_stopping": None, "backbone.weights": "none"}
    recipe = find_recipe("transfer").change(epochs=epochs, **changes)
    import numpy as np

    from pipeline.competition.folds import Fold
    from pipeline.networks.build import build
    from pipeline.training.fit import fit
    from pipeline.training.job import Job

    assert (recipe.batch_size, recipe.precision) == (BATCH, "float32")
    network = build(recipe, (SIDE, SIDE, 3), 10, 0, 255)
    rows = np.arange(len(labels))
    job = Job("transfer", recipe, seed=0, fold=Fold(rows[:TRAIN], rows[TRAIN:]))
    result = fit(network, job, images, labels, lambda _: None)
    return result.seconds / len(result.history["loss"])


def theirs(images: "Images", labels: "Labels", epochs: int) -> float:
    """The mean of the epochs after the first one, in which TensorFlow builds its graph."""
    import numpy as np

    from benchmarks import notebook

    model = notebook.transfer_model([notebook.vgg16_backbone(), *notebook.transfer_head()])
    scaled = images / np.float32(255)
    validation = (scaled[TRAIN:], labels[TRAIN:])

    def fit(epochs: int) -> None:
        model.fit(
            scaled[:TRAIN], labels[:TRAIN], BATCH, epochs, verbose=0, validation_data=validation
        )

    fit(1)
    return timed(lambda: fit(2))["seconds"] / 2


def features(images: "Images", labels: "Labels", epochs: int) -> float:
    """The mean of all epochs, the features included."""
    import numpy as np

    from benchmarks import notebook

    backbone = notebook.vgg16_backbone()
    model = notebook.transfer_model(notebook.transfer_head())
    start = time.perf_counter()
    found = backbone.predict(images / np.float32(255), verbose=0)
    validation = (found[TRAIN:], labels[TRAIN:])
    model.fit(found[:TRAIN], labels[:TRAIN], BATCH, epochs, verbose=0, validation_data=validation)
    return (time.perf_counter() - start) / epochs


SIDES = {"ours": ours, "theirs": theirs, "features": features}


@click.command()
@click.argument("side", type=click.Choice(list(SIDES)))
@click.option("--epochs", default=100, show_default=True)
def main(side: str, epochs: int) -> None:
    images, labels = digit_images(TRAIN + VALIDATION, channels=3, side=SIDE)
    report({"seconds": SIDES[side](images, labels, epochs)})


if __name__ == "__main__":
    main()
