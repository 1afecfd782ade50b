"""The folds of a competition, made once and saved beside its runs."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.arrays import Rows
from pipeline.competition.competition import Competition
from pipeline.competition.folds import Fold, k_folds
from pipeline.errors import PipelineError
from pipeline.files import write_csv

HEADER = ["row", "fold"]


def load_folds(competition: Competition, k: int, folder: Path) -> tuple[Fold, ...]:
    """The folds of the training rows, see `k_folds`; made and saved at the first call.

    The file `folds-5-<data>.csv` has a line for each training row: its number in the training
    file, from 0, and the fold that validates it, from 1.

    Args:
        k: number of folds.
        folder: the competition's runs.

    Raises:
        PipelineError: there are fewer rows than folds, or the file is damaged.
    """
    n, rows = len(competition.labels), competition.file_rows
    if not 2 <= k <= n // 2:
        raise PipelineError(f"{k} folds", expected=f"2 to {n // 2}, for {n} training rows")
    seed = competition.overrides.split_seed
    seeded = f"-seed={seed}" if seed else ""
    path = folder / f"folds-{k}-{competition.fingerprint[:8]}{seeded}.csv"
    notes = _notes(competition)
    if not path.exists():
        folds = k_folds(competition.train_pixels, competition.labels, k, seed)
        number = np.zeros(n, np.int64)
        for fold in folds:
            number[fold.validation] = fold.part
        write_csv(path, HEADER, list(zip(rows.tolist(), number.tolist(), strict=True)))
        return tuple(replace(fold, notes=fold.notes + notes) for fold in folds)
    number = _read(path, rows, k)
    return tuple(
        Fold(np.flatnonzero(number != part), np.flatnonzero(number == part), f"{part}of{k}",
             notes, part)
        for part in range(1, k + 1)
    )  # fmt: skip


def _notes(competition: Competition) -> tuple[str, ...]:
    rows = competition.validation_rows
    return (f"the {rows} rows of the validation file are in the folds, and train too",) * bool(rows)


def _read(path: Path, numbers: Rows, k: int) -> np.ndarray:
    """(n,) the fold of each row. The file has these row numbers."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        table = np.array(rows[1:], np.int64)
        valid = rows[0] == HEADER and np.array_equal(table[:, 0], numbers)
        number = table[:, 1]
    except (ValueError, IndexError, csv.Error):
        valid = False
    if not valid or not np.array_equal(np.unique(number), np.arange(1, k + 1)):
        raise PipelineError(
            "the file of folds is damaged", where=path, remedy="Remove it; it is made again."
        )
    return number
