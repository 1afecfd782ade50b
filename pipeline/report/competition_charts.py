"""The charts of a competition's page: runs in, inline SVG out."""

import math
from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup
from matplotlib.axes import Axes
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
STEPS = (1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 45)
TIMES = [
    *(step / 10 for step in STEPS if step < 10),
    *STEPS,
    *(minutes * MINUTE for minutes in STEPS),
    *(hours * HOUR for hours in STEPS),
]
# Where a dot's number may stand, from the dot, in points; the first place that is free.
BESIDE = ((6, 3), (6, -11), (-13, 3), (-13, -11))
WIDTH, HEIGHT = 12, 9  # of a number


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
    points = [(place, max(seconds, 1e-3), accuracy) for place, seconds, accuracy in points]
    with chart() as (figure, axes):
        for place, seconds, accuracy in points:
            axes.plot(seconds, accuracy, "o", color=curve_colour(place - 1), markersize=7)
        axes.set_xscale("log")
        axes.margins(0.08, 0.12)
        low, high = axes.get_xlim()
        times = [time for time in TIMES if low <= time <= high]
        axes.xaxis.set_major_locator(FixedLocator(times[:: math.ceil(len(times) / 6) or 1]))
        axes.xaxis.set_major_formatter(lambda value, _: duration(value))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel("training time (logarithmic)")
        _number(axes, points)
        return inline(figure, "time", "Validation accuracy against training time, a dot a run")


def _number(axes: Axes, points: Sequence[tuple[int, float, float]]) -> None:
    """Each dot's place beside it, where it covers no other; in a crowd some dots have none."""
    taken: list[tuple[float, float]] = []
    for place, seconds, accuracy in points:
        across, up = axes.transData.transform((seconds, accuracy)) * 72 / axes.figure.dpi
        free = [
            (x, y)
            for x, y in BESIDE
            if not any(
                abs(across + x - other_x) < WIDTH and abs(up + y - other_y) < HEIGHT
                for other_x, other_y in taken
            )
        ]
        if free:
            x, y = free[0]
            taken.append((across + x, up + y))
            axes.annotate(str(place), (seconds, accuracy), (x, y), textcoords="offset points")


def sweep_chart(sweep: Sweep, name: str) -> Markup:
    """Mean and standard deviation of validation accuracy against the swept value."""
    values = [point.value for point in sweep.points]
    numbers = all(isinstance(value, int | float) for value in values)
    with chart() as (figure, axes):
        x = values if numbers else list(range(len(values)))
        means = [point.mean for point in sweep.points]
        deviations = [point.deviation or 0 for point in sweep.points]
        axes.errorbar(x, means, deviations, fmt="o-", color=TRUTH, markersize=5, capsize=4)
        if numbers:
            _lay_out(axes, sorted(values))
        else:
            axes.set_xticks(x, [str(value)[:20] for value in values], parse_math=False)
        if sweep.published is not None:
            axes.axhline(sweep.published, color=WRONG, linestyle="--", linewidth=1.2)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel(sweep.setting, parse_math=False)
        return inline(figure, name, "Mean validation accuracy against the setting's value")


def _lay_out(axes: Axes, values: Sequence[float]) -> None:
    """The scale, linear or logarithmic, that parts the values better; their ticks at them."""
    gap = _narrowest(values)
    if values[0] > 0 and _narrowest([math.log(value) for value in values]) > gap:
        gap = _narrowest([math.log(value) for value in values])
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    if gap > 0.1:  # as wide as a number is
        axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.xaxis.set_minor_locator(NullLocator())


def _narrowest(values: Sequence[float]) -> float:
    """The least distance of neighbours, as a share of all."""
    return min((b - a for a, b in pairwise(values)), default=0) / max(values[-1] - values[0], 1e-30)
