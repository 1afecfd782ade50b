"""What a training was, epoch by epoch."""

import csv
import math

from pipeline.runs.run import Run

History = dict[str, list[float]]


def load_history(run: Run) -> History | None:
    """The columns of history.csv, a value an epoch, NaN where there is none.

    None for a run without one: a committee never trained.
    """
    path = run.folder / "history.csv"
    if not path.exists():
        return None
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        return None
    return {name: [_number(row[name]) for row in rows] for name in rows[0]}


def _number(text: str) -> float:
    return float(text) if text else math.nan
