"""Runs -> a ranked table, on the same validation rows."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.errors import PipelineError
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
    """A row for each run, the best first; accuracies in 0..1, times in seconds.

    Runs that the exact paired test cannot tell apart share a rank. The attribute `attrs` of the
    table holds the `caution`.

    Raises:
        PipelineError: their scores are not comparable.
    """
    import pandas as pd

    from pipeline.runs.comparison import compare

    comparison = compare(runs)
    rows = [
        {
            "rank": best,
            "worst_rank": worst,
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
        for run, (best, worst) in zip(comparison.runs, comparison.rank_ranges, strict=True)
    ]
    table = pd.DataFrame(rows)
    table = table.astype({"epochs": "Int64", "best_epoch": "Int64"}, errors="ignore")
    table.attrs["caution"] = caution(runs)
    return table


def caution(runs: Sequence[Run]) -> str:
    """A note on selection bias: what was chosen on the validation rows."""
    chose = sum(bool(choices(run.record.settings)) for run in runs)
    text = "All runs are scored on the same validation rows, which none of them trained on."
    if chose:
        who = "This run" if len(runs) == 1 else f"{chose} of these runs"
        text += f" {who} also used these rows to choose an epoch or learning rate."
    if len(runs) > 1:
        text += f" The first is the best of {len(runs)}."
    if chose or len(runs) > 1:
        text += " Expect slightly lower scores on new data."
    return text


def choices(settings: Mapping[str, Any]) -> list[str]:
    """What a training with these settings chooses on the validation rows."""
    found = []
    if settings.get("restore_best"):
        found.append("the best epoch")
    if settings.get("early_stopping") is not None:
        found.append("the number of epochs")
    if str(settings.get("plateau.monitor", "")).startswith("val_"):
        found.append("the learning rate")
    return found
