"""Ids + probabilities -> the CSV, in the competition's own form, checked before it appears."""

from pathlib import Path

import numpy as np

from pipeline.arrays import Probabilities
from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.files import csv_text, write_text
from pipeline.submission.check import faults
from pipeline.submission.format import submission_format


def write_submission(competition: Competition, probabilities: Probabilities, path: Path) -> None:
    """Writes the submission.

    Args:
        probabilities: (n, k), a row for each test row in file order.

    Raises:
        PipelineError: the probabilities are of other rows or classes, the file would be refused,
            or cannot be written.
    """
    expected = len(competition.test_pixels), len(competition.classes)
    if probabilities.shape != expected:
        raise PipelineError(
            f"The run's probabilities are of {probabilities.shape[0]} rows and "
            f"{probabilities.shape[1]} classes; {competition.folder} has {expected[0]} and "
            f"{expected[1]}."
        )
    if not np.isfinite(probabilities).all():
        raise PipelineError("The run's probabilities are not all numbers. Train it again.")
    form = submission_format(competition)
    text = csv_text(form.header, form.rows(probabilities))
    found = list(faults(form, text.encode()))
    if found:
        raise PipelineError(f"The submission would be refused: {'; '.join(found)}.")
    try:
        write_text(path, text)
    except OSError as error:
        raise PipelineError(f"{path} cannot be written: {error.strerror}.") from None
