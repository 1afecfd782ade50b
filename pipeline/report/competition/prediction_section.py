"""The test predictions on a competition's page: what would be submitted, and how certain it is."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from pipeline.arrays import Probabilities
from pipeline.competition.competition import Competition
from pipeline.competition.overrides import FILE, WITHOUT_OPTION, load_overrides
from pipeline.config import differences
from pipeline.report.sprites import Sprite, pixel_images
from pipeline.runs.run import Run

LEAST_CERTAIN = 28  # rows shown as pictures


def predictions(
    competition: Competition, run: Run, runs: Path
) -> tuple[dict[str, Any] | None, list[Sprite]]:
    """The predictions of a run for the test rows, and their sprite; none without test rows.

    Args:
        run: the run that is submitted by default.
        runs: the folder of all runs.
    """
    if not len(competition.test_pixels):
        return None, []
    probabilities = run.test_probabilities
    rows = np.argsort(probabilities.max(axis=1), kind="stable")[:LEAST_CERTAIN]
    sprite = pixel_images(competition.schema, competition.test_pixels, rows, "of-test")
    settings, command = how_to_submit(competition, runs)
    content = {
        "run": run,
        "settings": settings,
        "settings_file": competition.folder / FILE,
        "command": command,
        "classes": _class_shares(competition, probabilities),
        "least": [_guess(competition, probabilities, sprite, row) for row in rows.tolist()],
        "certainty": float(probabilities.max(axis=1).mean()),
        "validation_certainty": float(run.validation.probabilities.max(axis=1).mean()),
    }
    return content, [sprite]


def how_to_submit(competition: Competition, runs: Path) -> tuple[list[str], str]:
    """Lines that competition.toml needs, and the command that then submits the best run.

    Both are the schema overrides that competition.toml does not have yet, so that the files are
    read alike. Those that have no option become lines.
    """
    given = differences(load_overrides(competition.folder, {}), competition.overrides)
    lines = [  # these values are written in TOML as in JSON
        f"{name} = {json.dumps(value, ensure_ascii=False)}"
        for name, value in given.items()
        if name in WITHOUT_OPTION
    ]
    options = _options({n: value for n, value in given.items() if n not in WITHOUT_OPTION})
    words = ["pipeline", "submit", str(competition.folder), *options, "--runs", str(runs)]
    return lines, shlex.join(words)


def _options(overrides: Mapping[str, Any]) -> list[str]:
    words = []
    for override, value in overrides.items():
        name = override.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{name}" if value else f"--no-{name}")
        elif name == "shape":
            words += [f"--{name}", "x".join(map(str, value))]
        else:
            values = value if isinstance(value, tuple) else (value,)
            words += [f"--{name}", *map(str, values)]
    return words


def _class_shares(competition: Competition, probabilities: Probabilities) -> list[dict[str, Any]]:
    """How often each class is predicted, and its shares of the test and the training rows."""
    classes = competition.classes
    counts, in_training = (
        np.bincount(labels, minlength=len(classes))
        for labels in (probabilities.argmax(axis=1), competition.labels)
    )
    shares, training_shares = counts / counts.sum(), in_training / in_training.sum()
    longest = max(shares.max(), training_shares.max())
    return [
        {
            "name": name,
            "count": int(counts[label]),
            "share": float(shares[label]),
            "training_share": float(training_shares[label]),
            "bar": float(shares[label] / longest),
            "training_bar": float(training_shares[label] / longest),
        }
        for label, name in enumerate(classes)
    ]


def _guess(
    competition: Competition, probabilities: Probabilities, sprite: Sprite, row: int
) -> dict[str, Any]:
    """A test image with its two most probable classes."""
    best = np.argsort(-probabilities[row], kind="stable")[:2]
    ids = competition.test_ids
    title = f"row {row}" if ids is None else f"id {ids[row]}"
    image: Markup = sprite.image(row, title)
    return {
        "image": image,
        "classes": [(competition.classes[i], float(probabilities[row, i])) for i in best.tolist()],
    }
