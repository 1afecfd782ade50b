"""Charts as SVG, and numbers as text."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from finished_runs import finish
from reader import Page

from pipeline.competition.competition import Competition
from pipeline.evaluation.calibration import reliability
from pipeline.evaluation.sweeps import Point, Sweep
from pipeline.metrics.metric import ACCURACY
from pipeline.report.competition.charts import score_by_time, sweep_chart
from pipeline.report.formatting import duration, in_use, moment, p_value, percent
from pipeline.report.run.charts import histogram, reliability_diagram

PROBABILITIES = np.array([[0.9, 0.1], [0.3, 0.7]], np.float32)
LABELS = np.array([0, 1])


def test_charts_have_the_colours_of_the_page_and_a_label() -> None:
    svg = reliability_diagram(reliability(PROBABILITIES, LABELS))
    tag, attributes = Page(svg).tags[0]
    assert (tag, attributes["role"]) == ("svg", "img")
    assert attributes["aria-label"] == "Accuracy against the probability of the prediction"
    assert "#0101" not in svg
    assert "var(--truth)" in svg


def test_each_class_has_two_histograms_that_can_be_hidden() -> None:
    classes = [attrs.get("class") for _, attrs in Page(histogram(PROBABILITIES, LABELS)).tags]
    assert [classes.count(f"show-{label}") for label in (0, 1)] == [2, 2]


def test_values_of_a_sweep_are_shown_and_not_run() -> None:
    points = (Point("<script>$x_", 0.9, None, 1), Point("b", 0.8, 0.1, 2))
    page = Page(sweep_chart(Sweep("dense", "optimizer<b>", points, None, ACCURACY), "s"))
    assert page.scripts == []
    assert {"<script>$x_", "optimizer<b>"} <= {text for text, _, _ in page.labels}


@pytest.mark.parametrize(
    "values", [(1e-6, 2.5e-4, 5e-4, 7.5e-4, 1e-3), (1e-5, 1e-4, 1e-3, 1e-2), (16, 32, 64), (0, 1)]
)
def test_the_values_of_a_sweep_are_written_apart_below_their_dots(
    values: tuple[float, ...],
) -> None:
    points = tuple(Point(value, 0.9, 0.01, 2) for value in values)
    page = Page(sweep_chart(Sweep("dense", "l2", points, None, ACCURACY), "s"))
    x = {text: x for text, x, _ in page.labels}
    positions = [x[f"{value:g}"] for value in values]
    assert min(b - a for a, b in pairwise(positions)) > 40


def test_ranks_of_equal_runs_do_not_cover_each_other(hostile: Competition, tmp_path: Path) -> None:
    run = finish(hostile, tmp_path / "run", 2, draw=0)
    labels = Page(score_by_time([run] * 4)).labels
    assert len({(x, y) for text, x, y in labels if text in ("1", "2", "3", "4")}) == 4


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.5, "0.5 s"), (59, "59 s"), (90, "1.5 min"), (7200, "2 h")]
)
def test_durations_have_the_unit_that_reads_best(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_numbers_have_no_more_digits_than_are_known() -> None:
    assert (p_value(0.34), p_value(0.0123), p_value(1e-9)) == ("= 0.34", "= 0.012", "< 0.001")
    assert (percent(0.98765), percent(float("nan")), percent(None)) == ("98.8", "", "")


def test_times_are_in_utc() -> None:
    assert moment("2026-11-21T09:35:23+02:00") == "2026-11-21 07:35 UTC"
    assert moment("yesterday") == "yesterday"


def test_only_settings_in_use_are_shown() -> None:
    settings = {
        "epochs": 5,
        "backbone": None,
        "augmentation.rotation": 10,
        "augmentation.shear": 0.0,
        "augmentation.fill": "nearest",
    }
    assert in_use(settings, "augmentation") == {"rotation": "10", "fill": "nearest"}
    assert list(in_use(settings)) == ["epochs", "augmentation.rotation", "augmentation.fill"]
