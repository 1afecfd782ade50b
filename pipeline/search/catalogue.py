"""Every recipe and ensemble as a row of a table."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from pipeline.networks.build import build
from pipeline.networks.recipe import EnsembleRecipe, Recipe
from pipeline.recipes import ensembles, recipes
from pipeline.runs.run import Run

SHAPE, CLASSES = (28, 28, 1), 10


def catalogue(runs: Sequence[Run] = ()) -> pd.DataFrame:
    """A row for each recipe; parameters and input are those for 28 x 28 x 1 and 10 classes.

    Args:
        runs: finished runs of a competition; a recipe's best is shown beside the published score.

    Returns:
        name, parameters, input, epochs, published_accuracy, published_loss, published_on,
        our_accuracy, our_run, origin.
    """
    best: dict[str, Run] = {}
    for run in sorted(runs, key=lambda run: run.scores.accuracy):
        best[run.record.recipe] = run
    rows = [_row(recipe, recipe, best.get(recipe.name)) for recipe in recipes().values()]
    rows += [
        _row(ensemble, recipes()[ensemble.member], best.get(ensemble.name))
        for ensemble in ensembles().values()
    ]
    return pd.DataFrame(rows)


def _row(entry: Recipe | EnsembleRecipe, recipe: Recipe, best: Run | None) -> dict[str, object]:
    published = entry.published
    return {
        "name": entry.name,
        "parameters": published.parameters if published else _parameters(recipe),
        "input": "x".join(map(str, recipe.image_shape(SHAPE))),
        "epochs": recipe.epochs,
        "published_accuracy": published.accuracy if published else None,
        "published_loss": published.loss if published else None,
        "published_on": published.on if published else None,
        "our_accuracy": best.scores.accuracy if best else None,
        "our_run": best.name if best else None,
        "origin": entry.origin,
    }


def _parameters(recipe: Recipe) -> int:
    """Counted on the model; published recipes state theirs, and a test compares them."""
    shape = recipe.image_shape(SHAPE)
    recipe = replace(recipe, precision="float32")
    return int(build(recipe, shape, CLASSES, 0, 255, pretrained=False).model.count_params())
