"""The charts of a tuning's page: trials -> inline SVG."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, NullLocator, PercentFormatter

from pipeline.metrics.metric import Metric
from pipeline.networks.space import Choice, Float, Integer, Range, short_name, text_of
from pipeline.report.figures import SOFT, TRUTH, WIDTH, WRONG, chart, inline

if TYPE_CHECKING:
    import pandas as pd

HIGHLIGHTED = 10  # trials of the parallel coordinates
# An axis leaves out scores that are far worse than the others.
QUARTILES_OFF = 3.0


def score_by_trial(trials: "pd.DataFrame", metric: Metric) -> Markup:
    """Completed trials, the best score so far, and pruned trials with their last score."""
    scored = trials[trials["score"].notna()].sort_values("trial")
    with chart() as (figure, axes):
        complete = scored["score"].where(scored["state"] == "complete")
        best = (complete.cummax() if metric.higher_is_better else complete.cummin()).ffill()
        axes.step(scored["trial"], best, where="post", color=TRUTH, linewidth=1.2)
        _plot_scores(axes, scored["trial"].to_numpy(), scored, metric)
        axes.set_xlabel("trial")
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        return inline(figure, "history", "Score of each trial, and the best so far")


def score_by_share(
    trials: "pd.DataFrame", curves: Mapping[int, "pd.Series[float]"], metric: Metric
) -> Markup:
    """The score of each trial by percent of its training; pruned ones end early."""
    with chart() as (figure, axes):
        for number, state in zip(trials["trial"], trials["state"], strict=True):
            if number in curves and state in ("complete", "pruned"):
                colour = WRONG if state == "pruned" else TRUTH
                mark = "o" if len(curves[number]) == 1 else ""
                axes.plot(curves[number], mark + "-", color=colour, linewidth=1, alpha=0.6)
        if curves:
            scores = np.concatenate(list(curves.values()))
            _show_scores(axes, scores, metric)
            worst = metric.goodness(worst_shown(scores, metric))
            left_out = sum((metric.goodness(curve) < worst).all() for curve in curves.values())
            text = f"not shown, because far worse: {left_out}" if left_out else ""
            axes.text(0.98, 0.04, text, ha="right", fontsize=8, transform=axes.transAxes)
        axes.set_xlabel("share of the training")
        axes.xaxis.set_major_formatter(PercentFormatter(100))
        return inline(figure, "shares", "Score of each trial by share of the training")


def score_by_value(trials: "pd.DataFrame", setting: str, searched: Range, metric: Metric) -> Markup:
    """A dot for each scored trial, against its value of a setting."""
    scored = trials[trials["score"].notna() & trials[setting].notna()]
    with chart() as (figure, axes):
        _plot_scores(axes, _positions(scored[setting], searched), scored, metric)
        if isinstance(searched, Choice):
            axes.set_xticks(
                range(len(searched.values)), [text_of(value) for value in searched.values],
                parse_math=False,
            )  # fmt: skip
            axes.set_xlim(-0.5, len(searched.values) - 0.5)
        else:
            _show_range(axes, searched)
        axes.set_xlabel(setting, parse_math=False)
        return inline(figure, f"slice {setting}", f"Score of each trial by {setting}")


def parallel_coordinates(
    trials: "pd.DataFrame", ranges: Mapping[str, Range], metric: Metric
) -> Markup:
    """A line for each completed trial through its settings and its score; the best in colour."""
    complete = trials[trials["state"] == "complete"]
    heights = [_heights(complete[name], one) for name, one in ranges.items()]
    scores = metric.goodness(complete["score"])  # the best is at the top
    spread = np.ptp(scores) if len(scores) else 0
    heights.append((scores - scores.min()) / spread if spread else np.full(len(scores), 0.5))
    lines = np.array(heights).T
    with chart(height=4, width=2 * WIDTH) as (figure, axes):
        for rank in reversed(range(len(lines))):  # the best are drawn last
            best = rank < HIGHLIGHTED
            axes.plot(
                lines[rank], color=TRUTH if best else SOFT, alpha=0.9 if best else 0.35,
                linewidth=1.3 if best else 0.8,
            )  # fmt: skip
        ends = [*map(_ends, ranges.values()), _score_ends(scores, metric)]
        for place, (low, high) in enumerate(ends):
            axes.axvline(place, color=SOFT, linewidth=0.8)
            for height, text, align in ((-0.03, low, "top"), (1.03, high, "bottom")):
                axes.text(place, height, text, ha="center", va=align, fontsize=8, parse_math=False)
        names = [*map(short_name, ranges), "score"]
        axes.set_xticks(range(len(names)), names, parse_math=False, fontsize=9)
        axes.tick_params(axis="x", pad=14)
        figure.subplots_adjust(bottom=0.14, top=0.92, left=0.06, right=0.94)
        axes.set_yticks([])
        axes.set_ylim(0, 1)
        axes.grid(False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        return inline(figure, "parallel", "The settings and the score of each completed trial")


def _show_range(axes: Axes, searched: Float | Integer) -> None:
    """An axis of all that is searched, with little space at its ends."""
    low, high = float(searched.low), float(searched.high)
    if searched.log:
        axes.set_xscale("log")
        powers = 10.0 ** np.arange(np.floor(np.log10(low)) + 1, np.ceil(np.log10(high)))
        axes.set_xticks([low, *(powers if len(powers) else [(low * high) ** 0.5]), high])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.2g}")
        space = (high / low) ** 0.03
        axes.set_xlim(low / space, high * space)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6))
        space = 0.03 * (high - low)
        axes.set_xlim(low - space, high + space)


def worst_shown(scores: npt.ArrayLike, metric: Metric) -> float:
    """The limit of an axis: the worst score, or a better one if the worst is far off."""
    values = metric.goodness(scores)
    if not len(values):
        return 0.0
    low, middle = np.quantile(values, (0.25, 0.5))
    worst = max(float(values.min()), float(low - QUARTILES_OFF * max(middle - low, 0.01)))
    return float(metric.goodness(worst))


def _plot_scores(axes: Axes, x: npt.NDArray[Any], scored: "pd.DataFrame", metric: Metric) -> None:
    """A mark for each scored trial; a triangle at the edge for one that the axis leaves out."""
    worst = worst_shown(scored["score"], metric)
    off = (metric.goodness(scored["score"]) < metric.goodness(worst)).astype(bool)
    outward = "v" if metric.higher_is_better else "^"
    for state, colour, mark in (("pruned", WRONG, "x"), ("complete", TRUTH, "o")):
        of_state = (scored["state"] == state).to_numpy()
        shown, left_out = of_state & ~off, of_state & off
        axes.plot(x[shown], scored["score"][shown], mark, color=colour, markersize=5)
        edge = np.full(left_out.sum(), worst)
        axes.plot(x[left_out], edge, outward, color=colour, markersize=6, clip_on=False)
    _show_scores(axes, scored["score"], metric)


def _show_scores(axes: Axes, scores: npt.ArrayLike, metric: Metric) -> None:
    """An axis of the metric, which leaves out scores that are far worse than the others."""
    if metric.percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1))
    worst, values = worst_shown(scores, metric), metric.goodness(scores)
    if (values < metric.goodness(worst)).any():
        best = float(metric.goodness(values.max()))
        axes.set_ylim(*sorted((worst, best + 0.05 * (best - worst))))


def _positions(values: "pd.Series[Any]", searched: Range) -> npt.NDArray[np.float64]:
    """Where values are on an axis: choices are numbered."""
    if isinstance(searched, Choice):
        return np.array([searched.values.index(value) for value in values], float)
    return values.to_numpy(float)


def _heights(values: "pd.Series[Any]", searched: Range) -> npt.NDArray[np.float64]:
    """Where values are within their range, in 0..1."""
    at = _positions(values, searched)
    if isinstance(searched, Choice):
        return at / (len(searched.values) - 1)
    low, high = float(searched.low), float(searched.high)
    if searched.log:
        at, low, high = np.log(at), float(np.log(low)), float(np.log(high))
    return (at - low) / (high - low)


def _ends(searched: Range) -> tuple[str, str]:
    bounds = searched.bounds()
    return text_of(bounds[0]), text_of(bounds[-1])


def _score_ends(goodness: npt.NDArray[np.float64], metric: Metric) -> tuple[str, str]:
    if not len(goodness):
        return "", ""
    worst, best = metric.goodness([goodness.min(), goodness.max()]).tolist()
    return metric.with_unit(worst), metric.with_unit(best)
