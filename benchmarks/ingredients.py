"""What each ingredient of a time budget is worth, on rows that nothing was chosen on.

    python -m benchmarks.ingredients DATA [--recipe fast] [--seeds 3] [--steps 1000]

A quarter of the labelled rows become the test rows of a copy of the competition, without their
labels. The other rows are divided into five folds. The baseline is one network, trained on four of
them with the random transforms that fit the images. Each other line changes one thing. All
networks train for the same number of steps. A difference is of the same seed, on the same test
rows; its deviation is over the seeds, and does not cover that other rows would differ too.
"""

import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import click
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

import pipeline as pp
from benchmarks.table import machine_line
from pipeline.arrays import Labels, Pixels, Probabilities
from pipeline.cli.output import echo_table
from pipeline.competition.folds import Fold
from pipeline.images.fitting import fit_augmentation
from pipeline.images.resize import to_images
from pipeline.recipes import find_recipe
from pipeline.runs.metrics import accuracy, average, log_loss

FRESH, FOLDS = 0.25, 5
HEADER = ("network", "accuracy %", "difference", "log loss", "difference of loss")


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--recipe", default="fast", show_default=True)
@click.option("--seeds", type=click.IntRange(2), default=3, show_default=True)
@click.option("--steps", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--rows", type=click.IntRange(1), help="Number of labelled rows; all by default.")
def ingredients(data: Path, recipe: str, seeds: int, steps: int, rows: int | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial.divide(pp.load(data), find_recipe(recipe), Path(folder), steps, rows)
        scores = {name: trial.score(found) for name, found in trial.train(range(seeds)).items()}
    baseline = next(iter(scores.values()))
    echo_table(
        HEADER, [line(name, each, baseline) for name, each in scores.items()], left=(HEADER[0],)
    )
    click.echo(
        f"\n{data.resolve().name}: {len(trial.fresh):,} test rows, {seeds} seeds of {recipe}, "
        f"{steps:,} steps each; {machine_line()}"
    )


Score = tuple[float, float]  # accuracy in percent, log loss


@dataclass(frozen=True)
class Trial:
    """A competition whose test labels are known.

    Attributes:
        folder: of its files and runs.
        pixels, labels: of its training rows.
        fresh_pixels, fresh: of its test rows.
        recipe: the baseline.
        steps: of each training.
    """

    folder: Path
    pixels: Pixels
    labels: Labels
    fresh_pixels: Pixels
    fresh: Labels
    recipe: pp.Recipe
    steps: int

    @classmethod
    def divide(
        cls, whole: pp.Competition, recipe: pp.Recipe, folder: Path, steps: int, rows: int | None
    ) -> "Trial":
        order = np.random.default_rng(0).permutation(len(whole.labels))[:rows]
        kept, fresh = train_test_split(
            order, test_size=FRESH, random_state=0, stratify=whole.labels[order]
        )
        pixels, labels, schema = whole.train_pixels, whole.labels, whole.schema
        images = to_images(pixels[kept], schema.shape, schema.planes, schema.transpose)
        assert recipe.augmentation is not None
        fitted = replace(
            recipe, augmentation=fit_augmentation(recipe.augmentation, images, labels[kept])
        )
        return cls(folder, pixels[kept], labels[kept], pixels[fresh], labels[fresh], fitted, steps)

    def train(self, seeds: Sequence[int]) -> dict[str, list[Probabilities]]:
        """Probabilities (test rows, k) of each seed, by network."""
        recipe, own = self.recipe, find_recipe(self.recipe.name).augmentation
        folds = [self.run(recipe, seeds, part) for part in range(FOLDS)]
        means = [average(list(members)) for members in zip(*folds, strict=True)]
        found = {"one network on 4 of 5 folds": folds[0]}
        if recipe.augmentation != own:
            found["transforms that are not fitted"] = self.run(
                replace(recipe, augmentation=own), seeds
            )
        found["no random transforms"] = self.run(
            replace(recipe, augmentation=None, final_unaugmented_epochs=0), seeds
        )
        found["no TTA"] = self.run(replace(recipe, tta_views=1), seeds)
        found["97 % of the rows instead of 80 %"] = self.run(recipe, seeds, share=0.03)
        found["three times as many steps"] = self.run(recipe, seeds, steps=3 * self.steps)
        found["mean of the networks of 5 folds"] = means
        found["test rows too, labelled by that mean"] = [
            self.run(recipe, [seed], teacher=mean)[0]
            for seed, mean in zip(seeds, means, strict=True)
        ]
        return found

    def run(
        self,
        recipe: pp.Recipe,
        seeds: Sequence[int],
        part: int = 0,
        share: float = 1 / FOLDS,
        steps: int | None = None,
        teacher: Probabilities | None = None,
    ) -> list[Probabilities]:
        """The probabilities of trainings for the test rows.

        Args:
            part: which rows validate: 0 to 4.
            share: of rows that validate.
            teacher: probabilities for the test rows, which then train too.
        """
        competition = self.competition if teacher is None else self.with_pseudo_labels(teacher)
        order = np.random.default_rng(1).permutation(len(self.labels))
        count = int(share * len(order))
        validation = np.sort(order[part * count : (part + 1) * count])
        train = np.setdiff1d(np.arange(len(competition.labels)), validation)
        batches = -(-len(train) // recipe.batch_size)
        epochs = max(1, round((steps or self.steps) / batches))
        runs = pp.train_all(
            competition, [replace(recipe, epochs=epochs, min_steps=0)], seeds=seeds,
            fold=Fold(train, validation), runs=Path(tempfile.mkdtemp(dir=self.folder)),
        )  # fmt: skip
        return [run.test_probabilities for run in runs]

    @cached_property
    def competition(self) -> pp.Competition:
        return self.write("competition", self.pixels, self.labels)

    def with_pseudo_labels(self, teacher: Probabilities) -> pp.Competition:
        """The test rows as training rows with the most probable classes, after the others."""
        pixels = np.concatenate([self.pixels, self.fresh_pixels])
        labels = np.concatenate([self.labels, teacher.argmax(axis=1)])
        return self.write(tempfile.mkdtemp(dir=self.folder), pixels, labels)

    def write(self, name: str, pixels: Pixels, labels: Labels) -> pp.Competition:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        table = pd.DataFrame(pixels).add_prefix("pixel")
        table.insert(0, "label", labels)
        table.to_csv(folder / "train.csv", index=False)
        pd.DataFrame(self.fresh_pixels).add_prefix("pixel").to_csv(folder / "test.csv", index=False)
        return pp.load(folder)

    def score(self, found: Sequence[Probabilities]) -> list[Score]:
        return [(100 * accuracy(each, self.fresh), log_loss(each, self.fresh)) for each in found]


def line(name: str, scores: Sequence[Score], baseline: Sequence[Score]) -> tuple[str, ...]:
    """A row of the table: means, and mean and deviation of the differences to the baseline."""
    cells = []
    for index, decimals in ((0, 2), (1, 4)):
        values = [score[index] for score in scores]
        gains = [score[index] - base[index] for score, base in zip(scores, baseline, strict=True)]
        gain, deviation = statistics.mean(gains), statistics.stdev(gains)
        cells.append(f"{statistics.mean(values):.{decimals}f}")
        same = scores is baseline
        cells.append("" if same else f"{gain:+.{decimals}f} +- {deviation:.{decimals}f}")
    return (name, *cells)


if __name__ == "__main__":
    ingredients()
