"""The format of a competition's submission: header, ids, classes or probabilities."""

from dataclasses import dataclass

import numpy as np

from pipeline.arrays import Probabilities
from pipeline.competition.competition import Competition
from pipeline.competition.sample import class_columns, number_rows
from pipeline.errors import PipelineError

HEADER = ("Id", "Category")


@dataclass(frozen=True)
class SubmissionFormat:
    """What a submission must look like.

    Attributes:
        header: names of the columns; the first one holds the ids.
        ids: in the order of the rows.
        order: for each id, the index of its test row.
        classes: names of the classes.
        columns: for a submission of probabilities, the class of each column after the id; empty
            for a submission of classes, which has a single column after the id. Classes without
            training rows are in it, but not in `classes`.
    """

    header: tuple[str, ...]
    ids: tuple[str, ...]
    order: tuple[int, ...]
    classes: tuple[str, ...]
    columns: tuple[str, ...] = ()

    def rows(self, probabilities: Probabilities) -> list[list[str]]:
        """The rows of the submission, without the header.

        Args:
            probabilities: (n, k) for the test rows, in file order.
        """
        ordered = probabilities[list(self.order)]
        if self.columns:
            known = {name: ordered[:, index] for index, name in enumerate(self.classes)}
            never = np.zeros(len(ordered), np.float32)  # of a class without training rows
            columns = np.stack([known.get(name, never) for name in self.columns], axis=1)
            # Nine digits are enough to restore a float32 exactly.
            cells = [[f"{value:.9g}" for value in row] for row in columns.tolist()]
        else:
            cells = [[self.classes[best]] for best in np.argmax(ordered, axis=1)]
        return [[id, *row] for id, row in zip(self.ids, cells, strict=True)]


def submission_format(competition: Competition) -> SubmissionFormat:
    """The format of the sample submission; without one, `Id,Category` and ids from 0.

    Raises:
        PipelineError: there is no test file, or the sample has neither one column for the class
            nor one column for each class.
    """
    if not competition.has_test:
        raise PipelineError(
            "there is no test file, so there is nothing to submit",
            where=competition.folder,
            expected="test.csv beside the training file",
            remedy="Copy the test file into the folder, or name it with --test, and train again. "
            "`pipeline predict RUN FILE` predicts any file with a finished run.",
        )
    overrides, sample = competition.overrides, competition.sample
    ids, count = competition.test_ids, len(competition.test_pixels)
    if sample is not None:
        if ids is None and overrides.first_id is not None:
            ids = number_rows(overrides.first_id, count)
        rows = {id: row for row, id in enumerate(ids or sample.ids)}
        order = tuple(rows[id] for id in sample.ids)
        columns = class_columns(sample, competition.classes, overrides.classes)
        return SubmissionFormat(sample.header, sample.ids, order, competition.classes, columns)
    if ids is None or overrides.first_id is not None:
        ids = number_rows(overrides.first_id, count)
    header = overrides.submission_header or HEADER
    return SubmissionFormat(header, ids, tuple(range(count)), competition.classes)
