"""Whether `augmented` learns worse from our augmentation than from ImageDataGenerator's.

    python -m benchmarks.same_accuracy [DATA] [--seeds 5] [--epochs 20]

The same network, optimizer, limits and interpolation; only the augmented images come from one or
the other. Each seed is a pair of trainings, and the interval is Student's 95 % interval for the
mean difference.

It can show that one of them is better: then the interval lies on one side of zero. It cannot show
that they are equal: an interval that holds zero means that no difference could be shown, with few
seeds perhaps because chance hides it. The smallest difference that would have been found tells how
much that says. Exits with status 1 only if the whole interval is below zero.
"""

import pipeline.networks.backend  # first, because it sets up Keras

# isort: split
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import keras
import numpy as np
from scipy import stats

import pipeline as pp
from benchmarks import notebook
from benchmarks.table import machine_line
from pipeline.arrays import Images
from pipeline.images.augmentation import Augmentation, choose_interpolation
from pipeline.images.resize import fit_to, to_images
from pipeline.metrics.metric import accuracy
from pipeline.networks.build import compile_network
from pipeline.networks.predict import predict
from pipeline.networks.recipe import Recipe
from pipeline.recipes import find_recipe
from pipeline.training.batches import TrainingBatches
from pipeline.training.job import build_for
from pipeline.training.loop import train_epoch

POWER = 0.8  # probability of finding the smallest difference that counts as detectable


class Trainings:
    """Trains `augmented` on a competition, with either augmentation."""

    def __init__(self, competition: pp.Competition, epochs: int) -> None:
        schema, self.competition, self.epochs = competition.schema, competition, epochs
        self.recipe: Recipe = find_recipe("augmented")
        images = to_images(competition.train_pixels, schema.shape, schema.planes)
        self.images: Images = fit_to(images, *self.recipe.image_shape(schema.shape))
        assert self.recipe.augmentation is not None
        self.augmentation: Augmentation = choose_interpolation(
            self.recipe.augmentation, self.images[competition.hold_out.train]
        )

    def accuracy(self, seed: int, ours: bool) -> float:
        """Accuracy on the hold-out rows, in percent."""
        keras.utils.set_random_seed(seed)
        model = build_for(self.recipe, self.competition).model
        compile_network(model, self.recipe)
        (self._train_ours if ours else self._train_theirs)(model, seed)
        rows = self.competition.hold_out.validation
        probabilities = predict(model, self.images, rows)
        return 100 * accuracy(probabilities, self.competition.labels[rows])

    def _train_ours(self, model: Any, seed: int) -> None:
        rows, size = self.competition.hold_out.train, self.recipe.batch_size
        batches = TrainingBatches(
            self.images, self.competition.labels, rows, size, self.augmentation, seed
        )
        for epoch in range(self.epochs):
            train_epoch(model, batches, epoch, keras.callbacks.CallbackList(model=model))

    def _train_theirs(self, model: Any, seed: int) -> None:
        rows, size = self.competition.hold_out.train, self.recipe.batch_size
        generator = notebook.generator(self.augmentation, self.images.shape[1])
        flow = generator.flow(
            self.images[rows].astype(np.float32), self.competition.labels[rows], size, seed=seed
        )
        model.fit(flow, epochs=self.epochs, verbose=0)


def verdict(differences: Sequence[float]) -> tuple[str, int]:
    """What the differences (ours - theirs, in points) show, and the exit status.

    Args:
        differences: one for each seed, at least two.
    """
    n = len(differences)
    mean = float(np.mean(differences))
    error = float(np.std(differences, ddof=1)) / math.sqrt(n)
    quantile, power_quantile = (float(stats.t.ppf(p, n - 1)) for p in (0.975, POWER))
    low, high = mean - quantile * error, mean + quantile * error
    lines = [f"difference {mean:+.2f} points, 95 % interval {low:+.2f} to {high:+.2f}, {n} seeds"]
    if high < 0:
        lines.append("Ours is worse: the whole interval is below zero.")
    elif low > 0:
        lines.append("Ours is better: the whole interval is above zero.")
    else:
        lines.append("No difference could be shown. This does not prove that there is none.")
    lines.append(
        f"The smallest difference that would have been found, with a probability of "
        f"{100 * POWER:.0f} %: {(quantile + power_quantile) * error:.2f} points."
    )
    return "\n".join(lines), int(high < 0)


@click.command()
@click.argument("data", type=click.Path(path_type=Path), default=Path("data/digits"))
@click.option("--seeds", type=click.IntRange(2), default=5, show_default=True)
@click.option("--epochs", type=click.IntRange(1), default=20, show_default=True)
def same_accuracy(data: Path, seeds: int, epochs: int) -> None:
    """Exits with status 1 only if ours is shown to be worse."""
    trainings = Trainings(pp.load(data), epochs)
    differences = []
    for seed in range(seeds):
        ours, theirs = (trainings.accuracy(seed, ours) for ours in (True, False))
        click.echo(f"seed {seed}: ours {ours:.2f} %, ImageDataGenerator {theirs:.2f} %")
        differences.append(ours - theirs)
    text, status = verdict(differences)
    click.echo(f"{text}\n{machine_line()}")
    sys.exit(status)


if __name__ == "__main__":
    same_accuracy()
