"""Trains for some seconds, and counts the errors on rows that were not used for any choice.

    python -m benchmarks.workers.accuracy RECIPE|notebook DATA LABELS SECONDS SEED [--equal]

RECIPE is trained by the pipeline; notebook is the course notebook's best network in `fit` of Keras,
fed by ImageDataGenerator. DATA is a competition, LABELS a file with the labels of its test rows.
The time starts when data and libraries are loaded, and includes the graph and validation. With
--equal, the recipe trains in float32 and predicts one view.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmarks.measure import Figures, report
from benchmarks.workers.throughput import COURSE, COURSE_BATCH, limits

if TYPE_CHECKING:
    from pipeline.arrays import Images, Pixels, Probabilities
    from pipeline.competition.competition import Competition

NOTEBOOK = "notebook"
MANY = 100_000  # epochs: the time ends the training


def train_recipe(
    name: str, competition: "Competition", seconds: float, seed: int, equal: bool
) -> "tuple[Probabilities, float]":
    """Trains a recipe as a time budget does: its learning rate falls to zero until the end.

    Returns:
        (n, k) probabilities of the test rows, and the seconds of the training.
    """
    from dataclasses import replace

    from pipeline.networks.predict import predict
    from pipeline.recipes import find_recipe
    from pipeline.training.fit import fit
    from pipeline.training.job import make_job
    from pipeline.training.train import job_images, prepare

    changes = {"precision": "float32", "tta_views": 1} if equal else {}
    job = make_job(find_recipe(name), changes, seed, competition.hold_out)
    began = time.time()
    job = replace(job, deadline=began + seconds)
    network, images = prepare(job, competition)
    fit(network, job, images, competition.labels, lambda _: None)
    took = time.time() - began
    test = job_images(job, competition, competition.test_pixels)
    return predict(network.model, test, tta_views=job.recipe.tta_views), took


def train_notebook(
    competition: "Competition", seconds: float, seed: int
) -> "tuple[Probabilities, float]":
    """Trains the notebook's network on the same rows.

    The learning rate is halved after three epochs without a better validation accuracy.
    """
    import keras
    import numpy as np

    from benchmarks import notebook
    from pipeline.images.resize import to_images

    schema, fold, labels = competition.schema, competition.hold_out, competition.labels

    def scaled(pixels: "Pixels") -> "Images":
        images = to_images(pixels, schema.shape, schema.planes, schema.transpose)
        return (images - np.float32(schema.low)) / np.float32(schema.high - schema.low)

    images, test = scaled(competition.train_pixels), scaled(competition.test_pixels)
    keras.utils.set_random_seed(seed)
    until = notebook.Until(seconds)
    model = notebook.conv_deep(schema.shape, len(competition.classes))
    flow = notebook.generator(limits(COURSE), schema.shape[0]).flow(
        images[fold.train], labels[fold.train], COURSE_BATCH, seed=seed
    )
    plateau = keras.callbacks.ReduceLROnPlateau(
        monitor="val_accuracy", factor=0.5, patience=3, min_lr=1e-5
    )
    validation = images[fold.validation], labels[fold.validation]
    model.fit(flow, validation_data=validation, epochs=MANY, callbacks=[plateau, until], verbose=0)
    return model.predict(test, verbose=0), until.seconds


def measure(name: str, data: Path, labels: Path, seconds: float, seed: int, equal: bool) -> Figures:
    """error: percent of the test rows; seconds: how long the training really took."""
    import numpy as np

    from pipeline.competition.competition import Competition

    competition = Competition.load(data)
    if name == NOTEBOOK:
        probabilities, took = train_notebook(competition, seconds, seed)
    else:
        probabilities, took = train_recipe(name, competition, seconds, seed, equal)
    wrong = probabilities.argmax(axis=1) != np.load(labels)
    return {"error": 100 * float(wrong.mean()), "seconds": took}


@click.command()
@click.argument("name")
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("labels", type=click.Path(path_type=Path))
@click.argument("seconds", type=float)
@click.argument("seed", type=int)
@click.option("--equal", is_flag=True, help="float32, and one view.")
def main(name: str, data: Path, labels: Path, seconds: float, seed: int, equal: bool) -> None:
    report(measure(name, data, labels, seconds, seed, equal))


if __name__ == "__main__":
    main()
