"""Five members' probabilities of five views of each image, against `model.predict`."""

from functools import partial

from benchmarks.measure import alternate, equal_settings, run
from benchmarks.table import Row, spread

PREDICT = "benchmarks.workers.predict"
EQUAL = (
    "Equal settings, float32, batches of 128; theirs calls predict for each member and view, as "
    "notebooks do. One call on all views in an array would save some of its overhead."
)
DEFAULTS = (
    "Each with its defaults: ours has bfloat16 where it is faster, oneDNN and batches of "
    "128; theirs float32 and batches of 32."
)


def prediction_rows(repeats: int) -> list[Row]:
    """Seconds for a tenth of Digit Recognizer's 28,000 test rows."""
    rows = []
    for words, note, precision, batch, variables in (
        ("equal settings", EQUAL, "float32", 128, equal_settings()),
        ("each with its defaults", DEFAULTS, "auto", 32, {}),
    ):
        ours, theirs = alternate(
            repeats,
            partial(run, PREDICT, "ours", precision, variables=variables),
            partial(run, PREDICT, "theirs", precision, "--batch", batch, variables=variables),
        )
        for name, what in (("seconds", ""), ("cpu_seconds", ", CPU")):
            figures = spread(ours, name, "s"), spread(theirs, name, "s")
            target = TARGETS[words] if name == "seconds" else None
            title = f"predict 2,800 rows, 5 views, 5 members, {words}{what} | model.predict"
            rows.append(Row(title, *figures, target, note))
    return rows


TARGETS = {"equal settings": 1.0, "each with its defaults": 5.0}
