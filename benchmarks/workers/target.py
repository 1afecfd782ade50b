"""What `benchmarks.target` measures: two trainings, and an epoch.

    python -m benchmarks.workers.target fast DATA SEED
    python -m benchmarks.workers.target network DATA ACCURACY MAX_EPOCHS
    python -m benchmarks.workers.target epoch

The last two train the notebook's network.
"""

import tempfile
from pathlib import Path

import click

from benchmarks.data import SIDE, digit_images
from benchmarks.measure import Figures, report, timed
from pipeline.images.augmentation import Augmentation

BATCH = 86  # of the notebook
ALL_ROWS, TIMED_ROWS = 42_000, 50 * BATCH
LIMITS = Augmentation(rotation=10, zoom=0.1, shift=0.1, interpolation="linear")


def train_fast(data: Path, seed: int) -> Figures:
    """Trains `fast` to its end; its seconds are counted in full, with validation and its views."""
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


def train_network(data: Path, accuracy: float, max_epochs: int) -> Figures:
    """Trains the notebook's network until an epoch reaches the accuracy.

    The graph of the network is built in the first epoch, which counts.

    Returns:
        accuracy of the best epoch, seconds without validation, parameters.
    """
    import keras
    import numpy as np

    import pipeline as pp
    from benchmarks import notebook
    from pipeline.images.resize import to_images

    keras.utils.set_random_seed(0)
    competition = pp.load(data)
    schema, fold, labels = competition.schema, competition.hold_out, competition.labels
    images = to_images(competition.train_pixels, schema.shape, schema.planes)
    images = (images - np.float32(schema.low)) / np.float32(schema.high - schema.low)
    model = notebook.conv_deep(schema.shape, len(competition.classes))
    flow = notebook.generator(LIMITS, schema.shape[0]).flow(
        images[fold.train], labels[fold.train], batch_size=BATCH, seed=0
    )
    plateau = keras.callbacks.ReduceLROnPlateau(
        monitor="val_accuracy", factor=0.5, patience=3, min_lr=1e-5
    )
    clock = notebook.Clock(accuracy)
    validation = images[fold.validation], labels[fold.validation]
    model.fit(
        flow, validation_data=validation, epochs=max_epochs, callbacks=[plateau, clock], verbose=0
    )
    return {
        "accuracy": clock.best,
        "seconds": sum(clock.seconds),
        "parameters": model.count_params(),
    }


def time_epoch(rows: int) -> Figures:
    """Seconds of an epoch of the notebook's network over 42,000 images of 28 x 28.

    Args:
        rows: number of images that are measured, after a first batch that builds the graph.
    """
    import numpy as np

    from benchmarks import notebook

    images, labels = digit_images(rows)
    scaled = images / np.float32(255)
    model = notebook.conv_deep((SIDE, SIDE, 1), 10)

    def fit(count: int) -> None:
        flow = notebook.generator(LIMITS, SIDE).flow(
            scaled[:count], labels[:count], batch_size=BATCH
        )
        model.fit(flow, verbose=0)

    fit(BATCH)
    return {"seconds": timed(lambda: fit(rows))["seconds"] * ALL_ROWS / rows, "rows": rows}


@click.group()
def main() -> None:
    pass


@main.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("seed", type=int)
def fast(data: Path, seed: int) -> None:
    report(train_fast(data, seed))


@main.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("accuracy", type=float)
@click.argument("max_epochs", type=int)
def network(data: Path, accuracy: float, max_epochs: int) -> None:
    report(train_network(data, accuracy, max_epochs))


@main.command()
def epoch() -> None:
    report(time_epoch(TIMED_ROWS))


if __name__ == "__main__":
    main()
