"""Images per second in training: the recipes of this project, compared with `fit` of Keras."""

from functools import partial

from benchmarks.measure import alternate, equal_settings, run, run_side_by_side
from benchmarks.table import Row, spread
from benchmarks.workers.throughput import COURSE

THROUGHPUT = "benchmarks.workers.throughput"
RECIPES = ("fast", "best", "deep")
TOGETHER = 2  # processes side by side
OTHER_NETWORK = (
    "Other networks: conv-deep is the course notebook's, in float32 and batches of 86, fed by "
    "ImageDataGenerator; it has 887,530 parameters. fast, best and deep have 61,402, 242,602 and "
    "289,066, in batches of 128, and bfloat16 where it is faster. More images per second "
    "do not mean a higher accuracy: see the rows about errors."
)
SIDE_BY_SIDE = (
    "The same in two processes at once on both sides, each with its default number of threads; "
    "the sum of both rates. The pipeline starts two by itself; a notebook needs a second kernel. "
    "The two do not start at the same moment, so one may run alone for a part of the time."
)
SAME_NETWORK = (
    "The same network, optimizer, limits of augmentation and batches. Ours uses bfloat16 where it "
    "is faster, batch normalization in one operation, and augments in another thread; "
    "theirs has Keras' defaults: float32, ImageDataGenerator."
)
EQUAL = (
    "The same network in float32, equal oneDNN and thread settings, no augmentation. What differs "
    "is batch normalization in one operation, and the training loop. `fit` starts again "
    "every 20 steps here, which makes it up to a tenth slower."
)


def throughput_rows(repeats: int) -> list[Row]:
    """Speeds of three seconds of training on images of 28 x 28, after a warm-up."""
    equal = partial(run, variables=equal_settings())
    ours, theirs, our_pair, their_pair, ours_equal, theirs_equal = alternate(
        repeats,
        partial(run, THROUGHPUT, "ours", *RECIPES),
        partial(run, THROUGHPUT, "theirs", *RECIPES, COURSE),
        partial(run_side_by_side, TOGETHER, THROUGHPUT, "ours", *RECIPES),
        partial(run_side_by_side, TOGETHER, THROUGHPUT, "theirs", COURSE),
        partial(equal, THROUGHPUT, "ours", "--equal", *RECIPES),
        partial(equal, THROUGHPUT, "theirs", "--equal", *RECIPES),
    )
    rows = []
    for words, note, our_figures, their_figures, other in (
        ("each with its defaults | conv-deep, fit", OTHER_NETWORK, ours, theirs, COURSE),
        ("two side by side | two of conv-deep, fit", SIDE_BY_SIDE, our_pair, their_pair, COURSE),
        ("each with its defaults | same network, fit", SAME_NETWORK, ours, theirs, None),
        ("equal settings | same network, fit", EQUAL, ours_equal, theirs_equal, None),
    ):
        for name in RECIPES:
            figures = (
                spread(our_figures, name, "images/s"),
                spread(their_figures, other or name, "images/s"),
            )
            rows.append(Row(f"train {name}, {words}", *figures, 1, note, higher_is_better=True))
    return rows
