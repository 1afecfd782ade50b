"""Images a second of bare training steps, on the backend that KERAS_BACKEND names.

    KERAS_BACKEND=torch python -m benchmarks.backends [--seconds N] [RECIPE ...]

Each step takes the same batch; the best of three stretches counts, after two steps to warm up.
"""

import time

import click
import numpy as np

from pipeline.machine import cores, processor

RECIPES = ("conv2", "conv-deep", "fast")


@click.command()
@click.option("--seconds", default=5.0, show_default=True, help="Of each stretch.")
@click.argument("names", nargs=-1)
def backends(seconds: float, names: tuple[str, ...]) -> None:
    import keras

    from pipeline.networks.build import build, compile_network
    from pipeline.recipes import find_recipe

    random = np.random.default_rng(0)
    click.echo(f"{keras.backend.backend()}, {processor()}, {len(cores())} cores")
    for name in names or RECIPES:
        recipe = find_recipe(name)
        model = build(recipe, (28, 28, 1), 10, 0, 255).model
        compile_network(model, recipe, steps=1000)
        images = random.integers(0, 256, (recipe.batch_size, 28, 28, 1)).astype(np.uint8)
        labels = random.integers(0, 10, recipe.batch_size)
        for _ in range(2):
            model.train_on_batch(images, labels)
        rates = []
        for _ in range(3):
            start, steps = time.perf_counter(), 0
            while time.perf_counter() - start < seconds:
                model.train_on_batch(images, labels)
                steps += 1
            rates.append(steps * recipe.batch_size / (time.perf_counter() - start))
        click.echo(f"{name:12} {max(rates):8,.0f} images/s  {keras.config.dtype_policy().name}")


if __name__ == "__main__":
    backends()
