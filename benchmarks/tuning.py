"""The gain of tuning for its time, on rows that were not used for any choice.

    python -m benchmarks.tuning DATA [--recipe fast] [--trials 40] [--minutes 4] [--rows 8000]

Some labelled rows become the training rows of a copy of the competition. Others become its test
rows, without their labels. `tune` searches the space of the recipe with TPE, until there are enough
trials or the minutes are over. Then it runs a random search with the same Hyperband, for at least
the same time on the same cores. The first trial of both has the recipe's own settings. Trials that
run at the end are finished. The recipe's own
settings and the two results of the searches are trained with each seed. `--members` adds a mean of
networks with the own settings: as many as fit into the time of the search and of one training.

Differences are to the recipe's own settings, with the same seed and the same test rows. Members
have other seeds. The deviation of a difference is over the seeds. It does not include that each
search was run only once, and that other test rows would give other results. The own settings of
`fast` and `best` were chosen on rows of Digit Recognizer, so their scores there are biased. The
longer prediction time of the members is not counted.
"""

import math
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
from pipeline.cli.tune import echo_trials
from pipeline.recipes import find_recipe
from pipeline.runs.metrics import average
from pipeline.search.display import Display
from pipeline.search.execute import engine_for
from pipeline.tuning import search
from pipeline.tuning.subject import make_subject
from pipeline.tuning.summary import best_trial, trials_table

HEADER = (
    "network", "accuracy %", "of the seeds", "difference", "log loss", "difference of loss",
    "search s", "training s", "gain a minute",
)  # fmt: skip
TPE = search.STARTUP
RANDOM = 1_000_000  # random trials: all but the first


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--recipe", default="fast", show_default=True)
@click.option("--against", multiple=True, help="Another recipe, trained with each seed.")
@click.option("--trials", type=click.IntRange(1), default=40, show_default=True)
@click.option("--minutes", type=click.FloatRange(0.1), default=4.0, show_default=True)
@click.option("--seeds", type=click.IntRange(2), default=3, show_default=True)
@click.option("--rows", type=click.IntRange(1), default=8_000, show_default=True)
@click.option("--fresh", type=click.IntRange(1), default=4_000, show_default=True)
@click.option(
    "--members/--no-members",
    default=True,
    help="Also train more networks in the time of the search.",
)
def tuning(
    data: Path,
    recipe: str,
    against: Sequence[str],
    trials: int,
    minutes: float,
    seeds: int,
    rows: int,
    fresh: int,
    members: bool,
) -> None:
    """Measure what tuning a recipe brings.

    --rows is the number of training rows, a fifth of which are validation rows as usual; --fresh
    is that of test rows. Runs side by side share the cores: choose a multiple of them as --seeds.
    """
    divided = divide(pp.load(data), rows, fresh)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trained = Trained(divided.write(folder / "competition"), folder, seeds)
        for each in (recipe, *against):
            trained.add(each, find_recipe(each))
        found = find(trained.competition, recipe, folder / "TPE", TPE, trials, 60 * minutes)
        trained.add("TPE", *found)
        seconds = found[1]
        found = find(trained.competition, recipe, folder / "random", RANDOM, None, seconds)
        trained.add("random search", *found)
        if members:
            trained.add_members(find_recipe(recipe), seconds)
    scores = {
        name: [divided.score(each) for each in some] for name, some in trained.probabilities.items()
    }
    click.echo()
    rows_of_table = [trained.row(name, scores[name], scores[recipe]) for name in scores]
    echo_table(HEADER, rows_of_table, left=HEADER[:1])
    click.echo(
        f"\n{data.resolve().name}: {len(divided.labels):,} training rows, {len(divided.fresh):,} "
        f"test rows, {recipe}, {seeds} seeds; {machine_line()}\n"
        "Trainings are seconds of one network, with all cores in use. A gain is points of accuracy "
        "for each minute\nof the search, or of the further networks."
    )


def divide(whole: pp.Competition, rows: int, fresh: int) -> Fresh:
    """Rows to train with, and rows that only score."""
    if rows + fresh > len(whole.labels):
        raise click.UsageError(f"there are {len(whole.labels):,} rows, not {rows + fresh:,}")
    return Fresh.divide(whole, fresh / (rows + fresh), rows + fresh)


class TimedSearch(search.Search):
    """A search that asks for trials until a time. Trials that run at this time are finished.

    Attributes:
        end: in seconds of `time.monotonic`.
    """

    end = math.inf

    def _has_time(self) -> bool:
        return time.monotonic() < self.end


def find(
    competition: pp.Competition,
    recipe: str,
    runs: Path,
    startup: int,
    count: int | None,
    seconds: float,
) -> tuple[pp.Recipe, float]:
    """The recipe with the settings that a search found, and its seconds; prints its best trials.

    Args:
        startup: number of random trials, after which TPE begins.
        count: number of finished trials; None without a limit.
        seconds: how long it asks for trials.
    """
    began = time.monotonic()
    subject, display = make_subject(recipe, {}, 0), Display()
    place = subject.place(competition.name, runs, None)
    place.prepare()
    made = TimedSearch.prepare(subject, competition, place, display, count, None)
    made.startup, made.end = startup, began + seconds
    made.run(competition, engine_for([made.job], count or search.MANY, "auto"))
    seconds = time.monotonic() - began
    best, table = best_trial(made.study), trials_table(made.study, subject.space)
    assert best is not None
    states = table["state"].value_counts()
    counts = ", ".join(f"{number} {state}" for state, number in states.items())
    click.echo(
        f"\n{runs.name}: {seconds:.0f} s, {table['seconds'].sum():.0f} s of trials; {counts}"
    )
    echo_trials(table)
    return find_recipe(recipe).change(**subject.space.settings(best.params)), seconds


@dataclass
class Trained:
    """Trained networks, and their predictions.

    Attributes:
        competition: the competition with the training rows.
        folder: folder for runs.
        seeds: number of seeds.
        probabilities: probabilities of the test rows for each seed, by name of the network.
        searched: seconds of the search, by name.
        seconds: seconds of the training for one seed, by name.
        further: seconds to improve the recipe: of the search, or of further networks, by name.
    """

    competition: pp.Competition
    folder: Path
    seeds: int
    probabilities: dict[str, list[Probabilities]] = field(default_factory=dict)
    searched: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    further: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, recipe: pp.Recipe, searched: float = 0.0) -> None:
        """Trains a recipe that was found in a search of `searched` seconds."""
        began = time.monotonic()
        self.probabilities[name] = self._train(recipe, range(self.seeds), name)
        self.seconds[name] = (time.monotonic() - began) / self.seeds
        self.searched[name] = self.further[name] = searched

    def add_members(self, recipe: pp.Recipe, seconds: float) -> None:
        """Trains more networks for each seed, as many as the time allows, and averages them."""
        one = self.seconds[recipe.name]
        count = 1 + max(1, int(seconds / one))
        name = f"mean of {count} networks"
        began = time.monotonic()
        starts = [count * (1 + seed) for seed in range(self.seeds)]
        self.probabilities[name] = [
            average(self._train(recipe, range(start, start + count), name)) for start in starts
        ]
        self.seconds[name] = (time.monotonic() - began) / self.seeds
        self.searched[name], self.further[name] = 0.0, self.seconds[name] - one

    def row(
        self, name: str, scores: Sequence[tuple[float, float]], own: Sequence[tuple[float, float]]
    ) -> tuple[str, ...]:
        """A row of the table.

        Args:
            scores: of each seed, see `Fresh.score`.
            own: those of the recipe's own settings.
        """
        accuracies = [accuracy for accuracy, _ in scores]
        gain = (sum(accuracies) - sum(accuracy for accuracy, _ in own)) / len(own)
        further = self.further[name]
        head, mean, *others = line(name, scores, own)
        return (
            head, mean, f"{min(accuracies):.2f} - {max(accuracies):.2f}", *others,
            f"{self.searched[name]:.0f}", f"{self.seconds[name]:.1f}",
            "" if not further else f"{60 * gain / further:+.3f}",
        )  # fmt: skip

    def _train(self, recipe: pp.Recipe, seeds: Sequence[int], name: str) -> list[Probabilities]:
        runs = pp.train_all(self.competition, [recipe], seeds=seeds, runs=self.folder / name)
        return [run.test_probabilities for run in runs]


if __name__ == "__main__":
    tuning()
