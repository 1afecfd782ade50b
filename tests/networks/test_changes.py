"""Settings of recipes, given as text."""

import keras
import pytest

from pipeline.errors import PipelineError
from pipeline.networks.build import compile_network
from pipeline.networks.changes import change
from pipeline.recipes import find_recipe


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


@pytest.mark.parametrize(
    "text",
    [
        "epochs=many",
        "epochs=none",
        "epochs=0",
        "batch_size=-1",
        "learning_rate=nan",
        "learning_rate=-0.1",
        "optimizer=sdg",
        "keep=first",
        "augmentation=some",
        "augmentation.fill=wrap",
        "name=x",
        "base.weights.x=1",
        "base.frozen_until=block9_pool",
        "plateau.factor=1",
        "momentum=1",
    ],
)
def test_what_is_no_value_is_refused(text: str) -> None:
    name, _, given = text.partition("=")
    with pytest.raises(PipelineError):
        change(find_recipe("transfer"), {name: given})


def test_a_recipe_without_a_pretrained_base_takes_no_weights_for_it() -> None:
    with pytest.raises(PipelineError, match="nothing of which"):
        change(find_recipe("dense"), {"base.weights": "none"})


def test_another_optimizer_needs_no_momentum_and_has_none_to_set() -> None:
    recipe = change(find_recipe("conv2"), {"optimizer": "adam"})
    compile_network(keras.Sequential([keras.Input((2,))]), recipe, steps=1)
    with pytest.raises(PipelineError, match="with adam, which has no momentum"):
        change(find_recipe("conv2"), {"optimizer": "adam", "momentum": "0.5"})


def test_a_schedule_and_a_plateau_are_not_had_together() -> None:
    with pytest.raises(PipelineError, match="plateau=none"):
        change(find_recipe("dense"), {"schedule": "one-cycle"})
    assert change(find_recipe("dense"), {"schedule": "one-cycle", "plateau": "none"})


def test_a_base_can_be_trained_whole() -> None:
    base = change(find_recipe("transfer"), {"base.frozen_until": "none"}).base
    assert base is not None
    assert base.frozen_until is None


def test_a_penalty_that_no_layer_has_is_refused() -> None:
    with pytest.raises(PipelineError, match="no L2 penalty in its layers"):
        change(find_recipe("dense"), {"l2": "0.1"})
    assert change(find_recipe("lenet5-v2"), {"l2": "0"}).l2 == 0


def test_an_augmentation_can_be_added_to_a_recipe_without_one() -> None:
    augmentation = change(find_recipe("conv"), {"augmentation.rotation": "20"}).augmentation
    assert augmentation is not None
    assert augmentation.rotation == 20


def test_an_unknown_recipe_names_the_nearest_and_all() -> None:
    with pytest.raises(PipelineError, match=r"Did you mean 'augmented'.*dense"):
        find_recipe("augmentd")


def test_few_rows_are_gone_through_more_often() -> None:
    fast = find_recipe("fast")
    assert fast.epochs_for(42_000) == fast.epochs
    assert fast.epochs_for(1_000) == -(-fast.min_steps // 8)  # of 128 rows


def test_epochs_that_are_asked_for_are_the_most_there_will_be() -> None:
    fast = find_recipe("fast")
    assert change(fast, {"epochs": "5"}).epochs_for(1_000) == 5
    steps = {"epochs": "5", "min_steps": "80"}
    assert change(fast, steps).epochs_for(1_000) == 10
