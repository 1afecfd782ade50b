"""The pictures of docs/scaling.md: opaque and light, so that they can be read on any page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from benchmarks.scaling.experiments import (
    CONDITIONS,
    DATA,
    ORDERS,
    POLICIES,
    RESTARTS,
    WORKERS,
    index,
)
from benchmarks.scaling.limits import NODE, ROWS, data_sizes, data_times, occurs
from benchmarks.scaling.page import duration

# The colours of Okabe and Ito, which the colour-blind can tell apart.
BLACK, ORANGE, SKY, GREEN = "#000000", "#e69f00", "#56b4e9", "#009e73"
BLUE, RED, PINK, GREY = "#0072b2", "#d55e00", "#cc79a7", "#777777"
COLOURS = dict(zip(RESTARTS, (RED, BLUE), strict=True))
DURATIONS = {1: "1 s", 60: "1 min", 3600: "1 h", 86_400: "1 day", 86_400 * 30: "1 month"}
BYTES = {1e6: "1 MB", 1e7: "10 MB", 1e8: "100 MB", 1e9: "1 GB", 1e10: "10 GB", 1e11: "100 GB",
         1e12: "1 TB"}  # fmt: skip


def draw_makespans(table: pd.DataFrame, path: Path) -> None:
    """Makespan over the ideal for each condition and policy, a panel for each cluster."""
    figure, panels = plt.subplots(1, 3, figsize=(11, 4.2), sharey=True, layout="constrained")
    for axes, workers in zip(panels, WORKERS, strict=True):
        some = table[table["workers"] == workers]
        found = index(some, "order", "restart", "condition")
        for number, (order, restart) in enumerate(POLICIES):
            ratios = [found[order, restart, condition]["ratio"] for condition in CONDITIONS]
            axes.plot(
                ratios,
                np.arange(len(CONDITIONS)) + 0.17 * (number - 1.5),
                marker="o" if ORDERS[order] else "D",
                markersize=7,
                markerfacecolor=COLOURS[restart] if ORDERS[order] else "white",
                color=COLOURS[restart],
                linestyle="none",
                label=f"{order}, {restart}",
            )
        axes.axvline(1, color=BLACK, linewidth=1)
        least = duration(some["ideal"].iloc[0])
        axes.set(title=f"{workers:,} workers, ideal {least}", xlabel="makespan / ideal")
        axes.set_xlim(0.9, max(1.5, 1.08 * some["ratio"].max()))
        axes.grid(axis="x", alpha=0.3)
        for edge in range(len(CONDITIONS) - 1):
            axes.axhline(edge + 0.5, color="0.85", linewidth=0.8)
    panels[0].set_yticks(range(len(CONDITIONS)), list(CONDITIONS))
    panels[0].invert_yaxis()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    _save(figure, path)


def draw_ends(table: pd.DataFrame, path: Path) -> None:
    """What each part needs by itself against the number of workers, a panel for each data."""
    lines: dict[str, Any] = {
        "all work / workers": {"color": BLACK},
        "longest job": {"color": RED},
        "data, once per job": {"color": ORANGE, "linestyle": "--"},
        "data, once per node": {"color": BLUE, "linestyle": "--"},
        "jobs with their folds": {"color": GREY, "linestyle": "-."},
        "writer": {"color": PINK, "linestyle": ":"},
        "results": {"color": GREEN, "linestyle": ":"},
    }
    dots = {"simulated, once per job": ("s", ORANGE), "simulated, once per node": ("o", BLUE)}
    figure, panels = plt.subplots(1, 2, figsize=(11, 4.6), sharey=True, layout="constrained")
    for axes, data in zip(panels, DATA, strict=True):
        some = table[table["data"] == data]
        for name, style in lines.items():
            axes.loglog(some["workers"], some[name], linewidth=1.8, label=name, **style)
        for name, (marker, colour) in dots.items():
            axes.plot(
                some["workers"], some[name], marker, color=colour, label=name,
                markeredgecolor=BLACK, markersize=6 if marker == "o" else 9,
            )  # fmt: skip
        axes.set(title=f"{data} ({_bytes(DATA[data].data_bytes)})", xlabel="workers")
        axes.minorticks_off()
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.grid(alpha=0.3)
    _durations(panels[0])
    panels[0].set(ylabel="time for 1,000 jobs", ylim=(0.3, 5e5))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    _save(figure, path)


def draw_deaths(table: pd.DataFrame, path: Path) -> None:
    """Lost work, makespan and jobs given up against the rate at which workers die."""
    figure, panels = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
    left, middle, right = panels
    for restart, colour in COLOURS.items():
        some = table[table["restart"] == restart]
        style: dict[str, Any] = {"marker": "o", "color": colour, "label": restart}
        left.semilogx(some["rate"], 100 * some["lost"], **style)
        middle.semilogx(some["rate"], some["ratio"], **style)
        right.semilogx(some["rate"], some["given_up"], **style)
    for axes in panels:
        axes.set(xlabel="deaths per worker and hour")
        axes.set_xticks(table["rate"].unique(), [f"{rate:g}" for rate in table["rate"].unique()])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    left.set(ylabel="work that is lost, %", ylim=(0, None))
    middle.set(ylabel="makespan / ideal", ylim=(1, None))
    right.set(ylabel="jobs that the engine gives up, of 1,000", ylim=(0, None))
    left.legend(frameon=False, title="a stopped job starts again")
    _save(figure, path)


def draw_data(
    speeds: "pd.Series[float]", run_times: pd.DataFrame, growth: pd.DataFrame, path: Path
) -> None:
    """Times and sizes of three numbers of rows."""
    times = [data_times(rows, speeds, run_times) for rows in ROWS]
    sizes = [data_sizes(rows, speeds, growth) for rows in ROWS]
    figure, (upper, lower) = plt.subplots(
        2, 1, figsize=(10, 6.4), height_ratios=(len(times[0]), len(sizes[0])), layout="constrained"
    )
    for axes, found in ((upper, times), (lower, sizes)):
        names = sorted(found[0], key=lambda name: found[0][name])
        for rows, values, colour in zip(ROWS, found, (SKY, BLUE, BLACK), strict=True):
            for place, name in enumerate(names):
                face = colour if occurs(name, rows) else "white"
                axes.plot(
                    values[name], place, "o", markersize=9, color=colour, markerfacecolor=face
                )
            axes.plot([], [], "o", markersize=9, color=colour, label=f"{rows:,} rows")
        axes.set_xscale("log")
        axes.set_yticks(range(len(names)), [name.replace("`", "") for name in names])
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.grid(alpha=0.3)
    upper.set(xlabel="time", xlim=(0.02, 1e7))
    upper.set_xticks(list(DURATIONS), list(DURATIONS.values()))
    levels = {"memory of a node": NODE.memory, "object store": NODE.memory * NODE.object_store}
    for (name, level), side in zip(levels.items(), ("left", "right"), strict=True):
        lower.axvline(level, color=RED, linewidth=1.2, linestyle="--")
        gap, end = (1.1, "left") if side == "left" else (0.9, "right")
        lower.text(level * gap, -0.35, f"{name}, {_bytes(level)}", color=RED, ha=end, va="center")
    lower.set(xlabel="size", xlim=(4e5, 1e13))
    lower.set_xticks(list(BYTES), list(BYTES.values()))
    for axes in (upper, lower):
        axes.minorticks_off()
    handles, labels = upper.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=3, frameon=False)
    _save(figure, path)


def _durations(axes: Any) -> None:
    axes.set_yticks(list(DURATIONS), list(DURATIONS.values()))
    axes.minorticks_off()


def _bytes(size: float) -> str:
    unit = next((unit for unit in BYTES if size < 1000 * unit and unit in (1e6, 1e9)), 1e12)
    return f"{size / unit:.3g} {BYTES[unit].split()[1]}"


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=120, facecolor="white", metadata={"Software": None})
    plt.close(figure)


def draw_all(tables: Mapping[str, Any], folder: Path) -> None:
    """Draws all pictures into a folder."""
    draw_makespans(tables["makespans"], folder / "scaling-makespan.png")
    draw_ends(tables["ends"], folder / "scaling-ends.png")
    draw_deaths(tables["deaths"], folder / "scaling-deaths.png")
    draw_data(tables["speeds"], tables["run_times"], tables["growth"], folder / "scaling-data.png")
