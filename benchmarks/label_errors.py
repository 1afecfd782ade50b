"""Plants 50 wrong labels in a copy of data/digits and looks for them.

    python -m benchmarks.label_errors [--recipe conv] [--epochs 20] [--seeds 1]

Every row gets probabilities from a model that did not train on it: five trainings, each on four
fifths of the rows. The planted labels are among those that the models learn from, as they would
be in real data. Prints the number of the 50 that are among the first 50 label issues.
Errors planted at random are easier to find than people's errors, which are on ambiguous digits.
"""

import csv
import shutil
import tempfile
from pathlib import Path

import click
import numpy as np

import pipeline as pp
from benchmarks.measure import ROOT
from pipeline.competition.folds import Fold
from pipeline.evaluation.label_issues import find_issues
from pipeline.tables import write_csv

DIGITS = ROOT / "data/digits"
PLANTED, FOLDS = 50, 5


@click.command()
@click.option("--recipe", default="conv", show_default=True)
@click.option("--epochs", type=click.IntRange(1), default=20, show_default=True)
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True)
def label_errors(recipe: str, epochs: int, seeds: int) -> None:
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            planted = plant(DIGITS, folder / "planted", seed)
            found = search(pp.load(folder / "planted"), recipe, epochs, folder / "runs")
        first = planted & set(found[:PLANTED])
        click.echo(
            f"seed {seed}: {len(first)} of {PLANTED} planted labels are among the first {PLANTED} "
            f"of {len(found)} label issues, {len(planted & set(found))} among all"
        )


def plant(source: Path, target: Path, seed: int) -> set[int]:
    """Copies a competition with 50 labels changed to another class; returns their rows."""
    shutil.copytree(source, target)
    random = np.random.default_rng(seed)
    path = target / "train_data.csv"
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    classes = sorted({row[-1] for row in rows})
    chosen = random.choice(len(rows), PLANTED, replace=False)
    for row in chosen:
        others = [name for name in classes if name != rows[row][-1]]
        rows[row][-1] = str(random.choice(others))
    write_csv(path, rows[0], rows[1:])
    return set(chosen.tolist())


def search(competition: pp.Competition, recipe: str, epochs: int, folder: Path) -> list[int]:
    """The rows of the label issues, the likeliest first."""
    rows = np.arange(len(competition.labels))
    probabilities = np.zeros((len(rows), len(competition.classes)), np.float32)
    fold_of_row = np.random.default_rng(0).permutation(len(rows)) % FOLDS
    for number in range(FOLDS):
        validates = fold_of_row == number
        fold = Fold(rows[~validates], rows[validates], name=f"fold {number + 1}")
        run = pp.train(
            competition, recipe, fold=fold, epochs=epochs, runs=folder / str(number), progress=False
        )
        probabilities[validates] = run.validation.probabilities
    return [issue.row for issue in find_issues(rows, competition.labels, probabilities)]


if __name__ == "__main__":
    label_errors()
