"""Predicts with five members and five views of each image.

    python -m benchmarks.workers.predict ours|theirs PRECISION [--batch N] [--count N]

PRECISION is float32 or auto; theirs is float32 always. --batch is that of `model.predict`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from benchmarks.data import SIDE, digit_images
from benchmarks.measure import Figures, report, timed

if TYPE_CHECKING:
    from pipeline.arrays import Images, Probabilities

MEMBERS, TTA_VIEWS, WARM_UP = 5, 5, 200
# Offsets of the views: first row and column in the image with a frame of one pixel.
OFFSETS = ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))
Predict = Callable[["Images"], "Probabilities"]


def ours(precision: str, batch: int) -> Predict:
    from pipeline.recipes import find_recipe  # first: it sets up Keras and TensorFlow

    recipe = find_recipe("fast").change(precision=precision)
    import numpy as np

    from pipeline.networks.build import build
    from pipeline.networks.predict import predict

    members = [build(recipe, (SIDE, SIDE, 1), 10, 0, 255).model for _ in range(MEMBERS)]

    def probabilities(images: "Images") -> Any:
        return np.mean([predict(member, images, tta_views=TTA_VIEWS) for member in members], axis=0)

    return probabilities


def theirs(precision: str, batch: int) -> Predict:
    import numpy as np

    from benchmarks import notebook

    members = [notebook.fast() for _ in range(MEMBERS)]

    def probabilities(images: "Images") -> Any:
        framed = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
        views = [framed[:, row : row + SIDE, column : column + SIDE] for row, column in OFFSETS]
        found = [member.predict(view, batch, verbose=0) for member in members for view in views]
        return np.mean(found, axis=0)

    return probabilities


SIDES = {"ours": ours, "theirs": theirs}


def measure(side: str, precision: str, batch: int, count: int) -> Figures:
    """Seconds, after a first call that builds the graphs."""
    probabilities = SIDES[side](precision, batch)
    images, _ = digit_images(count)
    probabilities(images[:WARM_UP])
    return timed(lambda: probabilities(images))


@click.command()
@click.argument("side", type=click.Choice(list(SIDES)))
@click.argument("precision", type=click.Choice(["float32", "auto"]))
@click.option("--batch", default=128, show_default=True)
@click.option("--count", default=2800, show_default=True, help="Number of images.")
def main(side: str, precision: str, batch: int, count: int) -> None:
    report(measure(side, precision, batch, count))


if __name__ == "__main__":
    main()
