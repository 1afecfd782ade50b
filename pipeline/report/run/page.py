"""The page of one run."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from pipeline.arrays import Labels, Probabilities, Rows
from pipeline.competition.competition import Competition
from pipeline.evaluation.calibration import reliability
from pipeline.evaluation.leaderboard import choices
from pipeline.report.formatting import in_use
from pipeline.report.rendering import render
from pipeline.report.run.charts import histogram, learning_curves, reliability_diagram
from pipeline.report.run.explanation import explain
from pipeline.report.sprites import Sprite, training_images
from pipeline.runs.metrics import worst_errors
from pipeline.runs.ranking import interval_of, metric_of, value_of
from pipeline.runs.run import Run

FIRST = 15  # predictions shown with their probabilities; least and most confident ones
EXAMPLES = 8  # correct images shown for a cell on the diagonal
MAX_CLASSES = 50  # in the confusion matrix: the classes with the most errors
BARS = 10  # most probable classes of an image


@dataclass(frozen=True)
class Outcome:
    """The predictions of a run for its validation rows.

    Attributes:
        rows, labels: (n,), see `Validation`.
        file_rows: (n,) row numbers in the training file.
        probabilities: (n, k).
        classes: names of the k classes.
    """

    rows: Rows
    labels: Labels
    probabilities: Probabilities
    classes: tuple[str, ...]
    file_rows: Rows

    @cached_property
    def predicted(self) -> Labels:
        predicted: Labels = self.probabilities.argmax(axis=1)
        return predicted

    @cached_property
    def errors(self) -> npt.NDArray[np.int64]:
        """Indices of all wrong predictions, the worst first."""
        return worst_errors(self.probabilities, self.labels)

    @cached_property
    def by_confidence(self) -> npt.NDArray[np.int64]:
        """All indices, the least confident prediction first."""
        return np.argsort(self.probabilities.max(axis=1), kind="stable")

    @cached_property
    def examples(self) -> npt.NDArray[np.int64]:
        """Indices of correct predictions: the least confident ones of each class."""
        right = self.by_confidence[(self.predicted == self.labels)[self.by_confidence]]
        each = EXAMPLES if len(self.classes) <= MAX_CLASSES else 2
        chosen = [right[self.labels[right] == label][:each] for label in range(len(self.classes))]
        return np.concatenate(chosen)


def run_page(
    competition: Competition,
    run: Run,
    rank: str,
    linked: Collection[str],
    tuning: str | None = None,
) -> str:
    """The page as HTML.

    Args:
        rank: on the leaderboard, such as "2" or "1-3".
        linked: names of the runs that have pages.
        tuning: file name of the page of the tuning that found its settings.
    """
    validation, record = run.validation, run.record
    outcome = Outcome(
        validation.rows,
        validation.labels,
        validation.probabilities,
        competition.classes,
        competition.file_rows[validation.rows],
    )
    sprite = _sprite(competition, outcome)
    calibration = reliability(outcome.probabilities, outcome.labels)
    explanation = explain(competition, run, sprite)

    def cards(indices: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
        return [_card(outcome, sprite, index) for index in indices.tolist()]

    return render(
        "run.html",
        title=run.name,
        competition=competition.name,
        classes=competition.classes,
        metric=metric_of(run),
        value=value_of(run),
        interval=interval_of(run),
        record=record,
        candidates=[] if run.candidates is None else run.candidates.to_dict("records"),
        linked=linked,
        tuning=tuning,
        rank=rank,
        choices=choices(record),
        settings=in_use(record.settings),
        curves=[] if run.history is None else learning_curves(run.history, record.best_epoch),
        matrix=_matrix(outcome),
        class_scores=_class_scores(outcome),
        histogram=histogram(outcome.probabilities, outcome.labels),
        calibration_error=calibration.error,
        reliability=reliability_diagram(calibration),
        errors=cards(outcome.errors),
        pairs=_confused_pairs(outcome),
        examples=cards(outcome.examples),
        first=[_bars(outcome, sprite, index) for index in range(min(FIRST, len(outcome.rows)))],
        least=cards(outcome.by_confidence[:FIRST]),
        most=cards(outcome.by_confidence[::-1][:FIRST]),
        explanation=explanation,
        sprites=[sprite, *explanation.sprites],
    )


def _sprite(competition: Competition, outcome: Outcome) -> Sprite:
    """All validation images that the page shows."""
    ordered = outcome.by_confidence
    shown = [outcome.errors, outcome.examples, np.arange(len(ordered))[:FIRST]]
    shown += [ordered[:FIRST], ordered[::-1][:FIRST]]
    return training_images(competition, outcome.rows[np.concatenate(shown)], "of-rows")


def _card(outcome: Outcome, sprite: Sprite, index: int) -> dict[str, Any]:
    """An image with its label, its predicted class, and their probabilities."""
    label, predicted = int(outcome.labels[index]), int(outcome.predicted[index])
    return {
        "label": outcome.classes[label],
        "predicted": outcome.classes[predicted],
        "right": label == predicted,
        "of_label": float(outcome.probabilities[index, label]),
        "of_predicted": float(outcome.probabilities[index, predicted]),
        "image": sprite.image(outcome.rows[index], f"row {outcome.file_rows[index]}"),
    }


def _bars(outcome: Outcome, sprite: Sprite, index: int) -> dict[str, Any]:
    """A card with the probabilities of the most probable classes, in the order of the classes."""
    probabilities = outcome.probabilities[index]
    kinds = {int(outcome.predicted[index]): "wrong", int(outcome.labels[index]): "truth"}
    bars = [
        {
            "name": outcome.classes[label],
            "probability": float(probabilities[label]),
            "kind": kinds.get(label, ""),
        }
        for label in sorted(np.argsort(-probabilities, kind="stable")[:BARS].tolist())
    ]
    return _card(outcome, sprite, index) | {"bars": bars}


def _matrix(outcome: Outcome) -> dict[str, Any]:
    """The rows and cells of the confusion matrix; shares are those of the true class."""
    counts = confusion_matrix(outcome.labels, outcome.predicted, labels=range(len(outcome.classes)))
    errors = counts.sum(axis=0) + counts.sum(axis=1) - 2 * counts.diagonal()
    shown = sorted(np.argsort(-errors, kind="stable")[:MAX_CLASSES].tolist())
    support = np.maximum(counts.sum(axis=1), 1)
    rows = [
        {
            "name": outcome.classes[label],
            "support": int(support[label]),
            "cells": [
                {
                    "count": int(counts[label, predicted]),
                    "share": float(counts[label, predicted] / support[label]),
                    "right": label == predicted,
                }
                for predicted in shown
            ],
        }
        for label in shown
    ]
    return {
        "names": [outcome.classes[label] for label in shown],
        "rows": rows,
        "left_out": len(outcome.classes) - len(shown),
    }


def _class_scores(outcome: Outcome) -> list[dict[str, Any]]:
    """Precision, recall and F1 of each class, NaN where they are undefined; number of rows."""
    columns = precision_recall_fscore_support(
        outcome.labels,
        outcome.predicted,
        labels=range(len(outcome.classes)),
        zero_division=np.nan,
    )
    return [
        {
            "name": name,
            "shares": [float(precision), float(recall), float(f1)],
            "support": int(support),
        }
        for name, precision, recall, f1, support in zip(outcome.classes, *columns, strict=True)
    ]


def _confused_pairs(outcome: Outcome) -> list[tuple[str, str, int]]:
    """(label, predicted, number of rows) of each confused pair, the most frequent first."""
    labels, predicted = outcome.labels[outcome.errors], outcome.predicted[outcome.errors]
    pairs = Counter(zip(labels.tolist(), predicted.tolist(), strict=True))
    ordered = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return [
        (outcome.classes[label], outcome.classes[prediction], count)
        for (label, prediction), count in ordered
    ]
