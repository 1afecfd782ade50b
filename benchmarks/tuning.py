"""What tuning brings, on rows that nothing was chosen on.

    python -m benchmarks.tuning DATA [--recipe tuned] [--trials 40] [--rows 12000] [--fresh 0.75]

Some labelled rows become the test rows of a copy of the competition, without their labels. `tune`
searches with TPE, and then with random trials alone, the same number. The recipe with its own
settings, the two that were found, and the recipes to compare with are trained with each seed.
`members` is the mean of as many networks of the recipe as the time of the search would have
trained. Differences are to the first line, of the same seed and on the same test rows; their
deviation is over the seeds. A search is one search: its own luck is not in the deviation.
"""

import tempfile
import time
from collections.abc import Sequence
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
    found: dict[str, tuple[list[Probabilities], float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        competition = divided.write(Path(folder) / "competition")

        def train(name: str, each: pp.Recipe, searched: float = 0, first: int = 0) -> None:
            began = time.monotonic()
            runs = pp.train_all(
                competition, [each], seeds=range(first, first + seeds), runs=Path(folder) / name
            )
            minutes = (searched + (time.monotonic() - began) / seeds) / 60
            found[name] = [run.test_probabilities for run in runs], minutes

        train(recipe, find_recipe(recipe))
        for name in against:
            train(name, find_recipe(name))
        for name, startup in ((f"{recipe}, TPE", TPE), (f"{recipe}, random search", RANDOM)):
            best, seconds = tune(competition, recipe, trials, startup, Path(folder) / name)
            train(name, best, seconds)
        if members:
            searched = found[f"{recipe}, TPE"][1]
            count = min(MAX_MEMBERS, int(searched / found[recipe][1]))
            means = [
                average(
                    [
                        run.test_probabilities
                        for run in pp.train_all(
                            competition,
                            [find_recipe(recipe)],
                            seeds=range(100 * (seed + 1), 100 * (seed + 1) + count),
                            runs=Path(folder) / "members",
                        )
                    ]
                )
                for seed in range(seeds)
            ]
            found[f"mean of {count} networks"] = means, count * found[recipe][1]
    scores = {name: [divided.score(each) for each in some] for name, (some, _) in found.items()}
    baseline = scores[recipe]
    echo_table(
        HEADER,
        [(*line(name, each, baseline), f"{found[name][1]:.1f}") for name, each in scores.items()],
        left=HEADER[:1],
    )
    click.echo(
        f"\n{data.resolve().name}: {len(divided.labels):,} training rows, {len(divided.fresh):,} "
        f"test rows, {trials} trials, {seeds} seeds; {machine_line()}"
    )


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
