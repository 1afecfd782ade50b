"""The charts of a competition's page: runs -> inline SVG."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, FixedLocator, NullLocator, PercentFormatter

from pipeline.evaluation.sweeps import Sweep
from pipeline.report.figures import (
    SHOW,
    TRUTH,
    WRONG,
    chart,
    inline,
    plot_by_epoch,
    plot_by_share,
)
from pipeline.report.formatting import duration
from pipeline.runs.ranking import metric_of, value_of
from pipeline.runs.run import Run

# Eight colours that readers with colour blindness can tell apart, on white and on black (Okabe
# and Ito, 2008, without yellow and black); further runs have other dashes.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1", "#7f7f7f")
DASHES = ("-", "--", ":", "-.")
CSS_DASHES = {"-": "solid", "--": "dashed", ":": "dotted", "-.": "dashed"}
MINUTE, HOUR = 60, 3600
STEPS = (1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 45)
TIMES = [
    *(step / 10 for step in STEPS if step < 10),
    *STEPS,
    *(minutes * MINUTE for minutes in STEPS),
    *(hours * HOUR for hours in STEPS),
]
COUNTS = [step * 10**power for power in range(10) for step in (1, 2, 5)]
# Where the rank of a run may be written, from its dot, in points; the first that is free is used.
OFFSETS = ((6, 3), (6, -11), (-13, 3), (-13, -11))
TEXT_WIDTH, TEXT_HEIGHT = 12, 9


def compared_curves(runs: Sequence[Run], measure: str, by_share: bool = False) -> Markup:
    """A curve for each run that has one, in the order of the leaderboard; run i is `show-i`.

    Args:
        by_share: against the share of a run's own epochs, so that all curves are equally wide.
    """
    with chart() as (figure, axes):
        for index, run in enumerate(runs):
            if run.history is not None and measure in run.history:
                values = run.history[measure]
                colour, dash = line_style(index)
                style = {"color": colour, "linestyle": dash, "gid": f"{SHOW}{index}"}
                plot = plot_by_share if by_share else plot_by_epoch
                plot(axes, values, **style)
        if measure.endswith("accuracy"):
            axes.yaxis.set_major_formatter(PercentFormatter(1))
        by = "share of training" if by_share else "epoch"
        return inline(figure, f"{measure} by {by}", f"{measure} of each run by {by}")


def line_style(index: int) -> tuple[str, str]:
    """The colour and the dashes of a run's curve."""
    return COLOURS[index % len(COLOURS)], DASHES[index // len(COLOURS) % len(DASHES)]


def score_by_time(runs: Sequence[Run]) -> Markup:
    """A dot for each run, in the order of the leaderboard, with its rank beside it."""
    seconds = [max(run.record.fit_seconds, 1e-3) for run in runs]
    return _score_against(seconds, runs, "training time", TIMES, duration)


def score_by_parameters(runs: Sequence[Run]) -> Markup:
    """A dot for each run, in the order of the leaderboard, with its rank beside it."""
    parameters = [max(run.record.parameters, 1) for run in runs]
    return _score_against(parameters, runs, "parameters", COUNTS, EngFormatter(sep=""))


def _score_against(
    costs: Sequence[float],
    runs: Sequence[Run],
    name: str,
    ticks: Sequence[float],
    text: Callable[[float], str],
) -> Markup:
    metric = metric_of(runs[0])
    points = [(cost, value_of(run)) for cost, run in zip(costs, runs, strict=True)]
    with chart() as (figure, axes):
        for index, (cost, value) in enumerate(points):
            axes.plot(cost, value, "o", color=line_style(index)[0], markersize=7)
        axes.set_xscale("log")
        axes.margins(0.08, 0.12)
        low, high = axes.get_xlim()
        shown = [tick for tick in ticks if low <= tick <= high]
        axes.xaxis.set_major_locator(FixedLocator(shown[:: math.ceil(len(shown) / 6) or 1]))
        axes.xaxis.set_major_formatter(lambda value, _: text(value))
        axes.xaxis.set_minor_locator(NullLocator())
        if metric.percent:
            axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel(f"{name} (log scale)")
        _write_ranks(axes, points)
        return inline(figure, name, f"Validation {metric.title} against {name}, a dot per run")


def _write_ranks(axes: Axes, points: Sequence[tuple[float, float]]) -> None:
    """Writes each rank beside its dot, unless it would cover others at every position."""
    taken: list[tuple[float, float]] = []
    for rank, point in enumerate(points, start=1):
        across, up = axes.transData.transform(point) * 72 / axes.figure.dpi
        free = [
            (x, y)
            for x, y in OFFSETS
            if not any(
                abs(across + x - other_x) < TEXT_WIDTH and abs(up + y - other_y) < TEXT_HEIGHT
                for other_x, other_y in taken
            )
        ]
        if free:
            x, y = free[0]
            taken.append((across + x, up + y))
            axes.annotate(str(rank), point, (x, y), textcoords="offset points")


def sweep_chart(sweep: Sweep, name: str) -> Markup:
    """Mean and standard deviation of the metric against the setting's value.

    Args:
        name: unique in the page.
    """
    values = [point.value for point in sweep.points]
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    with chart() as (figure, axes):
        x = values if numeric else list(range(len(values)))
        means = [point.mean for point in sweep.points]
        deviations = [point.deviation or 0 for point in sweep.points]
        axes.errorbar(x, means, deviations, fmt="o-", color=TRUTH, markersize=5, capsize=4)
        if numeric:
            _set_scale(axes, sorted(values))
        else:
            axes.set_xticks(x, [str(value)[:20] for value in values], parse_math=False)
        if sweep.published is not None:
            axes.axhline(sweep.published, color=WRONG, linestyle="--", linewidth=1.2)
        if sweep.metric.percent:
            axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel(sweep.setting, parse_math=False)
        return inline(
            figure, name, f"Mean validation {sweep.metric.title} against the setting's value"
        )


def _set_scale(axes: Axes, values: Sequence[float]) -> None:
    """A linear or logarithmic axis, whichever separates the values better, with ticks at them."""
    gap = _smallest_gap(values)
    if values[0] > 0 and _smallest_gap([math.log(value) for value in values]) > gap:
        gap = _smallest_gap([math.log(value) for value in values])
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    if gap > 0.1:  # the width of a number
        axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.xaxis.set_minor_locator(NullLocator())


def _smallest_gap(values: Sequence[float]) -> float:
    """The smallest difference of neighbours, as a fraction of the range."""
    return min((b - a for a, b in pairwise(values)), default=0) / max(values[-1] - values[0], 1e-30)
