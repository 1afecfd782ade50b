"""Recipes and ensembles: all of them as rows of a table, or one in detail."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pipeline import config
from pipeline.networks.backend import keras
from pipeline.networks.build import build
from pipeline.networks.published import Published
from pipeline.networks.recipe import FIXED, EnsembleRecipe, Recipe
from pipeline.networks.space import Space
from pipeline.recipes import ensembles, find_recipe, recipes
from pipeline.runs.run import Run
from pipeline.training.explain import describe_layers

SHAPE, CLASSES = (28, 28, 1), 10


@dataclass(frozen=True)
class RecipeDescription:
    """A recipe or an ensemble, for images of 28 x 28 x 1 and 10 classes.

    Attributes:
        summary: what its layers are, in a sentence.
        origin: where it comes from.
        image_shape: (height, width, channels) that the model takes.
        parameters: number of parameters, of all members together.
        epochs: maximum number of epochs on large data.
        min_steps: minimum number of training steps, which takes more epochs on small data.
        published: the published score, if there is one.
        layers: layer, kind, output shape and parameters of each layer of the model, or of a member.
        settings: name, value, accepts, meaning and space of each setting: the value is the
            default, and the space is the range that `tune` searches, or an empty text.
        executions: number of trainings of a trial of `tune`.
        member: recipe of an ensemble's members.
        size: number of members.
    """

    name: str
    summary: str
    origin: str
    image_shape: tuple[int, int, int]
    parameters: int
    epochs: int
    min_steps: int
    published: Published | None
    layers: pd.DataFrame
    settings: pd.DataFrame
    member: str | None = None
    size: int = 1
    executions: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON values; tables are lists with an object for each row."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        tables = {name: values[name].to_dict("records") for name in ("layers", "settings")}
        return values | tables | {"published": self.published and asdict(self.published)}


def describe(name: str) -> RecipeDescription:
    """A recipe or ensemble in detail.

    Raises:
        PipelineError: there is no such recipe.
    """
    ensemble = ensembles().get(name)
    recipe = find_recipe(ensemble.member if ensemble else name)
    entry, size = ensemble or recipe, ensemble.size if ensemble else 1
    shape, model = recipe.image_shape(SHAPE), _model(recipe)
    layers, _ = describe_layers(model, np.zeros((1, *shape), np.uint8))
    settings = pd.DataFrame(config.describe(recipe, without=FIXED))
    space = recipe.space or Space({})
    settings["space"] = [str(space.ranges.get(name, "")) for name in settings["name"]]
    return RecipeDescription(
        name=name,
        summary=(recipe.layers.__doc__ or "").strip().partition("\n")[0],
        origin=entry.origin,
        image_shape=shape,
        parameters=size * model.count_params(),
        epochs=recipe.epochs,
        min_steps=recipe.min_steps,
        published=entry.published,
        layers=pd.DataFrame(
            {
                "layer": layer.name,
                "kind": layer.kind,
                "output": "x".join(map(str, layer.output)),
                "parameters": layer.parameters,
            }
            for layer in layers
        ),
        settings=settings.astype({"value": object}),
        member=ensemble.member if ensemble else None,
        size=size,
        executions=space.executions,
    )


def catalogue(runs: Sequence[Run] = ()) -> pd.DataFrame:
    """A row for each recipe; parameters and input are those for 28 x 28 x 1 and 10 classes.

    Args:
        runs: finished runs of a competition; a recipe's best is shown beside the published score.

    Returns:
        name, parameters, input, epochs, min_steps, published_accuracy, published_loss,
        published_on, our_accuracy, our_run, comparable, origin. On small data, epochs become as
        many as min_steps need. comparable is whether our images are of the shape and the classes
        of the published score; missing without a run or a published score.
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
        "parameters": published.parameters if published else _model(recipe).count_params(),
        "input": "x".join(map(str, recipe.image_shape(SHAPE))),
        "epochs": recipe.epochs,
        "min_steps": recipe.min_steps,
        "published_accuracy": published.accuracy if published else None,
        "published_loss": published.loss if published else None,
        "published_on": published.on if published else None,
        "our_accuracy": best.scores.accuracy if best else None,
        "our_run": best.name if best else None,
        "comparable": published.fits(best.record.data.shape, best.record.data.classes)
        if published and best
        else None,
        "origin": entry.origin,
    }


def _model(recipe: Recipe) -> keras.Model:
    """Its model in float32 with random weights."""
    shape = recipe.image_shape(SHAPE)
    recipe = replace(recipe, precision="float32")
    return build(recipe, shape, CLASSES, 0, 255, pretrained=False).model
