"""Likely label errors: rows whose label the out-of-sample probabilities contradict."""

from dataclasses import dataclass

import numpy as np

from pipeline.arrays import Labels, Probabilities, Rows


@dataclass(frozen=True)
class LabelIssue:
    """A row whose label is likely wrong.

    Attributes:
        row: of the training file, counted from 0.
        label, suggested: class indices.
        of_label, of_suggested: their probabilities.
    """

    row: int
    label: int
    suggested: int
    of_label: float
    of_suggested: float


def find_issues(rows: Rows, labels: Labels, probabilities: Probabilities) -> list[LabelIssue]:
    """Confident learning (Northcutt et al., 2021) as cleanlab has it, the likeliest error first.

    Args:
        rows: (n,) of the training file.
        probabilities: (n, k) from models that did not train on these rows.
    """
    from cleanlab.filter import find_label_issues  # seconds, so only where it is needed

    if len(np.unique(labels)) < 2:
        return []
    places = find_label_issues(
        labels,
        probabilities.astype(np.float64),
        filter_by="prune_by_class",
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    return [_suspect(rows, labels, probabilities, place) for place in places.tolist()]


def _suspect(rows: Rows, labels: Labels, probabilities: Probabilities, place: int) -> LabelIssue:
    label, suggested = int(labels[place]), int(probabilities[place].argmax())
    return LabelIssue(
        int(rows[place]),
        label,
        suggested,
        float(probabilities[place, label]),
        float(probabilities[place, suggested]),
    )
