"""The form of a competition's submission: header, ids, and what stands beside an id."""

from dataclasses import dataclass

import numpy as np

from pipeline.arrays import Probabilities
from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError

HEADER = ("Id", "Category")


@dataclass(frozen=True)
class SubmissionFormat:
    """What a submission must look like.

    Attributes:
        header: the columns' names, the id's first.
        ids: in the order to be written.
        order: for each id, the test row it belongs to, from 0.
        classes: as they are to be spelt.
        columns: the classes of the columns after the id where probabilities are asked for, else
            empty: then the one column holds a class.
    """

    header: tuple[str, ...]
    ids: tuple[str, ...]
    order: tuple[int, ...]
    classes: tuple[str, ...]
    columns: tuple[str, ...] = ()

    def rows(self, probabilities: Probabilities) -> list[list[str]]:
        """(n, k) probabilities of the test rows, in file order -> the submission's rows."""
        ordered = probabilities[list(self.order)]
        if self.columns:
            ordered = ordered[:, [self.classes.index(column) for column in self.columns]]
            # Nine digits bring a float32 back exactly.
            cells = [[f"{value:.9g}" for value in row] for row in ordered.tolist()]
        else:
            cells = [[self.classes[best]] for best in np.argmax(ordered, axis=1)]
        return [[id, *row] for id, row in zip(self.ids, cells, strict=True)]


def submission_format(competition: Competition) -> SubmissionFormat:
    """The sample submission's form where there is one, else `Id,Category` with ids from 0.

    Raises:
        PipelineError: the sample's columns are neither one nor one for each class.
    """
    overrides, sample, rows = (
        competition.overrides,
        competition.sample,
        len(competition.test_pixels),
    )
    own = competition.test_ids
    if sample is None:
        header, first = overrides.submission_header or HEADER, overrides.first_id
        if own is None or first is not None:
            own = tuple(str((first or 0) + row) for row in range(rows))
        return SubmissionFormat(header, own, tuple(range(rows)), competition.classes)
    place = {id: row for row, id in enumerate(own or sample.ids)}
    order = tuple(place[id] for id in sample.ids)
    form = SubmissionFormat(sample.header, sample.ids, order, competition.classes)
    if len(sample.header) == 2:
        return form
    columns = tuple(_class_of(name, competition.classes) for name in sample.header[1:])
    if sorted(columns) != sorted(competition.classes):
        raise PipelineError(
            f"{sample.path} has the columns {', '.join(sample.header[1:])} after the id. Expected "
            f"one column for the class, or one for each of the classes "
            f"{', '.join(competition.classes)}."
        )
    return SubmissionFormat(sample.header, sample.ids, order, competition.classes, columns)


def _class_of(column: str, classes: tuple[str, ...]) -> str:
    """The class that a probability column is named after: '7', 'class_7', 'p7'."""
    if column in classes:
        return column
    ends = [name for name in classes if column.endswith(name)]
    return max(ends, key=len, default="")
