"""Accuracy against seconds: networks narrower and wider than `fast` and `best`.

    python -m benchmarks.frontier DATA [--like best] [--seeds 3] [--only 32-64-128x128]

Widths are filters: x separates convolutions of a stage, - stages. Each network is trained like the
recipe on the competition's training rows, with each seed, alone on all cores. Seconds are those of
training, with a validation after each epoch. Accuracy and loss are means over the seeds on the
hold-out rows; the interval is Wilson's 95 % interval for these rows, as one seed would have it. It
does not cover that the best of several networks is chosen on the rows that score it.
"""

import math
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

import pipeline as pp
from benchmarks.table import machine_line
from pipeline.cli.output import echo_table, percent
from pipeline.metrics.metric import wilson_interval
from pipeline.recipes import find_recipe
from pipeline.recipes.fast import stages
from pipeline.runs.record import LayerRecord

TRIED = {
    "fast": (("16-32-64x64", 5), ("16-32x32-64x64", 4), ("20-40-80x80", 4), ("24-48-96x96", 3)),
    "best": (
        ("24-48-96x96", 20),
        ("24-48x48-96x96", 14),
        ("32-64-128x128", 12),
        ("40-80-160x160", 7),
    ),
}
HEADER = (
    "widths", "epochs", "parameters", "MFLOP", "s", "accuracy %", "95 %", "seeds", "loss",
)  # fmt: skip


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--like", type=click.Choice(list(TRIED)), default="fast", show_default=True)
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--epochs", type=click.IntRange(1), help="Of each network; its own if not given.")
@click.option("--only", default="", help="The networks whose widths contain this.")
def frontier(data: Path, like: str, seeds: int, epochs: int | None, only: str) -> None:
    competition = pp.load(data)
    rows = []
    for widths, own_epochs in TRIED[like]:
        if only in widths:
            recipe = make_recipe(like, widths, epochs or own_epochs)
            with tempfile.TemporaryDirectory() as folder:
                rows.append(
                    summary(
                        [pp.train(competition, recipe, seed=s, runs=folder) for s in range(seeds)]
                    )
                )
    echo_table(HEADER, rows, left=(HEADER[0],))
    click.echo(f"\n{len(competition.hold_out.train):,} training rows; {machine_line()}")


def make_recipe(like: str, widths: str, epochs: int) -> pp.Recipe:
    """The recipe `like` with stages of other widths."""
    layers = network(widths)
    return replace(find_recipe(like), name=widths, layers=layers, epochs=epochs, min_steps=0)


def network(widths: str) -> Callable[[pp.Recipe], list[Any]]:
    """The layers of a recipe from text such as "32-64-128x128"."""
    filters = [tuple(map(int, stage.split("x"))) for stage in widths.split("-")]

    def layers(recipe: pp.Recipe) -> list[Any]:
        return stages(*filters)

    return layers


def summary(runs: Sequence[pp.Run]) -> tuple[str, ...]:
    """The row of a network, from a run for each seed. Reads files of the runs."""
    first = runs[0].record
    accuracies = [run.scores.accuracy for run in runs]
    mean = statistics.mean(accuracies)
    low, high = wilson_interval(mean, first.scores.n)
    return (
        first.recipe,
        str(first.epochs),
        f"{first.parameters:,}",
        f"{2e-6 * multiplications(runs[0].layers):.1f}",
        f"{statistics.median(run.record.fit_seconds for run in runs):.0f}",
        percent(mean),
        f"{percent(low)} - {percent(high)}",
        " ".join(map(percent, accuracies)),
        f"{statistics.mean(run.scores.loss for run in runs):.4f}",
    )


def multiplications(layers: Sequence[LayerRecord]) -> int:
    """Those of the convolutions and the dense layers, for one image."""
    count = 0
    for layer in layers:
        if layer.kind == "Conv2D":
            height, width, _ = layer.output
            count += height * width * math.prod(layer.weights[0])
        elif layer.kind == "Dense":
            count += math.prod(layer.weights[0])
    return count


if __name__ == "__main__":
    frontier()
