"""The folds of a competition, made once and saved beside its runs."""

import csv
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Rows
from pipeline.competition.competition import Competition
from pipeline.competition.folds import Fold, k_folds
from pipeline.errors import PipelineError
from pipeline.files import write_text
from pipeline.tables import csv_text

HEADER = ["row", "fold"]


def load_folds(competition: Competition, k: int, folder: Path) -> tuple[Fold, ...]:
    """The folds of the training rows, see `k_folds`; made and saved at the first call.

    The file `folds-5-<data>.csv` has a line for each training row: its number in the training
    file, from 0, and the fold that validates it, from 1. It has a checksum in a file of its
    own; a damaged file is made again, and a note says so.

    Args:
        k: number of folds.
        folder: the competition's runs.

    Raises:
        PipelineError: there are too few rows, or too few different images, for as many folds; or
            every class has fewer rows.
    """
    n, rows = len(competition.labels), competition.file_rows
    if not 2 <= k <= n // 2:
        raise PipelineError(f"{k} folds", expected=f"2 to {n // 2}, for {n} training rows")
    if (images := len(np.unique(competition.groups))) < k:
        raise PipelineError(
            f"{k} folds, but only {images} different images among {n} training rows",
            where=competition.train_source.path,
            expected="an image for each fold, as copies stay in the same fold",
        )
    if (largest := int(np.bincount(competition.labels).max())) < k:
        raise PipelineError(
            f"{k} folds, but no class has more than {largest} rows",
            where=competition.train_source.path,
            expected=f"at most {largest} folds",
        )
    seed = competition.overrides.split_seed
    seeded = f"-seed={seed}" if seed else ""
    path = folder / f"folds-{k}-{competition.fingerprint[:8]}{seeded}.csv"
    notes = _notes(competition)
    number = None
    if path.exists():
        number = _read(path, rows, k)
        notes += (f"{path} has no valid checksum, and is made again",) * (number is None)
    if number is None:
        folds = k_folds(competition.groups, competition.labels, k, seed)
        number = np.zeros(n, np.int64)
        for fold in folds:
            number[fold.validation] = fold.part
        _write(path, rows, number)
        return tuple(replace(fold, notes=fold.notes + notes) for fold in folds)
    return tuple(
        Fold(np.flatnonzero(number != part), np.flatnonzero(number == part), f"{part}of{k}",
             notes, part)
        for part in range(1, k + 1)
    )  # fmt: skip


def _notes(competition: Competition) -> tuple[str, ...]:
    rows = competition.validation_rows
    return (f"the {rows} rows of the validation file are in the folds, and train too",) * bool(rows)


def _write(path: Path, rows: Rows, number: npt.NDArray[np.int64]) -> None:
    table = csv_text(HEADER, zip(rows.tolist(), number.tolist(), strict=True))
    write_text(_checksum(path), f"{hashlib.sha256(table.encode()).hexdigest()}  {path.name}\n")
    write_text(path, table)


def _read(path: Path, numbers: Rows, k: int) -> npt.NDArray[np.int64] | None:
    """(n,) the fold of each row; None if the file is not what was written for these rows."""
    try:
        content = path.read_bytes()
        if _checksum(path).read_text() != f"{hashlib.sha256(content).hexdigest()}  {path.name}\n":
            return None
        lines = list(csv.reader(content.decode().splitlines()))[1:]
        table = np.array(lines, np.int64).reshape(len(lines), len(HEADER))
    except (OSError, ValueError, OverflowError):
        return None
    folds = np.unique(table[:, 1])
    whole = np.array_equal(table[:, 0], numbers) and np.array_equal(folds, np.arange(1, k + 1))
    return table[:, 1] if whole else None


def _checksum(path: Path) -> Path:
    """The file with its checksum, which `sha256sum -c` reads."""
    return path.with_name(f"{path.name}.sha256")
