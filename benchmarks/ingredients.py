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
from pathlib import Path

import click
import numpy as np

import pipeline as pp
from benchmarks.fresh import Fresh, Score
from benchmarks.table import machine_line
from pipeline.arrays import Probabilities
from pipeline.cli.output import echo_table
from pipeline.competition.folds import Fold
from pipeline.images.fitting import fit_augmentation
from pipeline.recipes import find_recipe
from pipeline.runs.metrics import average

FRESH, FOLDS = 0.25, 5
HEADER = ("network", "accuracy %", "difference", "log loss", "difference of loss")


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--recipe", default="fast", show_default=True)
@click.option("--seeds", type=click.IntRange(2), default=3, show_default=True)
@click.option("--steps", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--rows", type=click.IntRange(1), help="Number of labelled rows; all by default.")
def ingredients(data: Path, recipe: str, seeds: int, steps: int, rows: int | None) -> None:
    fresh = Fresh.divide(pp.load(data), FRESH, rows)
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(fresh, fresh.write(Path(folder) / "competition"), Path(folder), steps)
        found = trial.train(find_recipe(recipe), range(seeds))
    scores = {name: [fresh.score(each) for each in some] for name, some in found.items()}
    baseline = next(iter(scores.values()))
    rows_of_table = [line(name, each, baseline) for name, each in scores.items()]
    echo_table(HEADER, rows_of_table, left=HEADER[:1])
    click.echo(
        f"\n{data.resolve().name}: {len(fresh.fresh):,} test rows, {seeds} seeds of {recipe}, "
        f"{steps:,} steps each; {machine_line()}"
    )


@dataclass(frozen=True)
class Trial:
    """Trainings of equal length on a competition whose test labels are known.

    Attributes:
        fresh: its rows.
        competition: with these rows.
        folder: for runs.
        steps: of each training.
    """

    fresh: Fresh
    competition: pp.Competition
    folder: Path
    steps: int

    def train(self, recipe: pp.Recipe, seeds: Sequence[int]) -> dict[str, list[Probabilities]]:
        """Probabilities (test rows, k) of each seed, by what was changed."""
        own = recipe.augmentation
        assert own is not None
        fitted = fit_augmentation(own, self.fresh.images, self.fresh.labels)
        recipe = replace(recipe, augmentation=fitted)
        plain = replace(recipe, augmentation=None, final_unaugmented_epochs=0)
        folds = [self.run(recipe, seeds, part) for part in range(FOLDS)]
        means = [average(list(members)) for members in zip(*folds, strict=True)]
        found = {"one network on 4 of 5 folds": folds[0]}
        if fitted != own:
            found["transforms that are not fitted"] = self.run(
                replace(recipe, augmentation=own), seeds
            )
        return found | {
            "no random transforms": self.run(plain, seeds),
            "no TTA": self.run(replace(recipe, tta_views=1), seeds),
            "97 % of the rows instead of 80 %": self.run(recipe, seeds, share=0.03),
            "three times as many steps": self.run(recipe, seeds, longer=3),
            "mean of the networks of 5 folds": means,
            "test rows too, labelled by that mean": [
                self.run(recipe, [seed], teacher=mean)[0]
                for seed, mean in zip(seeds, means, strict=True)
            ],
        }

    def run(
        self,
        recipe: pp.Recipe,
        seeds: Sequence[int],
        part: int = 0,
        share: float = 1 / FOLDS,
        longer: int = 1,
        teacher: Probabilities | None = None,
    ) -> list[Probabilities]:
        """The probabilities of trainings for the test rows.

        Args:
            part: which rows validate: 0 to 4.
            share: of rows that validate.
            longer: how many times as many steps.
            teacher: probabilities for the test rows, which then train too, with the most probable
                classes.
        """
        folder, competition = Path(tempfile.mkdtemp(dir=self.folder)), self.competition
        if teacher is not None:
            competition = self.fresh.write(folder / "competition", teacher.argmax(axis=1))
        order = np.random.default_rng(1).permutation(len(self.fresh.labels))
        count = int(share * len(order))
        validation = np.sort(order[part * count : (part + 1) * count])
        train = np.setdiff1d(np.arange(len(competition.labels)), validation)
        batches = -(-len(train) // recipe.batch_size)
        epochs = max(1, round(longer * self.steps / batches))
        runs = pp.train_all(
            competition,
            [replace(recipe, epochs=epochs, min_steps=0)],
            seeds=seeds,
            fold=Fold(train, validation),
            runs=folder,
        )
        return [run.test_probabilities for run in runs]


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
