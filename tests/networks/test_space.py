"""Search spaces: what a range accepts, and the space of every recipe."""

import pytest
from click.testing import CliRunner

import pipeline as pp
from pipeline.cli import main
from pipeline.config import flatten
from pipeline.errors import PipelineError
from pipeline.networks.recipe import FIXED
from pipeline.networks.space import Choice, Float, Integer, Space
from pipeline.recipes import find_recipe, recipes

SEARCHED = [
    (recipe.name, setting)
    for recipe in recipes().values()
    if recipe.space
    for setting in recipe.space.ranges
]


@pytest.mark.parametrize(("name", "setting"), SEARCHED)
def test_every_range_fits_its_setting_and_holds_its_default(name: str, setting: str) -> None:
    recipe = find_recipe(name)
    assert recipe.space is not None
    searched = recipe.space.ranges[setting]
    assert searched.contains(flatten(recipe, without=FIXED)[setting])
    for bound in searched.bounds():
        assert flatten(recipe.change(**{setting: bound}), without=FIXED)[setting] == bound


def test_the_published_search_space_is_shown() -> None:
    shown = pp.describe("tuned").settings.set_index("name")["space"]
    assert {name: text for name, text in shown.items() if text} == {
        "hidden.units": "64 to 512 by 32",
        "hidden.activation": "one of relu, sigmoid",
        "hidden.dropout": "0 to 0.5 by 0.1",
        "learning_rate": "one of 0.1, 0.01, 0.001, 0.0001",
    }
    shown = " ".join(CliRunner().invoke(main, ["models", "tuned"]).stdout.split())
    meaning = "number of units of the dense layer. Accepts an integer of at least 1."
    assert f"hidden.units=416 {meaning} Searched: 64 to 512 by 32." in shown
    assert "Searched" not in CliRunner().invoke(main, ["models", "transfer"]).stdout


def test_a_hidden_layer_is_set_only_where_the_layers_take_it() -> None:
    hidden = find_recipe("tuned").change(**{"hidden.units": "96"}).hidden
    assert hidden is not None
    assert (hidden.units, hidden.activation) == (96, "sigmoid")
    with pytest.raises(PipelineError, match="hidden has no effect"):
        find_recipe("conv2").change(**{"hidden.units": "96"})
    with pytest.raises(PipelineError, match="need a hidden layer"):
        find_recipe("tuned").change(hidden=None)


@pytest.mark.parametrize(
    ("searched", "value", "setting"),
    [
        (Float(1e-4, 1e-1, log=True), 0.0012345678, 0.0012345678),
        (Float(0.9, 0.9999), 0.99987, 0.99987),
        (Float(0, 0.5, step=0.1), 0.30000000000000004, 0.3),
        (Integer(64, 512, step=32), 96, 96),
        (Choice(("relu", "sigmoid")), "relu", "relu"),
    ],
)
def test_a_setting_is_the_number_that_was_searched(searched, value, setting) -> None:
    assert Space({"setting": searched}).settings({"setting": value}) == {"setting": setting}


@pytest.mark.parametrize(
    ("searched", "inside", "outside"),
    [
        (Float(0, 1), [0, 0.123, 1.0], [True, False, 1.1, "1", None]),
        (Float(0, 0.5, step=0.1), [0.1, 0.3, 0.30000000000000004], [0.25]),
        (Integer(0, 8, step=2), [0, 8], [True, False, 1, 10, 2.5]),
        (Choice((0, 1)), [0, 1], [False, True, 2]),
        (Choice((True, False)), [True], [0, 1]),
    ],
)
def test_a_range_contains_the_values_that_are_searched(searched, inside, outside) -> None:
    assert [value for value in [*inside, *outside] if searched.contains(value)] == inside


@pytest.mark.parametrize("kind", [Float, Integer])
def test_the_step_of_a_range_is_named(kind) -> None:
    with pytest.raises(TypeError):
        kind(0, 10, 2)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Float(1, 1),
        lambda: Float(0, 1, log=True),
        lambda: Float(0, 1, step=0.3),
        lambda: Float(1, 2, log=True, step=0.5),
        lambda: Integer(1, 10, step=2),
        lambda: Integer(1, 10, step=0),
        lambda: Choice((1,)),
        lambda: Choice((1, 1, 2)),
    ],
)
def test_a_range_without_sense_is_refused(make) -> None:
    with pytest.raises(PipelineError):
        make()


def test_the_rotation_of_a_recipe_for_images_at_every_angle_is_not_searched() -> None:
    searched = {name: find_recipe(name).space for name in ("deep", "deep-rotated")}
    ranges = {name: set(space.ranges) for name, space in searched.items() if space}
    assert ranges["deep"] - ranges["deep-rotated"] == {"augmentation.rotation"}
