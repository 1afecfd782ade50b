"""Pages that can be sent: thirty runs of 8,400 validation rows are to stay below 5 MB."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from finished_runs import finish

from pipeline.competition.competition import Competition
from pipeline.files import write_arrays, write_csv
from pipeline.report.report import write_report
from pipeline.runs.run import Run, list_runs

DIGITS = Path(__file__).parents[2] / "data" / "digits"
ROWS, SIDE = 600, 28
SKILLS = (0.5, 1.5, 3, 5)
RUNS, ERRORS, LIMIT = 30, 0.02 * 8_400, 5_000_000


@pytest.fixture(scope="module")
def handwriting(tmp_path_factory: pytest.TempPathFactory) -> Competition:
    """The digits that ship with the project, as large as those of MNIST."""
    small = Competition.load(DIGITS)
    images = small.train_pixels[:ROWS].reshape(-1, 8, 8).astype(np.float32) * 255 / 16
    large = [cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) for image in images]
    strokes = np.clip(2 * np.stack(large) - 128, 0, 255).astype(int).reshape(len(images), -1)
    folder = tmp_path_factory.mktemp("data") / "handwriting"
    folder.mkdir()
    header = [f"pixel{number}" for number in range(SIDE * SIDE)]
    rows = [[label, *image] for label, image in zip(small.labels, strokes.tolist(), strict=False)]
    write_csv(folder / "train.csv", ["label", *header], rows)
    write_csv(folder / "test.csv", header, strokes[:9].tolist())
    return Competition.load(folder)


@pytest.fixture(scope="module")
def runs(handwriting: Competition, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """With as many pictures of their models as a run keeps at most."""
    folder = tmp_path_factory.mktemp("runs") / "handwriting"
    facts = {"parameters": 44, "epochs": 5, "best_epoch": 4, "fit_seconds": 12.5}
    for number, skill in enumerate(SKILLS):
        finish(handwriting, folder / f"run{number}", skill, number, **facts)
    random = np.random.default_rng(0)
    for run in list_runs(folder):
        rows, labels, probabilities = run.validation()
        wrong = rows[probabilities.argmax(axis=1) != labels][:40]
        noise = np.minimum(random.exponential(45, (72, SIDE, SIDE)), 255).astype(np.uint8)
        arrays = {
            "feature_row": rows[:1],
            "features_0": noise[:16],
            "filters": noise[:32],
            "saliency": noise[32 : 32 + len(wrong)],
            "saliency_rows": wrong,
        }
        write_arrays(run.folder / "explanation.npz", arrays)
    return list_runs(folder)


def test_thirty_runs_that_err_in_two_rows_of_a_hundred_stay_below_five_megabytes(
    handwriting: Competition, runs: list[Run], tmp_path: Path
) -> None:
    report = write_report(handwriting, runs, tmp_path)
    pages = [tmp_path / "pages" / f"{run.name}.html" for run in runs]
    errors = [round((1 - run.scores["accuracy"]) * run.scores["n"]) for run in runs]
    of_error, of_page = np.polyfit(errors, [page.stat().st_size for page in pages], 1)
    assert max(errors) > 60
    # With thirty runs the competition's page is about three times as large as with four.
    assert 3 * report.stat().st_size + RUNS * (of_page + of_error * ERRORS) < LIMIT
