"""Probabilities -> a submission file, which is checked before it is written."""

from pathlib import Path

import numpy as np

from pipeline.arrays import Probabilities
from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.files import write_text
from pipeline.submission.check import find_faults, raise_faults
from pipeline.submission.format import submission_format
from pipeline.tables import csv_text


def write_submission(competition: Competition, probabilities: Probabilities, path: Path) -> None:
    """Writes a submission in the competition's format.

    Args:
        probabilities: (n, k) for the test rows, in file order.

    Raises:
        PipelineError: the probabilities have another shape or are not finite, a grader would not
            accept the file, or it cannot be written.
    """
    rows, classes = len(competition.test_pixels), len(competition.classes)
    if probabilities.shape != (rows, classes):
        raise PipelineError(
            f"an array of shape {probabilities.shape}",
            where="probabilities",
            expected=f"({rows}, {classes}): a row for each test row, a column for each class",
        )
    if not np.isfinite(probabilities).all():
        raise PipelineError(
            "some values are not finite",
            where="probabilities",
            remedy="Train the run again with --fresh.",
        )
    expected = submission_format(competition)
    text = csv_text(expected.header, expected.rows(probabilities))
    raise_faults(find_faults(expected, text.encode()), path)
    write_text(path, text)
