"""Runs -> a ranked table, on the same validation rows."""

from collections.abc import Sequence
from typing import Any

from pipeline.errors import PipelineError
from pipeline.runs.run import Run

COLUMNS = (
    "rank",
    "run",
    "accuracy",
    "low",
    "high",
    "n",
    "loss",
    "parameters",
    "epochs",
    "best_epoch",
    "fit_seconds",
    "predict_images_per_second",
)


def rank(runs: list[Run]) -> list[Run]:
    """The runs, best accuracy first; of equal ones, the smaller loss.

    Raises:
        PipelineError: they speak of different data or validation rows.
    """
    if runs:
        check_mixed(runs, runs[0].origin)
    return sorted(runs, key=lambda run: (-run.scores["accuracy"], run.scores["loss"], run.name))


def check_mixed(runs: list[Run], origin: tuple[str, str]) -> None:
    """Raises:
    PipelineError: a run speaks of other data or validation rows than the origin's.
    """
    other = [run for run in runs if run.origin != origin]
    if other:
        what = "data" if other[0].origin[0] != origin[0] else "validation rows"
        folder = other[0].folder.parent
        raise PipelineError(
            f"{folder}: these runs are of other {what}, so that their scores do not compare: "
            f"{', '.join(run.name for run in other[:10])}. Move them away (for example "
            f"`mv {folder} {folder}-old`), or choose another folder with --runs."
        )


def table(runs: list[Run]) -> list[dict[str, Any]]:
    """The ranked runs as rows of COLUMNS; accuracies in 0..1, times in seconds."""
    return [
        {
            "rank": place,
            "run": run.name,
            **{key: run.scores[key] for key in ("accuracy", "low", "high", "n", "loss")},
            "parameters": run.record["parameters"],
            "epochs": run.record["epochs"],
            "best_epoch": run.record["best_epoch"],
            "fit_seconds": run.record["fit_seconds"],
            "predict_images_per_second": run.record["predict_images_per_second"],
        }
        for place, run in enumerate(rank(runs), start=1)
    ]


def text(runs: list[Run]) -> str:
    """The table for people, and beneath it how far to believe it."""
    header = (
        "rank", "run", "accuracy %", "95 % interval", "n", "loss",
        "parameters", "epochs", "fit s", "images/s",
    )  # fmt: skip
    rows = [
        (
            str(row["rank"]),
            row["run"],
            f"{100 * row['accuracy']:.2f}",
            f"{100 * row['low']:.2f} - {100 * row['high']:.2f}",
            f"{row['n']:,}",
            f"{row['loss']:.4f}",
            f"{row['parameters']:,}",
            f"{row['best_epoch']}/{row['epochs']}" if row["epochs"] else "",
            f"{row['fit_seconds']:.1f}",
            f"{row['predict_images_per_second']:,.0f}",
        )
        for row in table(runs)
    ]
    return f"{columns_text(header, rows, left=(1,))}\n\n{_caution(runs)}"


def _caution(runs: list[Run]) -> str:
    """What was chosen on the rows that the scores are of."""
    recipes = [run.record["recipe"] for run in runs]
    # A committee's recipe holds its members' settings.
    chose = sum(recipe.get("settings", recipe)["keep"] == "best" for recipe in recipes)
    who = "Each run" if chose == len(runs) else f"Of the runs, {chose}"
    epoch = f" {who} chose its best epoch\non them, and" if chose else "\nBut"
    return (
        f"All on the same validation rows, which no run trained on.{epoch} the first is the best "
        f"of {len(runs)}: expect a little less on other rows."
    )


def columns_text(header: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int]) -> str:
    """Aligned columns: those of `left` to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (header, *rows)
    ]
    return "\n".join(lines)
