"""The charts of a competition's page: runs in, inline SVG out."""

import math
from collections.abc import Sequence

from markupsafe import Markup
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter

from pipeline.report.charts import count_epochs, dot
from pipeline.report.spelling import duration
from pipeline.report.svg import TRUTH, WRONG, chart, inline
from pipeline.runs.history import History
from pipeline.runs.sweeps import Sweep

# Eight colours that part from each other and from both papers, also for the colour-blind
# (Okabe and Ito, the yellow and black left out), and dashes for more runs than that.
CURVES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1", "#7f7f7f")
DASHES = ("-", "--", ":", "-.")
MINUTE, HOUR = 60, 3600
TIMES = [
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 40),
    *(minutes * MINUTE for minutes in (1, 2, 5, 10, 20, 40)),
    *(hours * HOUR for hours in (1, 2, 5, 10, 20, 50)),
]


def compared_curves(histories: Sequence[History | None], measure: str) -> Markup:
    """One curve a run, drawn in the order of the leaderboard; the curve of run i is `show-i`."""
    with chart() as (figure, axes):
        for place, history in enumerate(histories):
            if history and measure in history:
                values = history[measure]
                (line,) = axes.plot(range(1, len(values) + 1), values, marker=dot(values))
                line.set(color=curve_colour(place), linestyle=curve_dash(place))
                line.set_gid(f"show-{place}")
        count_epochs(axes)
        if measure.endswith("accuracy"):
            axes.yaxis.set_major_formatter(PercentFormatter(1))
        return inline(figure, f"compared-{measure}", f"{measure} of each run by epoch")


def curve_colour(place: int) -> str:
    return CURVES[place % len(CURVES)]


def curve_dash(place: int) -> str:
    return DASHES[place // len(CURVES) % len(DASHES)]


def accuracy_by_time(points: Sequence[tuple[int, float, float]]) -> Markup:
    """(place, seconds, accuracy) of each run, with its place beside it."""
    with chart() as (figure, axes):
        for place, seconds, accuracy in points:
            axes.plot(
                max(seconds, 1e-3), accuracy, "o", color=curve_colour(place - 1), markersize=7
            )
            axes.annotate(
                str(place), (max(seconds, 1e-3), accuracy), (6, 3), textcoords="offset points"
            )
        axes.set_xscale("log")
        axes.margins(0.08, 0.12)
        low, high = axes.get_xlim()
        times = [time for time in TIMES if low <= time <= high]
        axes.xaxis.set_major_locator(FixedLocator(times[:: math.ceil(len(times) / 6) or 1]))
        axes.xaxis.set_major_formatter(lambda value, _: duration(value))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel("training time (logarithmic)")
        return inline(figure, "time", "Validation accuracy against training time, a dot a run")


def sweep_chart(sweep: Sweep, name: str) -> Markup:
    """Mean and standard deviation of validation accuracy against the swept value."""
    values = [point.value for point in sweep.points]
    numbers = all(isinstance(value, int | float) for value in values)
    with chart() as (figure, axes):
        x = values if numbers else list(range(len(values)))
        means = [point.mean for point in sweep.points]
        deviations = [point.deviation or 0 for point in sweep.points]
        axes.errorbar(x, means, deviations, fmt="o-", color=TRUTH, markersize=5, capsize=4)
        if numbers and min(values) > 0 and max(values) / min(values) > 50:
            axes.set_xscale("log")
            axes.xaxis.set_minor_locator(NullLocator())
        if not numbers:
            axes.set_xticks(x, [str(value)[:20] for value in values], parse_math=False)
        if sweep.published is not None:
            axes.axhline(sweep.published, color=WRONG, linestyle="--", linewidth=1.2)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel(sweep.setting, parse_math=False)
        return inline(figure, name, "Mean validation accuracy against the setting's value")
