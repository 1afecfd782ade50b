"""The data as the competition page shows it: balance, samples, augmented samples, label issues."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.competition.competition import Competition
from pipeline.report.explanation import load_explanation
from pipeline.report.spelling import setting
from pipeline.report.sprites import Sprite, digits_of, grey_sprite
from pipeline.runs.label_issues import LabelIssue
from pipeline.runs.run import Run

SAMPLES, BALANCE = 8, 50  # digits of each class; classes with samples
SUSPECTS = 50  # as pictures; the file has all
AUGMENTATIONS = 4  # different ones shown


def balance(competition: Competition) -> list[dict[str, Any]]:
    counts = np.bincount(competition.labels, minlength=len(competition.classes))
    return [
        {
            "name": name,
            "count": int(count),
            "share": count / counts.sum(),
            "bar": count / counts.max(),
        }
        for name, count in zip(competition.classes, counts, strict=True)
    ]


def _sample_rows(competition: Competition) -> list[tuple[int, npt.NDArray[np.int64]]]:
    classes = range(min(BALANCE, len(competition.classes)))
    return [(c, np.flatnonzero(competition.labels == c)[:SAMPLES]) for c in classes]


def samples(competition: Competition) -> tuple[list[list[Any]], Sprite]:
    """The first digits of each class, and their sprite."""
    chosen = _sample_rows(competition)
    sprite = digits_of(competition, np.concatenate([rows for _, rows in chosen]), "of-samples")
    return [[sprite.digit(row, f"row {row}") for row in rows] for _, rows in chosen], sprite


def augmented_samples(
    competition: Competition, runs: Sequence[Run]
) -> tuple[list[dict[str, Any]], list[Sprite]]:
    """Augmented samples beside their originals, once for each augmentation; and their sprites."""
    shown: list[dict[str, Any]] = []
    sprites: list[Sprite] = []
    seen: set[str] = set()
    for run in runs:
        augmentation = (run.record.get("recipe") or {}).get("augmentation") or {}
        arrays = load_explanation(run) if augmentation and len(shown) < AUGMENTATIONS else {}
        if "augmented" not in arrays or repr(augmentation) in seen:
            continue
        seen.add(repr(augmentation))
        rows, moved = arrays["augmented_rows"], arrays["augmented"]
        number = len(shown)
        originals = digits_of(competition, rows, f"of-originals{number}")
        copies = grey_sprite(moved.reshape(-1, *moved.shape[2:]), f"of-moved{number}")
        sprites += [originals, copies]
        each = moved.shape[1]
        shown.append(
            {
                "run": run.name,
                "settings": setting(augmentation),
                "groups": [
                    (
                        originals.digit(row, "original"),
                        [copies.digit(i * each + j, "augmented") for j in range(each)],
                    )
                    for i, row in enumerate(rows.tolist())
                ],
            }
        )
    return shown, sprites


def suspect_cards(
    competition: Competition, label_issues: Sequence[LabelIssue]
) -> tuple[list[dict[str, Any]], list[Sprite]]:
    """The likeliest label errors as cards, and their sprite."""
    shown = label_issues[:SUSPECTS]
    if not shown:
        return [], []
    sprite = digits_of(competition, [issue.row for issue in shown], "of-label_issues")
    return [_suspect_card(competition, sprite, issue) for issue in shown], [sprite]


def _suspect_card(competition: Competition, sprite: Sprite, issue: LabelIssue) -> dict[str, Any]:
    names = competition.classes[issue.label], competition.classes[issue.suggested]
    return {
        "row": issue.row,
        "truth": names[0],
        "predicted": names[1],
        "right": False,
        "of_truth": issue.of_label,
        "of_predicted": issue.of_suggested,
        "picture": sprite.digit(issue.row, f"row {issue.row}, labelled {names[0]}"),
    }
