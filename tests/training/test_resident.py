"""Images in the memory of a GPU: batches and augmentation are those of the processor.

No GPU is needed: the same operations run on the backend's device, which is the processor here.
"""

from dataclasses import Field, fields
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest

from pipeline.images.augmentation import Augmentation, augment
from pipeline.runs.run import Run
from pipeline.training import resident
from pipeline.training.batches import TrainingBatches
from pipeline.training.resident import FILLS, Resident, augment_on_device, place_on_gpu
from pipeline.training.train import train

LIMITS = {"rotation": 20.0, "zoom": 0.2, "shift": 0.2, "shear": 10.0}
SAME = ("model.keras", "validation.npy", "test.npy")


def waves(channels: int = 1) -> np.ndarray:
    """100 smooth float32 images."""
    down, across = np.mgrid[:20, :28].astype(np.float32)
    phase = np.arange(100 * channels, dtype=np.float32).reshape(100, 1, 1, channels)
    images = 100 + 90 * np.sin(across[..., None] / 4 + phase) * np.cos(down[..., None] / 5)
    return images.astype(np.float32)


def share_of_other_pixels(images: np.ndarray, augmentation: Augmentation) -> float:
    """The share of augmented pixels that differ by more than rounding (of 1/32 of a pixel)."""
    on_device = Resident(images)[np.arange(len(images))]
    found = augment_on_device(on_device, augmentation, np.random.default_rng(5))
    expected = augment(images, augmentation, np.random.default_rng(5))
    assert (found.shape, found.dtype.name) == (expected.shape, expected.dtype.name)
    return float((abs(np.asarray(found) - expected) > 2).mean())


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
def test_images_are_augmented_as_by_the_processor(interpolation, fill, channels) -> None:
    how = Augmentation(**LIMITS, fill=fill, interpolation=interpolation)
    assert share_of_other_pixels(waves(channels), how) < 0.005


@pytest.mark.parametrize("name", [*LIMITS, "fill", "interpolation"])
def test_each_setting_changes_more_pixels_than_rounding(name) -> None:
    """Else the test above could not find a setting that is not followed."""
    how = LIMITS | {"fill": "nearest", "interpolation": "nearest"}
    without = how | {name: {"fill": "reflect", "interpolation": "linear"}.get(name, 0.0)}
    one, two = (
        augment(waves(), Augmentation(**each), np.random.default_rng(5)) for each in (how, without)
    )
    assert (abs(one - two) > 2).mean() > 0.05


def test_a_setting_that_is_added_is_followed_or_left_to_the_processor(monkeypatch) -> None:
    monkeypatch.setattr(resident, "uses_accelerator", lambda: True)
    new = [each for each in fields(Augmentation) if each.name not in LIMITS]
    how = Augmentation(**LIMITS | {each.name: another_value(each) for each in new})
    on_gpu = isinstance(place_on_gpu(waves(), how), Resident)
    assert not on_gpu or share_of_other_pixels(waves(), how) < 0.005


def another_value(field: Field[Any]) -> Any:
    """A value of a setting that is not its default."""
    if field.name == "fill":
        return next(fill for fill in FILLS if fill != field.default)
    if get_origin(field.type) is Literal:
        return get_args(field.type)[-1]
    return True if field.default is False else 0.3


def test_batches_have_the_same_rows_and_labels_in_the_same_order() -> None:
    images = waves()
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


def test_an_epoch_continues_in_its_middle_with_the_same_batches() -> None:
    how = Augmentation(**LIMITS, interpolation="linear")
    batches = TrainingBatches(Resident(waves()), np.arange(100), np.arange(100), 20, how, 0)
    whole, rest = list(batches.epoch(1)), list(batches.epoch(1, first=3))
    assert len(rest) == 2
    for (one, labels), (two, same) in zip(whole[3:], rest, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(two))
        np.testing.assert_array_equal(labels, same)


def test_images_are_placed_on_a_gpu_if_they_are_small_and_can_be_augmented_there(
    monkeypatch,
) -> None:
    images, how = waves(), Augmentation(rotation=9, fill="reflect")
    assert place_on_gpu(images, how) is images  # there is no GPU
    monkeypatch.setattr(resident, "uses_accelerator", lambda: True)
    assert isinstance(place_on_gpu(images, how), Resident)
    assert isinstance(place_on_gpu(images, None), Resident)
    assert place_on_gpu(images, Augmentation(rotation=9, fill="noise")) is images
    monkeypatch.setattr(resident, "MAX_SIZE", images.nbytes - 1)
    assert place_on_gpu(images, how) is images


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
