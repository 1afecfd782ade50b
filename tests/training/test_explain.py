"""What a run saves of its model."""

import numpy as np
import pytest

from pipeline.networks.build import build
from pipeline.networks.saliency import saliency
from pipeline.runs.metrics import worst_errors
from pipeline.training.explain import ERRORS, describe_layers
from pipeline.training.train import train


@pytest.mark.parametrize("name", ["dense", "augmented"])
def test_layers_filters_maps_and_saliency_are_saved(name: str, job, tiny, tmp_path) -> None:
    run = train(job(name, epochs=1), tiny, tmp_path)
    assert sum(layer.parameters for layer in run.layers) == run.record.parameters
    assert run.layers[-1].output == (3,)
    arrays = run.explanation
    assert len(arrays["filters"]) == 32
    found = run.validation
    worst = worst_errors(found.probabilities, found.labels)[:ERRORS]
    assert len(worst) == 0 or (arrays["saliency_rows"] == found.rows[worst]).all()
    assert ("augmented" in arrays) == (name == "augmented")
    assert all(array.dtype == np.uint8 for key, array in arrays.items() if "row" not in key)


def test_saliency_is_the_gradient_of_the_contrast(job, tiny) -> None:
    made = job("dense")
    model = build(made.recipe, (8, 8, 1), 3, 0, 255).model
    images = tiny.train_pixels[:2].reshape(2, 8, 8, 1).astype(np.float32)
    labels = np.array([0, 1])
    probabilities = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], np.float32)
    before = [weight.copy() for weight in model.get_weights()]
    found = saliency(model, images, labels, probabilities)

    def contrast(batch: np.ndarray) -> np.ndarray:
        logs = np.log(model.predict_on_batch(batch).astype(np.float64))
        return logs[[0, 1], [1, 2]] - logs[[0, 1], [0, 1]]

    step = np.zeros_like(images)
    step[:, 3, 5, 0] = 1.0
    numeric = (contrast(images + step) - contrast(images - step)) / 2
    # The loss that is differentiated is the mean of two images.
    np.testing.assert_allclose(found[:, 3, 5] * 2, np.abs(numeric), rtol=0.05, atol=1e-4)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_layers_of_a_backbone_are_described_too(job) -> None:
    made = job("transfer", **{"backbone.weights": "none"})
    network = build(made.recipe, made.recipe.image_shape((8, 8, 1)), 3, 0, 255)
    image = np.zeros((1, *made.recipe.image_shape((8, 8, 1))), np.float32)
    table, outputs = describe_layers(network.model, image)
    assert sum(layer.parameters for layer in table) == network.model.count_params()
    assert "block5_conv3" in [layer.name for layer in table]
    assert [output.shape for output in outputs] == [layer.output for layer in table]
