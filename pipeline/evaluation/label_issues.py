"""Label issues: rows whose label is likely wrong, by their out-of-sample probabilities."""

import warnings
from dataclasses import dataclass

import numpy as np

from pipeline.arrays import Labels, Probabilities, Rows


@dataclass(frozen=True)
class LabelIssue:
    """A row whose label is likely wrong.

    Attributes:
        row: row number of the training file, from 0.
        label, suggested: class indices.
        probability_of_label, probability_of_suggested: their probabilities.
    """

    row: int
    label: int
    suggested: int
    probability_of_label: float
    probability_of_suggested: float


def find_issues(rows: Rows, labels: Labels, probabilities: Probabilities) -> list[LabelIssue]:
    """Finds label issues by confident learning (Northcutt et al., 2021), the likeliest first.

    Args:
        rows: (n,) row numbers of the training file.
        labels: (n,) class indices.
        probabilities: (n, k) from models that did not train on these rows.
    """
    from cleanlab.filter import find_label_issues  # takes seconds to import

    if len(np.unique(labels)) < 2:
        return []
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # about rare classes
        indices = find_label_issues(
            labels,
            probabilities.astype(np.float64),
            filter_by="prune_by_class",
            return_indices_ranked_by="self_confidence",
            n_jobs=1,
        )
    return [_issue(rows, labels, probabilities, index) for index in indices.tolist()]


def _issue(rows: Rows, labels: Labels, probabilities: Probabilities, index: int) -> LabelIssue:
    label, suggested = int(labels[index]), int(probabilities[index].argmax())
    return LabelIssue(
        int(rows[index]),
        label,
        suggested,
        float(probabilities[index, label]),
        float(probabilities[index, suggested]),
    )
