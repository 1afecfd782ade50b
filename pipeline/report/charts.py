"""The charts of a run's page: numbers in, inline SVG out."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator, PercentFormatter

from pipeline.arrays import Labels, Probabilities
from pipeline.report.svg import SOFT, TRUTH, WRONG, chart, inline
from pipeline.runs.calibration import Reliability
from pipeline.runs.history import History
from pipeline.runs.metrics import wilson_interval

HISTOGRAM_BINS = 20


def learning_curves(history: History, best_epoch: int | None) -> list[tuple[str, Markup]]:
    """(caption, chart) of loss, accuracy and learning rate, as far as the history has them."""
    charts = []
    for measure in ("loss", "accuracy"):
        if measure in history:
            charts.append((measure.capitalize(), _pair(history, measure, best_epoch)))
    if "learning_rate" in history:
        charts.append(("Learning rate", _learning_rate(history["learning_rate"], best_epoch)))
    return charts


def histogram(probabilities: Probabilities, labels: Labels) -> Markup:
    """P(class c) of the rows of class c and of all others, log scale; class c is `show-c`."""
    edges = np.linspace(0, 1, HISTOGRAM_BINS + 1)
    with chart() as (figure, axes):
        for label in range(probabilities.shape[1]):
            of_class = labels == label
            for rows, colour in ((~of_class, WRONG), (of_class, TRUTH)):
                counts, _ = np.histogram(probabilities[rows, label], edges)
                steps = axes.stairs(
                    np.maximum(counts, 0.5), edges, baseline=0.5, color=colour, linewidth=1.4
                )
                steps.set(facecolor=(*_rgb(colour), 0.25), fill=True, gid=f"show-{label}")
        axes.set_yscale("log")
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_ylim(0.7, len(labels) * 1.5)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.set(xlabel="probability given to the class", ylabel="rows (logarithmic)")
        return inline(figure, "histogram", "Probabilities of a class, for its rows and for others")


def reliability_diagram(found: Reliability) -> Markup:
    with chart(height=4) as (figure, axes):
        axes.plot([0, 1], [0, 1], color=SOFT, linestyle="--", linewidth=1)
        full = found.counts > 0
        x, y, n = found.confidence[full], found.accuracy[full], found.counts[full]
        low, high = _binomial_bars(y, n)
        axes.errorbar(x, y, (low, high), fmt="o-", color=TRUTH, markersize=4, capsize=2)
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set(
            xlim=(0, 1.02),
            ylim=(0, 1.02),
            xlabel="probability claimed",
            ylabel="share that is right",
        )
        return inline(figure, "reliability", "Share of right rows against the probability claimed")


def _pair(history: History, measure: str, best_epoch: int | None) -> Markup:
    with chart() as (figure, axes):
        for name, colour, style in ((measure, SOFT, "--"), (f"val_{measure}", TRUTH, "-")):
            if name in history:
                values = history[name]
                epochs = range(1, len(values) + 1)
                axes.plot(epochs, values, color=colour, linestyle=style, marker=dot(values))
        _mark_best(axes, history.get(f"val_{measure}"), best_epoch)
        count_epochs(axes)
        if measure == "accuracy":
            axes.yaxis.set_major_formatter(PercentFormatter(1))
        return inline(figure, measure, f"{measure} by epoch, training and validation")


def _learning_rate(rates: Sequence[float], best_epoch: int | None) -> Markup:
    with chart() as (figure, axes):
        axes.step(range(1, len(rates) + 1), rates, where="mid", color=TRUTH, marker=dot(rates))
        _mark_best(axes, rates, best_epoch)
        count_epochs(axes)
        if min(rates) > 0:
            axes.set_yscale("log")
            axes.yaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            exponents = math.log10(min(rates)), math.log10(max(rates))
            axes.set_ylim(10 ** (exponents[0] - 0.5), 10 ** (exponents[1] + 0.5))
        return inline(figure, "rate", "Learning rate by epoch")


def _mark_best(axes: Axes, values: Sequence[float] | None, best_epoch: int | None) -> None:
    if best_epoch:
        axes.axvline(best_epoch, color=WRONG, linewidth=0.9, linestyle=":")
        if values:
            axes.plot(best_epoch, values[best_epoch - 1], "o", color=WRONG, markersize=5)


def count_epochs(axes: Axes) -> None:
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))


def dot(values: Sequence[float]) -> str:
    """A line of one point would not be seen."""
    return "o" if len(values) == 1 else ""


def _binomial_bars(shares: Any, counts: Any) -> tuple[Any, Any]:
    """The distances from the shares to the ends of their 95 % intervals (Wilson)."""
    ends = np.array([wilson_interval(s, int(n)) for s, n in zip(shares, counts, strict=True)])
    return np.maximum(shares - ends[:, 0], 0), np.maximum(ends[:, 1] - shares, 0)


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
