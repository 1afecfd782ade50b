"""The page of a competition: its runs compared, and its data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from pipeline.competition.competition import Competition
from pipeline.evaluation.comparison import Comparison
from pipeline.evaluation.label_issues import LabelIssue
from pipeline.evaluation.leaderboard import caution
from pipeline.evaluation.sweeps import find_sweeps
from pipeline.report.competition.charts import (
    CSS_DASHES,
    compared_curves,
    line_style,
    score_by_parameters,
    score_by_time,
    sweep_chart,
)
from pipeline.report.competition.data_section import (
    augmented_samples,
    balance,
    issue_cards,
    samples,
)
from pipeline.report.competition.prediction_section import predictions
from pipeline.report.rendering import render
from pipeline.runs.folder import tuning_pages
from pipeline.runs.ranking import interval_of, metric_of, value_of
from pipeline.runs.run import Run

PAGES = "pages"
MAX_VISIBLE_CURVES = 8  # shown at first
MEASURES = {"val_accuracy": "Validation accuracy", "val_loss": "Validation loss"}


def page_url(run: Run) -> str:
    """The URL of a run's page, relative to the competition's page."""
    return f"{PAGES}/{quote(run.name, safe='')}.html"


def competition_page(
    competition: Competition, comparison: Comparison, issues: Sequence[LabelIssue], folder: Path
) -> str:
    """The page as HTML.

    Args:
        folder: of all runs.
    """
    runs, metric = comparison.runs, metric_of(comparison.runs[0])
    test, test_sprites = predictions(competition, runs[0], folder)
    sample_images, sample_sprite = samples(competition)
    augmented, augmented_sprites = augmented_samples(competition, runs)
    cards, issue_sprites = issue_cards(competition, issues)
    sweeps = find_sweeps(runs)
    return render(
        "competition.html",
        title=competition.name,
        competition=competition,
        shape=" \N{MULTIPLICATION SIGN} ".join(map(str, competition.schema.shape)),
        fold=runs[0].record.fold,
        metric=metric,
        heading=f"{metric.heading} %" if metric.percent else metric.heading,
        rows=_leaderboard(comparison),
        ties=len(comparison.tied_with_first),
        caution=caution(runs, {runs[0].name: comparison.estimate}),
        published=[run.record.published for run in runs if run.record.published],
        costs=_costs(runs) if len(runs) > 1 else [],
        curves=_curves(runs),
        agreement=_agreement(comparison),
        sweeps=[(sweep, sweep_chart(sweep, f"sweep{i}")) for i, sweep in enumerate(sweeps)],
        test=test,
        balance=balance(competition),
        samples=sample_images,
        augmented=augmented,
        issues=cards,
        issues_found=len(issues),
        tunings=[
            (path.stem, f"{path.parent.name}/{quote(path.name, safe='')}")
            for path in tuning_pages(folder / competition.name)
        ],
        sprites=[sample_sprite, *test_sprites, *issue_sprites, *augmented_sprites],
    )


def _leaderboard(comparison: Comparison) -> list[dict[str, Any]]:
    return [
        {
            "rank": index + 1,
            "ranks": comparison.ranks[index],
            "run": run,
            "value": value_of(run),
            "interval": interval_of(run),
            "url": page_url(run),
            "p_value": float(comparison.p_values[0, index]),
            "tied": index in comparison.tied_with_first,
        }
        for index, run in enumerate(comparison.runs)
    ]


def _costs(runs: Sequence[Run]) -> list[tuple[str, Markup]]:
    """Titles and charts of what a good score costs."""
    heading = metric_of(runs[0]).heading
    return [
        (f"{heading} against training time", score_by_time(runs)),
        (f"{heading} against size", score_by_parameters(runs)),
    ]


def _curves(runs: Sequence[Run]) -> dict[str, Any] | None:
    """The charts of all runs and the key to their lines; None if no run has a history."""
    drawn = [index for index, run in enumerate(runs) if run.history is not None]
    if not drawn:
        return None
    lines = []
    for index in drawn:
        colour, dash = line_style(index)
        lines.append(
            {
                "index": index,
                "run": runs[index].name,
                "colour": colour,
                "dash": CSS_DASHES[dash],
                "checked": index in drawn[:MAX_VISIBLE_CURVES],
            }
        )
    charts = {
        by: [
            (title, compared_curves(runs, measure, by_share=by == "share"))
            for measure, title in MEASURES.items()
        ]
        for by in (("epoch", "share") if len(drawn) > 1 else ("epoch",))
    }
    return {"charts": charts, "lines": lines}


def _agreement(comparison: Comparison) -> list[dict[str, Any]]:
    """A row of cells for each run; the strength of a cell's colour is in 0..1."""
    shares, p_values = comparison.agreement, comparison.p_values
    lowest = float(shares.min())
    return [
        {
            "run": run.name,
            "cells": [
                {
                    "share": float(shares[i, j]),
                    "strength": float((shares[i, j] - lowest) / max(1 - lowest, 1e-9)),
                    "same": i == j,
                    "p_value": float(p_values[i, j]),
                }
                for j in range(len(comparison.runs))
            ],
        }
        for i, run in enumerate(comparison.runs)
    ]
