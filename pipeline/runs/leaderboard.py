"""Runs -> a ranked table, on the same validation rows."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.errors import PipelineError
from pipeline.runs.record import RunRecord
from pipeline.runs.run import Run

if TYPE_CHECKING:
    import pandas as pd


def rank(runs: Sequence[Run]) -> list[Run]:
    """The runs by accuracy, the best first; equal ones by log loss.

    Raises:
        PipelineError: their scores are not comparable.
    """
    check_comparable(runs)
    return sorted(runs, key=lambda run: (-run.scores.accuracy, run.scores.loss, run.name))


def check_comparable(runs: Sequence[Run], data: str | None = None, fold: str | None = None) -> None:
    """Checks that all runs used the same data and the same validation rows.

    Args:
        data, fold: fingerprints that they must have; those of the first run if not given.

    Raises:
        PipelineError: a run used others.
    """
    if not runs:
        return
    data, fold = data or runs[0].record.data.fingerprint, fold or runs[0].record.fold.fingerprint
    folder = runs[0].folder.parent
    for what, other in (
        ("different data", [run for run in runs if run.record.data.fingerprint != data]),
        ("different validation rows", [run for run in runs if run.record.fold.fingerprint != fold]),
    ):
        if other:
            names = ", ".join(run.name for run in other[:10])
            raise PipelineError(
                f"these runs used {what}; scores are not comparable: {names}",
                where=folder,
                remedy=f"Rename the folder, for example with `mv {folder} {folder}-old`, or choose "
                "another folder with --runs.",
            )


def leaderboard(runs: Sequence[Run]) -> "pd.DataFrame":
    """A row for each run, the best first; accuracies in 0..1, times in seconds."""
    import pandas as pd

    rows = [
        {
            "rank": place,
            "run": run.name,
            "accuracy": run.scores.accuracy,
            "low": run.scores.low,
            "high": run.scores.high,
            "n": run.scores.n,
            "loss": run.scores.loss,
            "parameters": run.record.parameters,
            "epochs": run.record.epochs,
            "best_epoch": run.record.best_epoch,
            "fit_seconds": run.record.fit_seconds,
            "predict_images_per_second": run.record.predict_images_per_second,
        }
        for place, run in enumerate(rank(runs), start=1)
    ]
    return pd.DataFrame(rows).astype({"epochs": "Int64", "best_epoch": "Int64"}, errors="ignore")


def caution(runs: Sequence[Run]) -> str:
    """A note on selection bias: what was chosen on the validation rows."""
    chosen = [choices(run.record) for run in runs]
    chose = sum(map(bool, chosen))
    if len(runs) == 1:
        text, who = "The validation rows were not trained on.", "The run"
    else:
        text = "All runs are scored on the same validation rows, which none of them trained on."
        who = f"{chose} of these runs"
    if chose:
        different = list(dict.fromkeys(choice for found in chosen for choice in found))
        text += f" {who} also used these rows to choose {_either(different)}."
    if len(runs) > 1:
        text += f" The first is the best of {len(runs)}."
    if chose or len(runs) > 1:
        text += " Expect slightly lower scores on new data."
    return text


def choices(record: RunRecord) -> list[str]:
    """What the training, or those of an ensemble's members, chose on the validation rows.

    What could not have an effect in so few epochs is left out.
    """
    settings, epochs = record.settings, _epochs(record)
    patience, monitor = settings.get("early_stopping"), settings.get("plateau.monitor") or ""
    found = []
    if settings.get("restore_best") and epochs > 1:
        found.append("the best epoch")
    if patience is not None and epochs > max(patience, 1):
        found.append("the number of epochs")
    if monitor.startswith("val_") and epochs > max(settings.get("plateau.patience", 0), 1) + 1:
        found.append("the learning rate")
    return found


def _either(names: Sequence[str]) -> str:
    """a, b or c"""
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _epochs(record: RunRecord) -> float:
    """The number of epochs; for an ensemble, the maximum that its settings state."""
    if record.training:
        return record.training.epochs
    return math.inf if record.settings.get("min_steps") else record.settings.get("epochs", math.inf)
