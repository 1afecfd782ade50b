"""Accuracy against seconds: networks narrower and wider than `fast` and `best`, trained likewise.

    python -m benchmarks.frontier DATA [--like best] [--seeds 3] [--only 32-64-128x128]

Widths are those of `stages`: x parts convolutions of a stage, - stages. Each network is trained on
the competition's split with each seed, alone on all cores. Seconds are those of training, with a
validation after each epoch; accuracy and loss are means over the seeds on the hold-out, of as many
views an image as the recipe has, and the interval is Wilson's of 95 % for the rows of all seeds
together.
"""

import math
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import keras

from pipeline.competition.competition import Competition
from pipeline.machine import cores, processor
from pipeline.networks.build import build
from pipeline.networks.recipe import Recipe
from pipeline.recipes import find_recipe
from pipeline.recipes.fast import stages
from pipeline.runs.leaderboard import columns_text
from pipeline.runs.metrics import wilson_interval
from pipeline.training.train import Plan, train

TRIED = {
    "fast": (("16-32-64x64", 5), ("16-32x32-64x64", 4), ("20-40-80x80", 4), ("24-48-96x96", 3)),
    "best": (
        ("24-48-96x96", 20),
        ("24-48x48-96x96", 14),
        ("32-64-128x128", 12),
        ("40-80-160x160", 7),
    ),
}


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--like", type=click.Choice(list(TRIED)), default="fast", show_default=True)
@click.option("--seeds", default=3, show_default=True)
@click.option("--only", default="", help="The networks of these widths.")
def frontier(data: Path, like: str, seeds: int, only: str) -> None:
    competition = Competition.load(data)
    split = competition.split()
    rows = []
    for widths, epochs in ((widths, epochs) for widths, epochs in TRIED[like] if only in widths):
        changes = {"name": widths, "layers": network(widths), "epochs": epochs, "min_steps": 0}
        recipe = replace(find_recipe(like), **changes)
        runs = []
        for seed in range(seeds):
            with tempfile.TemporaryDirectory() as folder:
                runs.append(train(Plan(competition, split, recipe, seed), Path(folder) / "run"))
        accuracies = [run.scores["accuracy"] for run in runs]
        mean = statistics.mean(accuracies)
        low, high = wilson_interval(mean, seeds * len(split.validation))
        rows.append(
            (
                widths,
                f"{epochs}",
                f"{runs[0].record['parameters']:,}",
                f"{2e-6 * multiplications(recipe, competition):.1f}",
                f"{statistics.median(run.record['fit_seconds'] for run in runs):.0f}",
                f"{100 * mean:.2f}",
                f"{100 * low:.2f} - {100 * high:.2f}",
                " ".join(f"{100 * accuracy:.2f}" for accuracy in accuracies),
                f"{statistics.mean(run.scores['loss'] for run in runs):.4f}",
            )
        )
    header = ("widths", "epochs", "parameters", "MFLOP", "s", "accuracy %", "95 %", "seeds", "loss")
    click.echo(columns_text(header, rows, left=(0,)))
    click.echo(f"\n{len(split.train):,} rows; {processor()}, {len(cores())} cores")


def network(widths: str) -> Callable[[Recipe], list[Any]]:
    """The layers of a recipe, from widths as they are written above."""
    filters = [tuple(map(int, stage.split("x"))) for stage in widths.split("-")]

    def layers(recipe: Recipe) -> list[Any]:
        return stages(*filters)

    return layers


def multiplications(recipe: Recipe, competition: Competition) -> int:
    """Of the convolutions and the dense layer, for one image's probabilities."""
    schema = competition.schema
    shape = recipe.image_shape(schema.shape)
    model = build(recipe, shape, len(competition.classes), schema.low, schema.high).model
    count = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            _, height, width, _ = layer.output.shape
            count += height * width * math.prod(layer.kernel.shape)
        elif isinstance(layer, keras.layers.Dense):
            count += math.prod(layer.kernel.shape)
    return count


if __name__ == "__main__":
    frontier()
