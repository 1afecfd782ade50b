"""Every recipe of the registry, without being named here."""

import json
from typing import Any

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.config import flatten
from pipeline.errors import PipelineError
from pipeline.networks.build import Network, build, compile_network
from pipeline.networks.recipe import FIXED, Recipe
from pipeline.networks.saving import architecture_hash, model_bytes
from pipeline.recipes import find_recipe, recipes

by_name = pytest.mark.parametrize("name", recipes())
# Of recipes with the same layers and optimizer, one is trained.
DIFFERENT = {(one.layers, one.optimizer, one.backbone): name for name, one in recipes().items()}


@pytest.fixture(scope="module")
def listed() -> dict[str, dict[str, Any]]:
    result = CliRunner().invoke(main, ["models", "--format", "json"])
    return {row["name"]: row for row in json.loads(result.stdout)}


def without_download(name: str) -> Recipe:
    recipe = find_recipe(name)
    return recipe.change(**{"backbone.weights": "none"}) if recipe.backbone else recipe


def network_for(name: str, shape: tuple[int, int, int], classes: int = 10) -> Network:
    recipe = without_download(name)
    return build(recipe, recipe.image_shape(shape), classes, 0, 255)


@by_name
def test_is_listed_with_the_parameters_that_it_has(name: str, listed) -> None:
    parameters = network_for(name, (28, 28, 1)).model.count_params()
    assert listed[name]["parameters"] == parameters
    published = find_recipe(name).published
    assert published is None or published.parameters == parameters


@by_name
def test_is_described_with_its_layers_and_the_meaning_of_every_setting(name: str) -> None:
    result = CliRunner().invoke(main, ["models", name, "--format", "json"])
    shown = json.loads(result.stdout)
    assert sum(layer["parameters"] for layer in shown["layers"]) == shown["parameters"]
    values = {setting["name"]: setting["value"] for setting in shown["settings"]}
    assert values == flatten(find_recipe(name), without=FIXED)
    assert all(setting["meaning"] and setting["accepts"] for setting in shown["settings"])
    assert not any("typing" in setting["accepts"] for setting in shown["settings"])


@by_name
@pytest.mark.parametrize("shape", [(8, 8, 1), (20, 20, 1), (32, 32, 3), (40, 36, 1)])
def test_takes_images_of_any_size_enlarged_where_it_must(
    name: str, shape: tuple[int, int, int]
) -> None:
    recipe = without_download(name)
    height, width, channels = recipe.image_shape(shape)
    assert (height, width) >= shape[:2]
    assert min(height, width) >= recipe.min_side
    assert channels == (recipe.channels or shape[2])
    if "vgg16" not in name and "transfer" not in name:
        assert network_for(name, shape, classes=3).model.output_shape == (None, 3)


@pytest.mark.parametrize("name", DIFFERENT.values())
def test_trains_a_step_and_gives_probabilities(name: str, tmp_path) -> None:
    network = network_for(name, (28, 28, 1), classes=3)
    shape = network.model.input_shape[1:]
    images = np.random.default_rng(0).integers(0, 256, (6, *shape)).astype(np.uint8)
    compile_network(network.model, without_download(name))
    before = [weight.numpy() for weight in network.model.trainable_weights]
    network.model.train_on_batch(images, np.array([0, 1, 2, 0, 1, 2]))
    after = [weight.numpy() for weight in network.model.trainable_weights]
    assert any((one != two).any() for one, two in zip(before, after, strict=True))

    # Not by `predict`, which makes a graph: that takes longer than the rest of this test.
    model = network.with_plain_layers().model
    probabilities = np.asarray(model(images))
    assert probabilities.shape == (6, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)

    path = tmp_path / "model.keras"
    path.write_bytes(model_bytes(model))
    other = keras.saving.load_model(path)
    np.testing.assert_array_equal(np.asarray(other([images])), probabilities)


@by_name
def test_an_unknown_setting_is_refused_with_the_nearest_name(name: str) -> None:
    with pytest.raises(PipelineError) as caught:
        find_recipe(name).change(epoch=3)
    assert caught.value.remedy == "Did you mean 'epochs'?"


@by_name
def test_is_the_same_model_however_often_it_is_built(name: str) -> None:
    hashes = {architecture_hash(network_for(name, (28, 28, 1)).model) for _ in range(2)}
    assert len(hashes) == 1
    assert architecture_hash(network_for(name, (28, 28, 1), classes=3).model) not in hashes
