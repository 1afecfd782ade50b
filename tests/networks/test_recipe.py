"""Settings of recipes, given as values or text."""

from dataclasses import replace
from typing import Any

import keras
import pytest

from pipeline.errors import PipelineError
from pipeline.images.augmentation import Augmentation
from pipeline.networks.build import build, compile_network
from pipeline.networks.recipe import Plateau, Recipe
from pipeline.recipes import find_recipe
from pipeline.training.callbacks import recipe_callbacks


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("epochs", "5", 5),
        ("epochs", 5, 5),
        ("learning_rate", "1e-4", 1e-4),
        ("optimizer", "adam", "adam"),
        ("restore_best", "false", False),
        ("early_stopping", "none", None),
        ("augmentation", "none", None),
        ("augmentation", None, None),
        ("tta_views", "5", 5),
    ],
)
def test_a_setting_takes_a_value_or_its_text(name: str, given: object, value: object) -> None:
    assert getattr(find_recipe("augmented").change(**{name: given}), name) == value


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda: Augmentation(fill="wrap"), "fill = 'wrap'"),  # type: ignore[arg-type]
        (lambda: Augmentation(zoom=-1), "zoom = -1"),
        (lambda: replace(find_recipe("dense"), tta_views=4), "tta_views = 4"),
        (lambda: Plateau(factor=2), "factor = 2"),
    ],
)
def test_values_are_checked_however_they_are_given(make, found: str) -> None:
    with pytest.raises(PipelineError) as caught:
        make()
    assert caught.value.found == found


def test_a_setting_of_a_part_leaves_the_others_as_they_are() -> None:
    before = find_recipe("augmented").augmentation
    after = find_recipe("augmented").change(**{"augmentation.rotation": "20"}).augmentation
    assert before is not None
    assert after is not None
    assert (after.rotation, after.shift) == (20, before.shift)


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("epochs", "many", "an integer of at least 1"),
        ("epochs", "none", "an integer of at least 1"),
        ("epochs", "0", "an integer of at least 1"),
        ("epochs", 2.5, "an integer of at least 1"),
        ("epochs", True, "an integer of at least 1"),
        ("batch_size", "-1", "an integer of at least 1"),
        ("learning_rate", "nan", "a number above 0"),
        ("learning_rate", "inf", "a number above 0"),
        ("learning_rate", "-0.1", "a number above 0"),
        ("optimizer", "sdg", "one of adadelta, adam, adamw, lion, nadam, rmsprop, sgd"),
        ("restore_best", "first", "true or false"),
        ("augmentation", "some", "nested settings after a dot, such as rotation, or none"),
        ("augmentation.fill", "wrap", "one of nearest, reflect, constant, noise"),
        ("backbone.frozen_until", "block9_pool", None),
        ("plateau.factor", "1", "a number of at least 0 and below 1"),
        ("momentum", "1", "a number of at least 0 and below 1"),
        ("tta_views", "4", "one of 1, 5, 9"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(name: str, given: object, expected: str) -> None:
    with pytest.raises(PipelineError) as caught:
        find_recipe("transfer").change(**{name: given})
    assert name in caught.value.found
    assert expected is None or caught.value.expected == expected


@pytest.mark.parametrize("name", ["epoch", "augmentation.rotate", "backbone.weights.x", "name"])
def test_an_unknown_setting_is_refused(name: str) -> None:
    with pytest.raises(PipelineError):
        find_recipe("transfer").change(**{name: "1"})


def test_a_recipe_without_a_backbone_takes_no_weights() -> None:
    with pytest.raises(PipelineError) as caught:
        find_recipe("dense").change(**{"backbone.weights": "none"})
    assert caught.value.where == "recipe 'dense'"
    assert "transfer" in (caught.value.remedy or "")


def test_an_optimizer_without_momentum_has_none_to_set() -> None:
    recipe = find_recipe("conv2").change(optimizer="adam")
    compile_network(keras.Sequential([keras.Input((2,))]), recipe)
    with pytest.raises(PipelineError) as caught:
        find_recipe("conv2").change(optimizer="adam", momentum=0.5)
    assert caught.value.expected == "one of the optimizers rmsprop, sgd"


def test_a_schedule_and_a_plateau_exclude_each_other() -> None:
    with pytest.raises(PipelineError, match="plateau=none"):
        find_recipe("dense").change(schedule="one-cycle")
    assert find_recipe("dense").change(schedule="one-cycle", plateau=None).plateau is None


def test_a_backbone_can_be_trained_whole() -> None:
    backbone = find_recipe("transfer").change(**{"backbone.frozen_until": "none"}).backbone
    assert backbone is not None
    assert backbone.frozen_until is None


def test_a_penalty_that_no_layer_has_is_refused() -> None:
    with pytest.raises(PipelineError, match="no L2 penalty"):
        find_recipe("dense").change(l2="0.1")
    assert find_recipe("lenet5-v2").change(l2="0").l2 == 0


def test_an_augmentation_can_be_added() -> None:
    augmentation = find_recipe("conv").change(**{"augmentation.rotation": "20"}).augmentation
    assert augmentation is not None
    assert augmentation.rotation == 20


def test_an_unknown_recipe_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(PipelineError) as caught:
        find_recipe("augmentd")
    said = "there is no recipe 'augmentd'. Did you mean 'augmented'? `pipeline models` lists all"
    assert str(caught.value) == f"{said} recipes."


def test_small_data_is_trained_for_more_epochs() -> None:
    fast = find_recipe("fast")
    assert fast.epochs_for(42_000) == fast.epochs
    assert fast.epochs_for(1_000) == -(-fast.min_steps // 8)  # batches of 128 rows


def test_the_shorter_side_of_an_image_is_enlarged() -> None:
    recipe = find_recipe("dense").change(min_side=16)
    assert recipe.image_shape((8, 16, 1)) == (16, 32, 1)
    assert recipe.image_shape((20, 16, 3)) == (20, 16, 3)


@pytest.mark.parametrize("written", ["1e-3", "0.001", ".001", " 1E-3 "])
def test_a_number_is_accepted_however_it_is_written(written: str) -> None:
    assert find_recipe("fast").change(learning_rate=written).learning_rate == 0.001


def test_the_plateau_of_a_recipe_is_that_of_keras() -> None:
    (plateau,) = recipe_callbacks(find_recipe("conv-10-plateau"))
    found = (plateau.monitor, plateau.factor, plateau.patience, plateau.min_lr)
    assert found == ("val_accuracy", 0.5, 3, 1e-5)


def test_epochs_that_are_asked_for_are_the_maximum() -> None:
    fast = find_recipe("fast")
    assert fast.change(epochs=5).epochs_for(1_000) == 5
    assert fast.change(epochs=5, min_steps=80).epochs_for(1_000) == 10


def test_the_precision_of_a_recipe_does_not_change_other_models() -> None:
    build(find_recipe("fast").change(precision="bfloat16"), (28, 28, 1), 10, 0, 255)
    assert keras.config.dtype_policy().name == "float32"
    assert keras.layers.Dense(3).compute_dtype == "float32"


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (None, "returns None. Expected a list of Keras layers. Is its `return` missing?"),
        (keras.layers.Flatten(), "returns Flatten. Expected a list of Keras layers."),
        ([keras.layers.Flatten(), 32], "returns a list with int. Expected a list of Keras layers."),
        (
            [keras.layers.Conv2D(2, 3)],
            "end with an output of shape 6 x 6 x 2 for each image. Expected a vector for each "
            "image. Add Flatten or GlobalAveragePooling2D.",
        ),
        *(
            (
                [keras.layers.Flatten(), *own],
                "the last layer of layers(recipe) is a softmax. Expected layers without it, "
                "because a softmax over the classes is added. Remove the softmax from `layers`.",
            )
            for own in (
                [keras.layers.Dense(10, activation="softmax")],
                [keras.layers.Dense(10), keras.layers.Activation("softmax")],
                [keras.layers.Dense(10), keras.layers.Softmax()],
            )
        ),
    ],
)
def test_layers_that_cannot_be_used_are_refused_by_name(made: Any, message: str) -> None:
    recipe = Recipe(name="mine", origin="me", layers=lambda recipe: made)
    with pytest.raises(PipelineError) as caught:
        build(recipe, (8, 8, 1), 10, 0, 16)
    assert caught.value.message.startswith("recipe mine: ")
    assert caught.value.message.endswith(message)
