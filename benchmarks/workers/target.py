"""Trains on a competition for `benchmarks.target`: accuracy, seconds, parameters.

python -m benchmarks.workers.target fast DATA SEED
python -m benchmarks.workers.target notebook DATA SEED --accuracy A --max-epochs N
"""

import tempfile
from pathlib import Path

import click

from benchmarks.measure import Figures, report

BATCH = 86  # of the notebook


def train_fast(data: Path, seed: int) -> Figures:
    """Trains `fast` to its end; its seconds count whole, with validation and its views."""
    import pipeline as pp

    with tempfile.TemporaryDirectory() as runs:
        run = pp.train(pp.load(data), "fast", seed=seed, runs=runs, progress=False)
        record = run.record
    validation = record.scores.n / record.predict_images_per_second
    return {
        "accuracy": record.scores.accuracy,
        "seconds": record.fit_seconds + validation,
        "parameters": record.parameters,
    }


def train_notebook(data: Path, seed: int, accuracy: float, max_epochs: int) -> Figures:
    """Trains the notebook's network until an epoch reaches the accuracy.

    The graph of the network is built in the first epoch, which counts.

    Returns:
        accuracy of the best epoch, seconds without validation, parameters, epochs, and the
        milliseconds of an image.
    """
    import keras
    import numpy as np

    import pipeline as pp
    from benchmarks import notebook
    from pipeline.images.augmentation import Augmentation
    from pipeline.images.resize import to_images

    keras.utils.set_random_seed(seed)
    competition = pp.load(data)
    schema, fold, labels = competition.schema, competition.hold_out, competition.labels
    images = to_images(competition.train_pixels, schema.shape, schema.planes)
    images = (images - np.float32(schema.low)) / np.float32(schema.high - schema.low)
    model = notebook.conv_deep(schema.shape, len(competition.classes))
    limits = Augmentation(rotation=10, zoom=0.1, shift=0.1, interpolation="linear")
    flow = notebook.generator(limits, schema.shape[0]).flow(
        images[fold.train], labels[fold.train], batch_size=BATCH, seed=seed
    )
    plateau = keras.callbacks.ReduceLROnPlateau(
        monitor="val_accuracy", factor=0.5, patience=3, min_lr=1e-5
    )
    clock = notebook.Clock(accuracy)
    validation = images[fold.validation], labels[fold.validation]
    model.fit(
        flow, validation_data=validation, epochs=max_epochs, callbacks=[plateau, clock], verbose=0
    )
    seconds = sum(clock.seconds)
    return {
        "accuracy": clock.best,
        "seconds": seconds,
        "parameters": model.count_params(),
        "epochs": len(clock.seconds),
        "image_milliseconds": seconds / len(clock.seconds) / len(fold.train) * 1e3,
    }


@click.command()
@click.argument("side", type=click.Choice(["fast", "notebook"]))
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("seed", type=int)
@click.option("--accuracy", default=0.995, show_default=True)
@click.option("--max-epochs", default=40, show_default=True)
def main(side: str, data: Path, seed: int, accuracy: float, max_epochs: int) -> None:
    if side == "fast":
        report(train_fast(data, seed))
    else:
        report(train_notebook(data, seed, accuracy, max_epochs))


if __name__ == "__main__":
    main()
