"""VGG16: its input, and its weights from files."""

import keras
import numpy as np
import pytest

from pipeline.errors import PipelineError
from pipeline.networks.backbone import load_base, save_base
from pipeline.networks.build import vgg16_input


@pytest.mark.parametrize(("low", "high"), [(0, 255), (0, 1), (0, 16), (-1, 1)])
def test_images_are_centred_exactly_as_vgg16_was_trained(low: float, high: float) -> None:
    colours = np.random.default_rng(0).uniform(0, 255, (4, 32, 32, 3)).astype(np.float32)
    images = keras.Input((32, 32, 3))
    model = keras.Model(images, vgg16_input(images, low, high))
    ours = model.predict_on_batch(colours / 255 * (high - low) + low)
    theirs = keras.applications.vgg16.preprocess_input(colours.copy())
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_a_saved_base_loads_by_path_here_and_in_keras(tmp_path) -> None:
    base = load_base("none", (32, 32, 3))
    path = tmp_path / "vgg16_notop.h5"
    save_base(base, path)
    # Keras checks the layout by itself: VGG16(weights=PATH) loads its own no-top files.
    theirs = keras.applications.VGG16(weights=str(path), include_top=False)
    for other in (load_base(str(path), (48, 48, 3)), theirs):
        for one, two in zip(base.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)


def test_a_missing_weights_file_is_named(tmp_path) -> None:
    with pytest.raises(PipelineError, match=r"nowhere\.h5 does not exist"):
        load_base(str(tmp_path / "nowhere.h5"), (32, 32, 3))


def test_a_file_of_another_layout_is_refused(tmp_path) -> None:
    path = tmp_path / "text.h5"
    path.write_text("label,pixel0\n")
    with pytest.raises(PipelineError, match="no weights file"):
        load_base(str(path), (32, 32, 3))


def test_without_a_network_the_message_says_what_to_fetch_and_where_to_put_it(
    tmp_path, monkeypatch
) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise Exception("URL fetch failure: [Errno -2] Name or service not known")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras.applications, "VGG16", no_network)
    with pytest.raises(PipelineError) as caught:
        load_base("imagenet", (32, 32, 3))
    message = str(caught.value)
    for part in ("notop.h5", "https://", str(tmp_path / "models"), "--weights none"):
        assert part in message
