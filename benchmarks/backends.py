"""Images a second of bare training steps, on the backend that KERAS_BACKEND names.

    KERAS_BACKEND=torch python -m benchmarks.backends [--seconds N] [RECIPE...]

Every step takes the same batch, so that nothing but the network is measured; a training also
augments and validates. The best of three repeats counts, after two steps to warm up.
"""

import time
from collections.abc import Callable

import click

from benchmarks.data import SIDE, digit_images
from benchmarks.table import machine_line
from pipeline.networks.recipe import Recipe
from pipeline.recipes import find_recipe

RECIPES = ("conv2", "conv-deep", "fast")
REPEATS, WARM_UP = 3, 2


@click.command()
@click.option("--seconds", default=5.0, show_default=True, help="Of each repeat.")
@click.argument("names", nargs=-1)
def backends(seconds: float, names: tuple[str, ...]) -> None:
    from pipeline.networks.backend import keras, policy  # TensorFlow

    click.echo(f"{keras.backend.backend()}; {machine_line()}")
    for name in names or RECIPES:
        recipe = find_recipe(name)
        rate = images_per_second(recipe, seconds)
        click.echo(f"{name:12} {rate:8,.0f} images/s  {policy(recipe.precision)}")


def images_per_second(recipe: Recipe, seconds: float) -> float:
    """The rate of the best repeat.

    Args:
        seconds: duration of a repeat.
    """
    from pipeline.networks.build import build, compile_network

    model = build(recipe, (SIDE, SIDE, 1), 10, 0, 255).model
    compile_network(model, recipe)
    images, labels = digit_images(recipe.batch_size)

    def step() -> None:
        model.train_on_batch(images, labels)

    for _ in range(WARM_UP):
        step()
    return max(_steps_per_second(step, seconds) for _ in range(REPEATS)) * recipe.batch_size


def _steps_per_second(step: Callable[[], None], seconds: float) -> float:
    start, steps = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        step()
        steps += 1
    return steps / (time.perf_counter() - start)


if __name__ == "__main__":
    backends()
