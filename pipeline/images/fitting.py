"""Which random transforms fit the images of a competition."""

from dataclasses import replace

import numpy as np

from pipeline.arrays import Images, Labels, Pixels
from pipeline.images.augmentation import Augmentation, Fill, is_smooth
from pipeline.machine import core_count

SAMPLE = 3000  # images
BACKGROUND = 0.9  # share of the most frequent value in the outermost pixels, from which it is one
CHANCE = 0.5
DEVIATIONS = 3.0  # standard deviations from chance that count as better
TREES, PARTS = 100, 3


def fit_augmentation(augmentation: Augmentation, images: Images, labels: Labels) -> Augmentation:
    """An augmentation with the fill and the rotation that fit the images.

    Images at every angle are rotated to every angle. Around a background of noise, noise is filled
    in; around a plain one, the nearest pixel.

    Args:
        augmentation: limits that fit upright images.
        images: (n, height, width, channels) of the training rows.
        labels: (n,) class indices.
    """
    fill = choose_fill(images) or augmentation.fill
    if has_all_angles(images) and not depends_on_angle(images, labels):
        # The corners of a rotated image are beyond the edge: a mirrored stroke there would be new.
        return replace(augmentation, rotation=180, fill="nearest" if fill == "reflect" else fill)
    return replace(augmentation, fill=fill)


def choose_fill(images: Images) -> Fill | None:
    """The fill that continues the background, or None if the outermost pixels do not tell."""
    some = images[:SAMPLE]
    sides = (some[:, :1], some[:, -1:], some[:, :, :1], some[:, :, -1:])
    channels = some.shape[-1]
    edge = np.concatenate([side.reshape(-1, channels) for side in sides])
    if all(_share_of_most_frequent(channel) >= BACKGROUND for channel in edge.T):
        return "nearest"
    rows, columns = np.concatenate(sides[:2]), np.concatenate(sides[2:])
    smooth = is_smooth(rows) or is_smooth(columns.transpose(0, 2, 1, 3))
    return None if smooth else "noise"


def _share_of_most_frequent(values: Pixels) -> float:
    _, counts = np.unique(values, return_counts=True)
    return float(counts.max() / len(values))


def has_all_angles(images: Images, seed: int = 0) -> bool:
    """Whether images are as frequent at every angle.

    A classifier learns to tell images from others that were turned by a quarter or half of the
    circle. If they are at every angle, it is right no more often than by chance. Where it cannot
    even tell them from images with swapped halves, it says nothing, and they count as upright.

    Args:
        images: (n, height, width, channels), square, else they are taken as upright.
    """
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.model_selection import cross_val_score

    random = np.random.default_rng(seed)
    some = images[random.permutation(len(images))[:SAMPLE]]  # whatever the order of the file
    if some.shape[1] != some.shape[2] or len(some) < 4 * PARTS:
        return False
    changed = np.arange(len(some)) % 2 == 1

    def can_tell(others: Images) -> bool:
        """Whether a classifier can tell half of the images from the others' other half."""
        seen = np.where(changed[:, None, None, None], others, some).reshape(len(some), -1)
        trees = ExtraTreesClassifier(TREES, random_state=seed, n_jobs=core_count())
        right = cross_val_score(trees, seen, changed, cv=PARTS).mean()
        return bool(right > CHANCE + DEVIATIONS * np.sqrt(CHANCE**2 / len(some)))

    swapped = np.roll(some, some.shape[2] // 2, axis=2)
    turned = [np.rot90(some, quarters, axes=(1, 2)) for quarters in (1, 2)]
    return can_tell(swapped) and not any(map(can_tell, turned))


def depends_on_angle(images: Images, labels: Labels, seed: int = 0) -> bool:
    """Whether the class of an image is another one when it is turned, such as that of an arrow.

    A classifier learns the classes from half of the images. It is then right less often for the
    other half, when these are turned.

    Args:
        images: (n, height, width, channels), square.
        labels: (n,) class indices.
    """
    from sklearn.ensemble import ExtraTreesClassifier

    rows = np.random.default_rng(seed).permutation(len(images))[:SAMPLE]
    known, others = rows[::2], rows[1::2]
    trees = ExtraTreesClassifier(TREES, random_state=seed, n_jobs=core_count())
    trees.fit(images[known].reshape(len(known), -1), labels[known])

    def share_right(quarters: int) -> float:
        seen = np.rot90(images[others], quarters, axes=(1, 2)).reshape(len(others), -1)
        return float((trees.predict(seen) == labels[others]).mean())

    margin = DEVIATIONS * np.sqrt(CHANCE**2 / len(others))
    return any(share_right(quarters) < share_right(0) - margin for quarters in (1, 2, 3))
