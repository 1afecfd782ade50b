"""Settings of recipes, given as text."""

import pytest

from pipeline.errors import PipelineError
from pipeline.models import find_recipe
from pipeline.models.recipe import change


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("epochs=5", 5),
        ("learning_rate=1e-4", 1e-4),
        ("optimizer=adam", "adam"),
        ("early_stopping=none", None),
        ("augmentation=none", None),
    ],
)
def test_a_field_takes_text_in_its_own_type(text: str, value: object) -> None:
    name, _, given = text.partition("=")
    assert getattr(change(find_recipe("augmented"), {name: given}), name) == value


def test_a_part_changes_in_one_field_alone() -> None:
    before = find_recipe("augmented").augmentation
    after = change(find_recipe("augmented"), {"augmentation.rotation": "20"}).augmentation
    assert before is not None
    assert after is not None
    assert (after.rotation, after.shift) == (20, before.shift)


@pytest.mark.parametrize("text", ["epochs=many", "epochs=none", "name=x", "base.weights.x=1"])
def test_what_is_no_value_is_refused(text: str) -> None:
    name, _, given = text.partition("=")
    with pytest.raises(PipelineError):
        change(find_recipe("transfer"), {name: given})


def test_an_unknown_recipe_names_the_nearest_and_all() -> None:
    with pytest.raises(PipelineError, match=r"Did you mean 'augmented'.*dense"):
        find_recipe("augmentd")
