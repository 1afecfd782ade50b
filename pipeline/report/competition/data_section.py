"""The data on a competition's page: class balance, samples, augmented samples, label issues."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.competition.competition import Competition
from pipeline.evaluation.label_issues import LabelIssue
from pipeline.report.formatting import in_use
from pipeline.report.sprites import Sprite, grey_sprite, row_name, training_images
from pipeline.runs.run import Run

SAMPLES, SAMPLED_CLASSES = 16, 50  # images of each class; classes with samples
ISSUES = 50  # shown as images; label_issues.csv has all
AUGMENTATIONS = 4  # different ones shown


def balance(competition: Competition) -> list[dict[str, Any]]:
    """Each class with its number and share of rows, and the length of its bar in 0..1."""
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


def samples(competition: Competition) -> tuple[list[list[Any]], Sprite]:
    """The first images of each class, and their sprite."""
    chosen = [
        np.flatnonzero(competition.labels == label)[:SAMPLES]
        for label in range(min(SAMPLED_CLASSES, len(competition.classes)))
    ]
    sprite = training_images(competition, np.concatenate(chosen), "of-samples")
    return [
        [sprite.image(row, row_name(competition, row)) for row in rows] for rows in chosen
    ], sprite


def augmented_samples(
    competition: Competition, runs: Sequence[Run]
) -> tuple[list[dict[str, Any]], list[Sprite]]:
    """Originals and their augmented copies, once for each augmentation, and their sprites."""
    by_settings: dict[str, Run] = {}
    for run in runs:
        settings = in_use(run.record.settings, part="augmentation")
        if settings and "augmented" in run.explanation:
            text = ", ".join(f"{name} {value}" for name, value in settings.items())
            by_settings.setdefault(text, run)
    sets, sprites = [], []
    for number, (text, run) in enumerate(list(by_settings.items())[:AUGMENTATIONS]):
        rows, pictures = run.explanation["augmented_rows"], run.explanation["augmented"]
        each = pictures.shape[1]
        originals = training_images(competition, rows, f"of-originals{number}")
        copies = grey_sprite(pictures.reshape(-1, *pictures.shape[2:]), f"of-augmented{number}")
        groups = [
            (
                originals.image(row, "original"),
                [copies.image(i * each + j, "augmented") for j in range(each)],
            )
            for i, row in enumerate(rows.tolist())
        ]
        sets.append({"run": run.name, "settings": text, "groups": groups})
        sprites += [originals, copies]
    return sets, sprites


def issue_cards(
    competition: Competition, issues: Sequence[LabelIssue]
) -> tuple[list[dict[str, Any]], list[Sprite]]:
    """The likeliest label issues as cards, and their sprite."""
    shown = issues[:ISSUES]
    if not shown:
        return [], []
    sprite = training_images(competition, [issue.row for issue in shown], "of-issues")
    return [_issue_card(competition, sprite, issue) for issue in shown], [sprite]


def _issue_card(competition: Competition, sprite: Sprite, issue: LabelIssue) -> dict[str, Any]:
    label = competition.classes[issue.label]
    return {
        "label": label,
        "predicted": competition.classes[issue.suggested],
        "right": False,
        "of_label": issue.probability_of_label,
        "of_predicted": issue.probability_of_suggested,
        "image": sprite.image(issue.row, f"{row_name(competition, issue.row)}, labelled {label}"),
    }
