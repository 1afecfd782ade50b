"""Plants 50 wrong labels in a copy of data/digits and looks for them.

    python -m benchmarks.label_errors [--recipe conv] [--epochs 20] [--seeds 1]

Every row gets out-of-sample probabilities from five trainings, each on four fifths of the rows;
the planted labels are among those that the networks learn from, as they would be in life. Prints
how many of the 50 stand among the first 50 label_issues.
"""

import csv
import shutil
import tempfile
from pathlib import Path

import click
import numpy as np

from pipeline.competition.competition import Competition
from pipeline.competition.folds import Fold
from pipeline.files import write_csv
from pipeline.networks.changes import change
from pipeline.recipes import find_recipe
from pipeline.runs.label_issues import find_issues
from pipeline.training.train import Plan, train

PLANTED, FOLDS = 50, 5


@click.command()
@click.option("--recipe", default="conv", show_default=True)
@click.option("--epochs", default=20, show_default=True)
@click.option("--seeds", default=1, show_default=True, help="How often to plant anew.")
def label_errors(recipe: str, epochs: int, seeds: int) -> None:
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as place:
            planted = plant(Path("data/digits"), Path(place) / "planted", seed)
            competition = Competition.load(Path(place) / "planted")
            found = search(competition, recipe, epochs, Path(place) / "runs")
        first = set(found[:PLANTED])
        click.echo(
            f"seed {seed}: {len(planted & first)} of {PLANTED} planted labels among the first "
            f"{PLANTED} of {len(found)} label_issues, {len(planted & set(found))} among all"
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
    for place in chosen:
        others = [name for name in classes if name != rows[place][-1]]
        rows[place][-1] = str(random.choice(others))
    write_csv(path, rows[0], rows[1:])
    return set(chosen.tolist())


def search(competition: Competition, recipe: str, epochs: int, folder: Path) -> list[int]:
    """The label_issues' rows, the likeliest first."""
    rows = np.arange(len(competition.labels))
    probabilities = np.zeros((len(rows), len(competition.classes)), np.float32)
    fold = np.random.default_rng(0).permutation(len(rows)) % FOLDS
    changed = change(find_recipe(recipe), {"epochs": str(epochs)})
    for number in range(FOLDS):
        split = Fold(rows[fold != number], rows[fold == number])
        run = train(Plan(competition, split, changed), folder / str(number))
        probabilities[fold == number] = run.validation()[2]
    found = find_issues(rows, competition.labels, probabilities)
    return [issue.row for issue in found]


if __name__ == "__main__":
    label_errors()
