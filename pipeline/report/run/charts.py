"""The charts of a run's page: numbers -> inline SVG."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator, PercentFormatter

from pipeline.arrays import Labels, Probabilities
from pipeline.evaluation.calibration import Reliability
from pipeline.metrics.metric import wilson_interval
from pipeline.report.figures import SHOW, SOFT, TRUTH, WRONG, chart, inline, plot_by_epoch

if TYPE_CHECKING:
    import pandas as pd

HISTOGRAM_BINS = 20


def learning_curves(history: "pd.DataFrame", best_epoch: int | None) -> list[tuple[str, Markup]]:
    """(caption, chart) of the loss, the accuracy and the learning rate that the history has."""
    charts = [
        (measure.capitalize(), _training_and_validation(history, measure, best_epoch))
        for measure in ("loss", "accuracy")
        if measure in history
    ]
    if "learning_rate" in history:
        charts.append(("Learning rate", _learning_rate(history["learning_rate"], best_epoch)))
    return charts


def histogram(probabilities: Probabilities, labels: Labels) -> Markup:
    """P(class c) for the rows of class c and for all others; those of class c are `show-c`."""
    edges = np.linspace(0, 1, HISTOGRAM_BINS + 1)
    with chart() as (figure, axes):
        for label in range(probabilities.shape[1]):
            of_class = labels == label
            for rows, colour in ((~of_class, WRONG), (of_class, TRUTH)):
                counts, _ = np.histogram(probabilities[rows, label], edges)
                heights = np.maximum(counts, 0.5)  # below the axis: log(0) is undefined
                axes.stairs(
                    heights,
                    edges,
                    baseline=0.5,
                    fill=True,
                    facecolor=(colour, 0.2),
                    edgecolor=colour,
                    linewidth=1.4,
                    gid=f"{SHOW}{label}",
                )
        axes.set_yscale("log")
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_ylim(0.7, len(labels) * 1.5)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.set(xlabel="probability of the class", ylabel="rows (log scale)")
        return inline(figure, "histogram", "Probabilities of a class, for its rows and for others")


def reliability_diagram(found: Reliability) -> Markup:
    """The accuracy in each bin of probability, with its 95 % interval."""
    with chart(height=4) as (figure, axes):
        axes.plot([0, 1], [0, 1], color=SOFT, linestyle="--", linewidth=1)
        full = found.counts > 0
        x, y, n = found.confidence[full], found.accuracy[full], found.counts[full]
        axes.errorbar(x, y, _error_bars(y, n), fmt="o-", color=TRUTH, markersize=4, capsize=2)
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="probability", ylabel="accuracy")
        return inline(figure, "reliability", "Accuracy against the probability of the prediction")


def _training_and_validation(
    history: "pd.DataFrame", measure: str, best_epoch: int | None
) -> Markup:
    with chart() as (figure, axes):
        for name, colour, style in ((measure, SOFT, "--"), (f"val_{measure}", TRUTH, "-")):
            if name in history:
                plot_by_epoch(axes, history[name], color=colour, linestyle=style)
        _mark_best(axes, history.get(f"val_{measure}"), best_epoch)
        if measure == "accuracy":
            axes.yaxis.set_major_formatter(PercentFormatter(1))
        return inline(figure, measure, f"{measure} by epoch, training and validation")


def _learning_rate(rates: "pd.Series[float]", best_epoch: int | None) -> Markup:
    with chart() as (figure, axes):
        plot_by_epoch(axes, rates, color=TRUTH, drawstyle="steps-mid")
        _mark_best(axes, rates, best_epoch)
        if rates.min() > 0:
            axes.set_yscale("log")
            axes.yaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.set_ylim(rates.min() / 10**0.5, rates.max() * 10**0.5)
        return inline(figure, "rate", "Learning rate by epoch")


def _mark_best(axes: Axes, values: "pd.Series[float] | None", best_epoch: int | None) -> None:
    if best_epoch:
        axes.axvline(best_epoch, color=WRONG, linewidth=0.9, linestyle=":")
        if values is not None:
            axes.plot(best_epoch, values[best_epoch], "o", color=WRONG, markersize=5)


def _error_bars(
    shares: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The distances from the shares down and up to the ends of their 95 % intervals."""
    ends = np.array([wilson_interval(s, int(n)) for s, n in zip(shares, counts, strict=True)])
    return np.maximum(shares - ends[:, 0], 0), np.maximum(ends[:, 1] - shares, 0)
