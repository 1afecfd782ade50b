"""Training with augmentation, and on a frozen backbone, against the course notebooks' ways."""

from functools import partial

from benchmarks.measure import alternate, equal_settings, run
from benchmarks.table import Row, spread

TRAIN, TRANSFER = "benchmarks.workers.train", "benchmarks.workers.transfer"
EQUAL = (
    "Equal oneDNN and thread settings, network, augmentation, batch and precision. What is left "
    "is the feeding of batches, and memory that the pipeline keeps instead of returning it."
)
DEFAULTS = (
    "Each with its defaults: the pipeline switches oneDNN on and sets the threads; the notebook "
    "could do so with two environment variables. Without AVX-512 this is most of the ratio."
)
EVERY_EPOCH = (
    "Neither augments, equal settings. Ours computes the features once for 100 epochs, theirs in "
    "each epoch, as a frozen backbone in a Sequential does. The ratio grows with the epochs."
)
BY_HAND = "The notebook computes the features once by hand, too."


def training_rows(repeats: int) -> list[Row]:
    """Milliseconds an image of `augmented`; seconds an epoch of `transfer`."""
    return [*augmented_rows(repeats), *transfer_rows(repeats)]


def augmented_rows(repeats: int) -> list[Row]:
    """With equal settings by the clock and in CPU time; and with each side's defaults."""
    what = "train conv2 augmented, an image"
    rows = []
    for settings, note, variables in (
        ("equal settings", EQUAL, equal_settings()),
        ("each with its defaults", DEFAULTS, {}),
    ):
        sides = [partial(run, TRAIN, side, variables=variables) for side in ("ours", "theirs")]
        ours, theirs = alternate(repeats, *sides)
        for name, words in (("milliseconds", ""), ("cpu_milliseconds", ", CPU")):
            figures = spread(ours, name, "ms"), spread(theirs, name, "ms")
            rows.append(Row(f"{what}, {settings}{words} | fit", *figures, 1, note))
    return rows


def transfer_rows(repeats: int) -> list[Row]:
    """Weights of VGG16 are random; they make no difference to the time."""
    settings = equal_settings()
    sides = ("ours", "theirs", "features")
    measured = alternate(repeats, *(partial(run, TRANSFER, s, variables=settings) for s in sides))
    ours, theirs, by_hand = (spread(figures, "seconds", "s") for figures in measured)
    what = "train transfer, not augmented, an epoch"
    return [
        Row(f"{what} | VGG16 in each epoch", ours, theirs, 20, EVERY_EPOCH),
        Row(f"{what} | features once", ours, by_hand, None, BY_HAND),
    ]
