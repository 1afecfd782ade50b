"""Images in the memory of a GPU: batches and augmentation are those of the processor.

No GPU is needed: the same operations run on the backend's device, which is the processor here.
"""

from dataclasses import Field, fields
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest

from pipeline.images.augmentation import Augmentation, Fill, augment
from pipeline.runs.run import Run
from pipeline.training import resident
from pipeline.training.batches import TrainingBatches
from pipeline.training.resident import Resident, augment_resident, place
from pipeline.training.train import train

LIMITS = {"rotation": 20, "zoom": 0.2, "shift": 0.2, "shear": 10}
SAME = ("model.keras", "validation.npy", "test.npy")


def smooth_images(height: int = 20, width: int = 28, channels: int = 1) -> np.ndarray:
    """100 float32 images of waves, whose border has the value 50."""
    down, across = np.mgrid[:height, :width].astype(np.float32)
    phase = np.arange(100 * channels, dtype=np.float32).reshape(100, 1, 1, channels)
    images = 100 + 90 * np.sin(across[..., None] / 4 + phase) * np.cos(down[..., None] / 5)
    images[:, [0, -1]] = images[:, :, [0, -1]] = 50
    return images.astype(np.float32)


def both_ways(images: np.ndarray, augmentation: Augmentation) -> list[np.ndarray]:
    """The augmented images, those of the processor first."""
    on_device = Resident(images)[np.arange(len(images))]
    random = (np.random.default_rng(5), np.random.default_rng(5))
    found = augment_resident(on_device, augmentation, random[1])
    return [augment(images, augmentation, random[0]), np.asarray(found)]


def setting(field: Field[Any]) -> Any:
    """A value other than the default of a setting of Augmentation."""
    if get_origin(field.type) is Literal:
        return next(value for value in get_args(field.type) if value != field.default)
    return True if field.default is False else 0.3


@pytest.mark.parametrize("field", fields(Augmentation), ids=lambda field: field.name)
def test_each_setting_is_followed(field) -> None:
    """Also one that is added later."""
    how = {"shift": 3, "interpolation": "linear", field.name: setting(field)}
    one, two = both_ways(smooth_images(), Augmentation(**how))
    assert (abs(one - two) > 2).mean() < 0.005


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("fill", get_args(Fill))
@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
def test_images_are_augmented_as_by_the_processor(interpolation, fill, channels) -> None:
    how = Augmentation(**LIMITS, fill=fill, interpolation=interpolation)
    one, two = both_ways(smooth_images(channels=channels), how)
    assert (one.shape, one.dtype) == (two.shape, two.dtype)
    different = (abs(one - two) > 2).mean()  # OpenCV rounds coordinates to 1/32 of a pixel
    assert different < 0.005
    assert (abs(one - smooth_images(channels=channels)) > 2).mean() > 0.3


def test_noise_is_drawn_from_the_border_of_the_same_image() -> None:
    images = np.full((40, 12, 12, 1), -1, np.float32)
    numbers = np.random.default_rng(0).integers(0, 50, images.shape)
    border = np.ones((12, 12, 1), bool)
    border[1:-1, 1:-1] = False
    images[:, border] = (numbers + 1000 * np.arange(40)[:, None, None, None])[:, border]
    how = Augmentation(shift=5, fill="noise", interpolation="nearest")
    _, found = both_ways(images, how)
    for number, (before, after) in enumerate(zip(images, found, strict=True)):
        assert set(after.ravel()) <= set(before.ravel()), number
    exposed = found[:, 0, :, 0][(found[:, 0, :, 0] >= 0)] % 1000
    assert exposed.std() == pytest.approx(50 / np.sqrt(12), rel=0.15)
    assert not np.array_equal(found[0, 0], found[0, 1])


def test_the_random_generator_decides_the_draws() -> None:
    how = Augmentation(**LIMITS, fill="noise", interpolation="linear")
    images = Resident(np.random.default_rng(0).random((30, 9, 9, 1), np.float32))[np.arange(30)]
    one, two, other = (
        np.asarray(augment_resident(images, how, np.random.default_rng(seed))) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


def test_batches_have_the_same_rows_and_labels_in_the_same_order() -> None:
    images = smooth_images()
    for epoch in range(2):
        found = [
            list(
                TrainingBatches(inputs, np.arange(100), np.arange(3, 90), 20, None, 0).epoch(epoch)
            )
            for inputs in (images, Resident(images))
        ]
        for (one, labels), (two, same) in zip(*found, strict=True):
            np.testing.assert_array_equal(one, np.asarray(two))
            np.testing.assert_array_equal(labels, same)


def test_images_stay_in_the_memory_of_the_processor_if_they_are_too_large(monkeypatch) -> None:
    images = smooth_images()
    assert place(images) is images  # there is no GPU
    monkeypatch.setattr(resident, "uses_accelerator", lambda: True)
    assert isinstance(place(images), Resident)
    monkeypatch.setattr(resident, "MAX_SIZE", images.nbytes - 1)
    assert place(images) is images


def test_a_training_gives_nearly_the_same_losses_and_is_repeatable(
    job, tiny, tmp_path, monkeypatch
) -> None:
    made = job("conv-10-augmented", epochs=2)
    on_processor = train(made, tiny, tmp_path / "processor")
    monkeypatch.setattr(resident, "uses_accelerator", lambda: True)
    one, two = (train(made, tiny, tmp_path / folder) for folder in ("one", "two"))
    assert checksums(one) == checksums(two)
    assert checksums(one) != checksums(on_processor)
    np.testing.assert_allclose(losses(one), losses(on_processor), rtol=0.02)


def checksums(run: Run) -> list[str]:
    return [run.checksums[name] for name in SAME]


def losses(run: Run) -> Any:
    return run.history["loss"]
