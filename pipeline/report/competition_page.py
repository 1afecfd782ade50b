"""The page of a competition: its runs side by side, and its data."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from pipeline.competition.competition import Competition
from pipeline.report.competition_charts import (
    accuracy_by_time,
    compared_curves,
    curve_colour,
    curve_dash,
    sweep_chart,
)
from pipeline.report.data_section import augmented_samples, balance, samples, suspect_cards
from pipeline.report.page import render
from pipeline.runs.history import load_history
from pipeline.runs.label_issues import LabelIssue
from pipeline.runs.run import Run
from pipeline.runs.standings import Standings
from pipeline.runs.sweeps import find_sweeps

PAGES = "pages"
CHECKED = 8  # curves shown at first
MEASURES = {"val_accuracy": "validation accuracy", "val_loss": "validation loss"}


def page_address(run: Run) -> str:
    """Where the run's page is, from the competition's; a name may hold any sign but a slash."""
    return f"{PAGES}/{quote(run.name, safe='')}.html"


def competition_page(
    competition: Competition, standings: Standings, label_issues: Sequence[LabelIssue]
) -> str:
    """The page as HTML."""
    pictures, sprite = samples(competition)
    augmented, sprites = augmented_samples(competition, standings.runs)
    cards, suspicious = suspect_cards(competition, label_issues)
    sweeps = find_sweeps(standings.runs)
    return render(
        "competition.html",
        title=competition.name,
        competition=competition,
        shape=" \N{MULTIPLICATION SIGN} ".join(map(str, competition.schema.shape)),
        split=standings.runs[0].record["split"],
        rows=_leaderboard(standings),
        ties=[standings.runs[place].name for place in standings.leaders],
        time=_time_chart(standings.runs),
        curves=_curves(standings.runs),
        agreement=_agreement(standings),
        sweeps=[(sweep, sweep_chart(sweep, f"sweep{i}")) for i, sweep in enumerate(sweeps)],
        balance=balance(competition),
        samples=pictures,
        augmented=augmented,
        label_issues=cards,
        suspects_found=len(label_issues),
        sprites=[sprite, *suspicious, *sprites],
    )


def _leaderboard(standings: Standings) -> list[dict[str, Any]]:
    rows = []
    for place, run in enumerate(standings.runs):
        published = run.record.get("published") or {}
        rows.append(
            {
                "place": place + 1,
                "places": standings.places_text(place),
                "name": run.name,
                "address": page_address(run),
                "chance": float(standings.tests[0, place]),
                "tie": place in standings.leaders,
                "published": published.get("accuracy"),
                "published_on": published.get("on"),
                **run.scores,
                **{
                    key: run.record.get(key)
                    for key in ("parameters", "epochs", "best_epoch", "fit_seconds")
                },
            }
        )
    return rows


def _time_chart(runs: Sequence[Run]) -> Any:
    points = [
        (place, float(run.record["fit_seconds"]), run.scores["accuracy"])
        for place, run in enumerate(runs, start=1)
        if run.record.get("fit_seconds") is not None
    ]
    return accuracy_by_time(points) if points else None


def _curves(runs: Sequence[Run]) -> dict[str, Any] | None:
    histories = [load_history(run) for run in runs]
    drawn = [place for place, history in enumerate(histories) if history]
    if not drawn:
        return None
    return {
        "charts": [
            (measure, name, compared_curves(histories, measure))
            for measure, name in MEASURES.items()
        ],
        "runs": [
            {
                "key": place,
                "name": runs[place].name,
                "colour": curve_colour(place),
                "dash": {"-": "solid", "--": "dashed", ":": "dotted", "-.": "dashed"}[
                    curve_dash(place)
                ],
                "checked": place in drawn[:CHECKED],
            }
            for place in drawn
        ],
    }


def _agreement(standings: Standings) -> list[dict[str, Any]]:
    shares, tests = standings.agreement, standings.tests
    least = float(shares.min())
    return [
        {
            "name": run.name,
            "cells": [
                {
                    "share": float(shares[i, j]),
                    "strength": float((shares[i, j] - least) / max(1 - least, 1e-9)),
                    "same": i == j,
                    "chance": float(tests[i, j]),
                }
                for j in range(len(standings.runs))
            ],
        }
        for i, run in enumerate(standings.runs)
    ]
