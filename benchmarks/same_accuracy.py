"""Whether `augmented` learns as well from our moves as from ImageDataGenerator's.

    python -m benchmarks.same_accuracy [DATA] [--seeds 5] [--epochs 20]

The same network, optimizer, order of epochs and limits; only the moved images come from one or the
other. Each seed is a pair of trainings; the interval is Student's of 95 % for the mean difference.
"""

import sys
from pathlib import Path

import click
import keras
import numpy as np
from scipy import stats

from pipeline.competition.competition import Competition
from pipeline.images.augmentation import choose_interpolation
from pipeline.images.resize import fit_to, to_images
from pipeline.networks.build import build, compile_network
from pipeline.networks.predict import predict
from pipeline.recipes import find_recipe
from pipeline.training.batches import TrainingBatches
from pipeline.training.loop import train_epoch


@click.command()
@click.argument("data", type=click.Path(path_type=Path), default=Path("data/digits"))
@click.option("--seeds", default=5, show_default=True)
@click.option("--epochs", default=20, show_default=True)
def same_accuracy(data: Path, seeds: int, epochs: int) -> None:
    """Exits 1 where the interval leaves zero out."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    competition = Competition.load(data)
    schema, labels, split = competition.schema, competition.labels, competition.split()
    recipe = find_recipe("augmented")
    shape = recipe.image_shape(schema.shape)
    images = fit_to(to_images(competition.train_pixels, schema.shape, schema.planes), *shape)
    assert recipe.augmentation is not None
    moves = choose_interpolation(recipe.augmentation, images[split.train])

    def accuracy(seed: int, our_moves: bool) -> float:
        keras.utils.set_random_seed(seed)
        model = build(recipe, shape, len(competition.classes), schema.low, schema.high).model
        compile_network(model, recipe, steps=1)
        size = recipe.batch_size
        if our_moves:
            batches = TrainingBatches(images, labels, split.train, size, moves, seed)
            for epoch in range(epochs):
                train_epoch(model, batches, epoch, keras.callbacks.CallbackList(model=model))
        else:
            generator = ImageDataGenerator(
                rotation_range=moves.rotation,
                width_shift_range=moves.shift / shape[1],
                height_shift_range=moves.shift / shape[0],
                fill_mode=moves.fill,
                interpolation_order={"nearest": 0, "linear": 1}[moves.interpolation],
            )
            floats = images[split.train].astype(np.float32)
            flow = generator.flow(floats, labels[split.train], size, seed=seed)
            model.fit(flow, epochs=epochs, verbose=0)
        predicted = predict(model, images, split.validation).argmax(axis=1)
        return float((predicted == labels[split.validation]).mean())

    differences = np.zeros(seeds)
    for seed in range(seeds):
        ours, theirs = (100 * accuracy(seed, our_moves) for our_moves in (True, False))
        click.echo(f"seed {seed}: ours {ours:.2f} %, ImageDataGenerator {theirs:.2f} %")
        differences[seed] = ours - theirs
    mean = differences.mean()
    reach = stats.sem(differences) * stats.t.ppf(0.975, seeds - 1)
    click.echo(
        f"difference {mean:+.2f} points, 95 % interval {mean - reach:+.2f}..{mean + reach:+.2f}"
    )
    sys.exit(0 if abs(mean) <= reach else 1)


if __name__ == "__main__":
    same_accuracy()
