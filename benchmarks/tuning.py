"""What tuning brings, on rows that nothing was chosen on.

    python -m benchmarks.tuning DATA [--recipe tuned] [--trials 40] [--rows 12000] [--fresh 0.75]

Some labelled rows become the test rows of a copy of the competition, without their labels. `tune`
searches with TPE, and then with random trials alone, the same number. The recipe with its own
settings, the two that were found, and the recipes to compare with are trained with each seed.
With `--members`, so is the mean of as many networks as the time of the search is enough for.
Differences are to the first line, of the same seed and on the same test rows; their deviation is
over the seeds. A search is one search: its own luck is not in the deviation.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

import pipeline as pp
from benchmarks.fresh import Fresh
from benchmarks.ingredients import line
from benchmarks.table import machine_line
from pipeline.arrays import Probabilities
from pipeline.cli.output import echo_table
from pipeline.recipes import find_recipe
from pipeline.runs.metrics import average
from pipeline.tuning import search

HEADER = (
    "network", "accuracy %", "difference", "log loss", "difference of loss", "minutes",
)  # fmt: skip
TPE = search.STARTUP
RANDOM = 1_000_000  # random trials before TPE begins: all of them
MAX_MEMBERS = 15


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--recipe", default="tuned", show_default=True)
@click.option("--against", multiple=True, default=("conv2", "augmented"), show_default=True)
@click.option("--trials", type=click.IntRange(1), default=40, show_default=True)
@click.option("--seeds", type=click.IntRange(2), default=3, show_default=True)
@click.option("--rows", type=click.IntRange(1), help="Number of labelled rows; all by default.")
@click.option("--fresh", default=0.75, show_default=True, help="Share of test rows.")
@click.option("--members/--no-members", help="Also spend the time of the search on members.")
def tuning(
    data: Path,
    recipe: str,
    against: Sequence[str],
    trials: int,
    seeds: int,
    rows: int | None,
    fresh: float,
    members: bool,
) -> None:
    divided = Fresh.divide(pp.load(data), fresh, rows)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trained = Trained(divided.write(folder / "competition"), folder, seeds)
        for each in (recipe, *against):
            trained.add(each, find_recipe(each))
        for how, startup in (("TPE", TPE), ("random search", RANDOM)):
            best, seconds = tune(trained.competition, recipe, trials, startup, folder / how)
            trained.add(f"{recipe}, {how}", best, seconds)
        if members:
            trained.add_members(find_recipe(recipe), trained.minutes[f"{recipe}, TPE"])
    scores = {
        name: [divided.score(each) for each in some] for name, some in trained.probabilities.items()
    }
    echo_table(
        HEADER,
        [
            (*line(name, each, scores[recipe]), f"{trained.minutes[name]:.1f}")
            for name, each in scores.items()
        ],
        left=HEADER[:1],
    )
    click.echo(
        f"\n{data.resolve().name}: {len(divided.labels):,} training rows, {len(divided.fresh):,} "
        f"test rows, {trials} trials, {seeds} seeds; {machine_line()}"
    )


@dataclass
class Trained:
    """Networks with what they predict.

    Attributes:
        competition: what they are trained on.
        folder: for runs.
        seeds: number of seeds.
        probabilities: for the test rows, of each seed, by name.
        minutes: of one seed, with those of the search.
    """

    competition: pp.Competition
    folder: Path
    seeds: int
    probabilities: dict[str, list[Probabilities]] = field(default_factory=dict)
    minutes: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, recipe: pp.Recipe, searched: float = 0) -> None:
        """Trains a recipe that a search of so many seconds has found."""
        began = time.monotonic()
        self.probabilities[name] = self._train(recipe, range(self.seeds), name)
        self.minutes[name] = (searched + (time.monotonic() - began) / self.seeds) / 60

    def add_members(self, recipe: pp.Recipe, minutes: float) -> None:
        """Trains as many networks as this time allows, for each seed, and averages them."""
        count = max(1, min(MAX_MEMBERS, int(minutes / self.minutes[recipe.name])))
        name = f"mean of {count} networks"
        starts = [100 * (seed + 1) for seed in range(self.seeds)]
        self.probabilities[name] = [
            average(self._train(recipe, range(start, start + count), name)) for start in starts
        ]
        self.minutes[name] = count * self.minutes[recipe.name]

    def _train(self, recipe: pp.Recipe, seeds: Sequence[int], name: str) -> list[Probabilities]:
        runs = pp.train_all(self.competition, [recipe], seeds=seeds, runs=self.folder / name)
        return [run.test_probabilities for run in runs]


def tune(
    competition: pp.Competition, recipe: str, trials: int, startup: int, runs: Path
) -> tuple[pp.Recipe, float]:
    """The recipe with the settings that a search found, and its seconds."""
    search.STARTUP = startup
    began = time.monotonic()
    pp.tune(competition, recipe, trials=trials, runs=runs)
    seconds = time.monotonic() - began
    best = pp.trials(competition, recipe, runs=runs).iloc[0]
    space = find_recipe(recipe).space
    assert space is not None
    click.echo(f"{recipe}: {dict(best[list(space.ranges)])}")
    settings = space.settings({name: best[name] for name in space.ranges})
    return find_recipe(recipe).change(**settings), seconds


if __name__ == "__main__":
    tuning()
