"""The page of one run."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Labels, Probabilities, Rows
from pipeline.competition.competition import Competition
from pipeline.report.charts import histogram, learning_curves, reliability_diagram
from pipeline.report.explanation import explain
from pipeline.report.page import render
from pipeline.report.spelling import setting
from pipeline.report.sprites import Sprite, digits_of
from pipeline.runs.calibration import reliability
from pipeline.runs.history import load_history
from pipeline.runs.metrics import by_class, confusion, worst_errors
from pipeline.runs.run import Run

FIRST = 15  # predictions shown with all their probabilities, and digits least and most sure
EXAMPLES = 8  # right digits shown for a cell on the diagonal
# What run.json may say; a committee and older runs lack some.
FACTS = ("parameters", "fit_seconds", "epochs", "published", "members", "seed", "created")
MOST_CLASSES = 50  # of more, the matrix shows those with the most errors


@dataclass(frozen=True)
class Outcome:
    """A run on its validation rows.

    Attributes:
        rows, labels: (n,) of the training file.
        probabilities: (n, k).
        classes: their k names.
    """

    rows: Rows
    labels: Labels
    probabilities: Probabilities
    classes: tuple[str, ...]

    @cached_property
    def predicted(self) -> Labels:
        predicted: Labels = self.probabilities.argmax(axis=1)
        return predicted

    @cached_property
    def errors(self) -> npt.NDArray[np.int64]:
        """The places of all wrong rows, the worst first."""
        return worst_errors(self.probabilities, self.labels)

    @cached_property
    def by_confidence(self) -> npt.NDArray[np.int64]:
        """All places, the least sure prediction first."""
        return np.argsort(self.probabilities.max(axis=1), kind="stable")

    @cached_property
    def examples(self) -> npt.NDArray[np.int64]:
        """The places of right rows: of each class, those least sure."""
        right = self.by_confidence[(self.predicted == self.labels)[self.by_confidence]]
        each = EXAMPLES if len(self.classes) <= MOST_CLASSES else 2
        chosen = [right[self.labels[right] == label][:each] for label in range(len(self.classes))]
        return np.concatenate(chosen)


def run_page(competition: Competition, run: Run, place: str) -> str:
    """The page as HTML.

    Args:
        place: on the leaderboard, as people read it.
    """
    outcome = Outcome(*run.validation(), competition.classes)
    sprite = _sprite(competition, outcome)
    history = load_history(run)
    found = reliability(outcome.probabilities, outcome.labels)
    counts = confusion(outcome.labels, outcome.predicted, len(outcome.classes))
    explanation = explain(competition, run, sprite)
    return render(
        "run.html",
        title=run.name,
        competition=competition.name,
        classes=competition.classes,
        run=run,
        record={key: run.record.get(key) for key in FACTS},
        place=place,
        settings=_settings(run),
        curves=learning_curves(history, run.record.get("best_epoch")) if history else [],
        best_epoch=run.record.get("best_epoch"),
        matrix=_matrix(outcome, counts),
        scores=_class_scores(outcome, counts),
        histogram=histogram(outcome.probabilities, outcome.labels),
        reliability=found,
        diagram=reliability_diagram(found),
        errors=[_card(outcome, sprite, at) for at in outcome.errors],
        pairs=_pairs(outcome),
        examples=[_card(outcome, sprite, at) for at in outcome.examples],
        first=[_bars(outcome, sprite, at) for at in range(min(FIRST, len(outcome.rows)))],
        least=[_card(outcome, sprite, at) for at in outcome.by_confidence[:FIRST]],
        most=[_card(outcome, sprite, at) for at in outcome.by_confidence[::-1][:FIRST]],
        explanation=explanation,
        sprites=[sprite, *explanation.sprites],
    )


def _sprite(competition: Competition, outcome: Outcome) -> Sprite:
    ends = outcome.by_confidence
    places = [outcome.errors, outcome.examples, np.arange(len(ends))[:FIRST]]
    places += [ends[:FIRST], ends[::-1][:FIRST]]
    return digits_of(competition, outcome.rows[np.concatenate(places)], "of-rows")


def _card(outcome: Outcome, sprite: Sprite, at: int) -> dict[str, Any]:
    """A digit with its truth, what was predicted, and their probabilities."""
    truth, predicted = int(outcome.labels[at]), int(outcome.predicted[at])
    names = outcome.classes[truth], outcome.classes[predicted]
    row = int(outcome.rows[at])
    return {
        "row": row,
        "truth": names[0],
        "predicted": names[1],
        "right": truth == predicted,
        "of_truth": float(outcome.probabilities[at, truth]),
        "of_predicted": float(outcome.probabilities[at, predicted]),
        "picture": sprite.digit(row, f"row {row}"),
    }


def _bars(outcome: Outcome, sprite: Sprite, at: int) -> dict[str, Any]:
    """A card with the probabilities of all classes; of many, the ten largest."""
    order = np.argsort(-outcome.probabilities[at], kind="stable")[:10]
    shown = sorted(order.tolist())
    bars = [
        {
            "name": outcome.classes[label],
            "share": float(outcome.probabilities[at, label]),
            "kind": "truth"
            if label == outcome.labels[at]
            else ("wrong" if label == outcome.predicted[at] else ""),
        }
        for label in shown
    ]
    return _card(outcome, sprite, at) | {"bars": bars}


def _matrix(outcome: Outcome, counts: npt.NDArray[np.int64]) -> dict[str, Any]:
    """The confusion matrix's rows and cells; shares are of the true class."""
    wrong = counts.sum(axis=0) + counts.sum(axis=1) - 2 * counts.diagonal()
    shown = sorted(np.argsort(-wrong, kind="stable")[:MOST_CLASSES].tolist())
    support = np.maximum(counts.sum(axis=1), 1)
    rows = [
        {
            "name": outcome.classes[truth],
            "support": int(support[truth]),
            "cells": [
                {
                    "predicted": outcome.classes[predicted],
                    "count": int(counts[truth, predicted]),
                    "share": float(counts[truth, predicted] / support[truth]),
                    "right": truth == predicted,
                }
                for predicted in shown
            ],
        }
        for truth in shown
    ]
    return {
        "names": [outcome.classes[label] for label in shown],
        "rows": rows,
        "left_out": len(outcome.classes) - len(shown),
    }


def _class_scores(outcome: Outcome, counts: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
    scores = by_class(counts)
    return [
        {"name": name, "support": int(counts[label].sum())}
        | {key: float(values[label]) for key, values in scores.items()}
        for label, name in enumerate(outcome.classes)
    ]


def _pairs(outcome: Outcome) -> list[tuple[str, str, int]]:
    """(truth, predicted, errors) of each confused pair, the most frequent first."""
    pairs = Counter((int(outcome.labels[at]), int(outcome.predicted[at])) for at in outcome.errors)
    ordered = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return [
        (outcome.classes[truth], outcome.classes[predicted], count)
        for (truth, predicted), count in ordered
    ]


def _settings(run: Run) -> list[tuple[str, str]]:
    """The recipe's settings that say something, as text."""
    recipe = run.record.get("recipe") or {}
    return [
        (name, setting(value)) for name, value in recipe.items() if value not in (None, "", 0.0)
    ]
