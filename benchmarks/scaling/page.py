"""The tables of docs/scaling.md, as text."""

import re
from collections.abc import Mapping

import pandas as pd

from benchmarks.scaling.experiments import CONDITIONS, ORDERS, POLICIES, RESTARTS, index
from benchmarks.scaling.limits import (
    NODE,
    PIXELS_SIZE,
    READING_SIZE,
    ROWS,
    data_sizes,
    data_times,
    occurs,
)
from benchmarks.scaling.simulation import HOUR

SIZES = {1e12: "TB", 1e9: "GB", 1e6: "MB", 1e3: "kB"}
TIMES = {86_400.0: "days", HOUR: "h", 60.0: "min", 1.0: "s", 1e-3: "ms"}


def insert(page: str, texts: Mapping[str, str]) -> str:
    """The page with the text between the comments `NAME` and `end of NAME` replaced.

    Raises:
        KeyError: the page has no such comments.
    """
    for name, text in texts.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        found = pattern.search(page)
        if not found:
            raise KeyError(name)
        before, after = page[: found.end(1)], page[found.start(2) :]
        page = f"{before}\n{text}\n{after}"
    return page


def makespans_text(table: pd.DataFrame) -> str:
    """Makespan over the ideal for each policy, and the work lost."""
    header = ["workers", "ideal", "condition"]
    header += [f"{order}, {restart}" for order, restart in POLICIES]
    header += [f"work lost, {restart}" for restart in RESTARTS]
    found = index(table, "workers", "condition", "order", "restart")
    rows = []
    for workers, condition in index(table, "workers", "condition"):
        ratios = [f"{found[workers, condition, *policy]['ratio']:.2f}" for policy in POLICIES]
        best = [found[workers, condition, "longest first", restart] for restart in RESTARTS]
        lost = [f"{100 * row['lost']:.1f} %" for row in best]
        ideal = duration(best[0]["ideal"])
        rows.append([f"{workers:,}", ideal, condition, *ratios, *lost])
    return markdown(header, rows)


def seeds_text(table: pd.DataFrame) -> str:
    """The range over the seeds of makespan / ideal, with all kinds of failures."""
    some = table[table["condition"] == "all of these"]
    found = index(some, "workers", "order", "restart")
    rows = []
    for (workers,) in index(some, "workers"):
        ratios = [found[workers, *policy] for policy in POLICIES]
        ranges = [f"{each['least']:.2f} - {each['most']:.2f}" for each in ratios]
        rows.append([f"{workers:,}", *ranges])
    return markdown(["workers", *(f"{order}, {restart}" for order, restart in POLICIES)], rows)


def draws_text(table: pd.DataFrame) -> str:
    """The range of the makespans over the ideal of several draws, for each order."""
    found = table.groupby(["condition", "order"])["ratio"].agg(["min", "max"])
    ranges = {key: f"{low:.2f} - {high:.2f}" for key, (low, high) in found.T.items()}
    names = [name for name in CONDITIONS if name in {*table["condition"]}]
    rows = [[name, *(ranges[name, order] for order in ORDERS)] for name in names]
    return markdown(["condition", *ORDERS], rows)


def moved_text(table: pd.DataFrame) -> str:
    """Bytes that are transferred, in a calm cluster and with all kinds of failures."""
    some = table[
        (table["order"] == "longest first")
        & (table["restart"] == "from the checkpoint")
        & table["condition"].isin(["calm", "all of these"])
    ]
    rows = [
        [f"{row['workers']:,}", row["condition"], f"{row['stops']:.0f}"]
        + [size(row[name]) for name in ("sent_jobs", "data_per_node", "data_per_job", "results")]
        for row in some.to_dict("records")
    ]
    header = ["workers", "condition", "stopped jobs", "jobs with their folds",
              "data, once per node", "data, once per job", "results"]  # fmt: skip
    return markdown(header, rows)


def ends_text(ends: Mapping[str, Mapping[str, float]]) -> str:
    """The number of workers that each part can serve.

    Args:
        ends: what `most_workers` returns, by the size of the data.
    """
    names = dict.fromkeys(name for found in ends.values() for name in found)
    rows = [
        [name, *(f"{float(f'{found[name]:.2g}'):,.0f}" for found in ends.values())]
        for name in names
    ]
    return markdown(["what becomes the limit", *ends], rows)


def data_text(speeds: "pd.Series[float]", run_times: pd.DataFrame, growth: pd.DataFrame) -> str:
    """Sizes and times for numbers of rows; values in brackets do not occur."""
    columns = []
    for rows in ROWS:
        column = {name: size(value) for name, value in data_sizes(rows, speeds, growth).items()}
        for way, seconds in data_times(rows, speeds, run_times).items():
            text = duration(seconds)
            column[way] = text if occurs(way, rows) else f"({text})"
        columns.append(column)
    lines = [[name, *(column[name] for column in columns)] for name in columns[0]]
    store = NODE.memory * NODE.object_store
    for text, name, limit in (
        (f"pixels fit into {size(NODE.memory)} of memory", PIXELS_SIZE, NODE.memory),
        (f"pixels fit into an object store of {size(store)}", PIXELS_SIZE, store),
        (f"reading fits into {size(NODE.memory)} of memory", READING_SIZE, NODE.memory),
    ):
        sizes = [data_sizes(rows, speeds, growth)[name] for rows in ROWS]
        lines.append([text, *("yes" if needed <= limit else "**no**" for needed in sizes)])
    return markdown(["", *(f"{rows:,} rows" for rows in ROWS)], lines)


def speeds_text(table: pd.DataFrame) -> str:
    """The measured speeds, and the machine."""
    rows = [[row["name"], f"{row['value']:,.12g}", row["unit"]] for row in table.to_dict("records")]
    return markdown(["measured", "value", "unit"], rows) + f"\n{table['machine'].iloc[0]}.\n"


def duration(seconds: float) -> str:
    """A duration in the largest unit that makes it at least 1."""
    unit = next((unit for unit in TIMES if seconds >= 1.5 * unit), 1e-3)
    value = seconds / unit
    return f"{value:,.0f} {TIMES[unit]}" if value >= 1000 else f"{value:.3g} {TIMES[unit]}"


def size(count: float) -> str:
    """Bytes with a unit."""
    unit = next((unit for unit in SIZES if count >= unit), 1e3)
    return f"{count / unit:,.3g} {SIZES[unit]}"


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A table; the numbers, after the first column, are aligned to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
