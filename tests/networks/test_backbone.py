"""VGG16: its input, and its weights from files."""

import keras
import numpy as np
import pytest

from pipeline.errors import PipelineError
from pipeline.networks.backbone import load_backbone, weights_hash
from pipeline.networks.build import vgg16_input
from pipeline.networks.saving import model_bytes


@pytest.mark.parametrize(("low", "high"), [(0, 255), (0, 1), (0, 16), (-1, 1)])
def test_images_are_centred_exactly_as_vgg16_was_trained(low: float, high: float) -> None:
    colours = np.random.default_rng(0).uniform(0, 255, (4, 32, 32, 3)).astype(np.float32)
    images = keras.Input((32, 32, 3))
    model = keras.Model(images, vgg16_input(images, low, high))
    ours = model.predict_on_batch(colours / 255 * (high - low) + low)
    theirs = keras.applications.vgg16.preprocess_input(colours.copy())
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


@pytest.mark.parametrize("name", ["backbone.keras", "notop.weights.h5", "legacy.h5"])
def test_weights_load_from_every_file_that_keras_writes(name: str, tmp_path) -> None:
    backbone, path = load_backbone("none", (32, 32, 3)), tmp_path / name
    if name.endswith(".keras"):
        path.write_bytes(model_bytes(backbone))
    elif name.endswith(".weights.h5"):
        backbone.save_weights(path)
    else:
        backbone.save(path)
    other = load_backbone(str(path), (48, 48, 3))
    for one, two in zip(backbone.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_hash_of_weights_follows_their_content(tmp_path) -> None:
    path = tmp_path / "x.h5"
    path.write_bytes(b"one")
    before = weights_hash(str(path))
    path.write_bytes(b"another")
    assert weights_hash(str(path)) != before
    assert weights_hash("none") is None


def test_a_missing_weights_file_is_named(tmp_path) -> None:
    with pytest.raises(PipelineError, match=r"nowhere\.h5 does not exist"):
        load_backbone(str(tmp_path / "nowhere.h5"), (32, 32, 3))


@pytest.mark.parametrize("name", ["text.h5", "text.weights.h5", "text.keras", "text.csv"])
def test_a_file_in_another_format_is_refused(name: str, tmp_path) -> None:
    path = tmp_path / name
    path.write_text("label,pixel0\n")
    with pytest.raises(PipelineError, match="not a weights file") as caught:
        load_backbone(str(path), (32, 32, 3))
    assert caught.value.where == path


def test_without_a_network_the_message_says_what_to_download_and_where_to_put_it(
    tmp_path, monkeypatch
) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise Exception("URL fetch failure: [Errno -2] Name or service not known")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras.utils, "get_file", no_network)
    with pytest.raises(PipelineError) as caught:
        load_backbone("imagenet", (32, 32, 3))
    for part in ("notop.h5", "https://", str(tmp_path / "models"), "--weights none"):
        assert part in (caught.value.remedy or "")
