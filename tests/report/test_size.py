"""Pages that can be sent by mail: thirty runs with 8,402 validation rows stay below 12 MB."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from finished_runs import finish

from pipeline.competition.competition import Competition
from pipeline.report.report import write_pages
from pipeline.runs.run import Run
from pipeline.tables import write_csv

DIGITS = Path(__file__).parents[2] / "data" / "digits"
ROWS, SIDE = 600, 28
SHIFTS = ((0, 0), (2, 0), (0, 2), (2, 2))
SKILLS = (2, 2.5, 3, 3.5)
RUNS, ERRORS, LIMIT = 30, 0.02 * 8_402, 12_000_000


@pytest.fixture(scope="module")
def handwriting(tmp_path_factory: pytest.TempPathFactory) -> Competition:
    """The project's digits, enlarged to the size of MNIST, with shifted copies."""
    small = Competition.load(DIGITS)
    images = small.train_pixels[:ROWS].reshape(-1, 8, 8).astype(np.float32) * 255 / 16
    large = [cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for image in images]
    strokes = np.clip(2 * np.stack(large) - 128, 0, 255).astype(int)
    shifted = np.concatenate([np.roll(strokes, shift, axis=(1, 2)) for shift in SHIFTS])
    pixels, labels = shifted.reshape(len(shifted), -1), np.tile(small.labels[:ROWS], len(SHIFTS))
    folder = tmp_path_factory.mktemp("data") / "handwriting"
    folder.mkdir()
    header = [f"pixel{number}" for number in range(SIDE * SIDE)]
    rows = np.column_stack([labels, pixels]).tolist()
    write_csv(folder / "train.csv", ["label", *header], rows)
    write_csv(folder / "test.csv", header, pixels[:9].tolist())
    return Competition.load(folder)


@pytest.fixture(scope="module")
def runs(handwriting: Competition, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    folder = tmp_path_factory.mktemp("runs") / "handwriting"
    return [
        finish(handwriting, folder / f"run{number}", skill, draw=number)
        for number, skill in enumerate(SKILLS)
    ]


def test_thirty_runs_with_two_percent_errors_stay_below_the_limit(
    handwriting: Competition, runs: list[Run], tmp_path: Path
) -> None:
    report = write_pages(handwriting, runs, tmp_path)
    pages = [tmp_path / "pages" / f"{run.name}.html" for run in runs]
    errors = [round((1 - run.scores.accuracy) * run.scores.n) for run in runs]
    per_error, constant = np.polyfit(errors, [page.stat().st_size for page in pages], 1)
    assert min(errors) < ERRORS < max(errors)
    assert max(errors) < runs[0].scores.n / 2  # a sprite of all rows would not grow with errors
    # With thirty runs the competition's page is about three times as large as with four.
    assert 3 * report.stat().st_size + RUNS * (constant + per_error * ERRORS) < LIMIT
