"""The table of a benchmark: a row for each comparison, with its caveats."""

import math
import platform
import statistics
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import click

from benchmarks.measure import Figures
from pipeline.cli.output import echo_table
from pipeline.machine import cores, processor

WIDTH = 100  # columns of the notes
HEADER = ("what | against", "ours", "range", "theirs", "range", "ratio", "at least", "")


@dataclass(frozen=True)
class Spread:
    """A figure that was measured several times.

    Attributes:
        unit: of the values, such as "s".
    """

    values: tuple[float, ...]
    unit: str

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def text(self) -> str:
        return f"{_number(self.median)} {self.unit}"

    def range_text(self) -> str:
        return f"{_number(min(self.values))} - {_number(max(self.values))}"


@dataclass(frozen=True)
class Row:
    """A comparison.

    Attributes:
        what: what was measured, and against what.
        at_least: the target ratio; None for a comparison without a target.
        higher_is_better: whether the figures are rates, such as images per second.
        caveat: what is unequal in the comparison, and for whom; empty if nothing is known.
    """

    what: str
    ours: Spread
    theirs: Spread
    at_least: float | None = None
    caveat: str = ""
    higher_is_better: bool = False

    @property
    def ratio(self) -> float:
        """How many times as good ours is: the ratio of the medians, above 1 if ours is better.

        Of equal figures it is 1, also of two zeros.
        """
        ours, theirs = self.ours.median, self.theirs.median
        if self.higher_is_better:
            ours, theirs = theirs, ours
        if ours == theirs:
            return 1.0
        return theirs / ours if ours else math.inf

    @property
    def missed(self) -> bool:
        return self.at_least is not None and self.ratio < self.at_least


def spread(measured: Sequence[Figures], name: str, unit: str, scale: float = 1) -> Spread:
    """One figure of repeated measurements, times `scale`."""
    return Spread(tuple(scale * figures[name] for figures in measured), unit)


def print_rows(rows: Sequence[Row]) -> None:
    """Prints the table; below it, a numbered line for each caveat."""
    notes = list(dict.fromkeys(row.caveat for row in rows if row.caveat))
    cells = [
        (
            f"{row.what} [{notes.index(row.caveat) + 1}]" if row.caveat else row.what,
            row.ours.text(),
            row.ours.range_text(),
            row.theirs.text(),
            row.theirs.range_text(),
            _number(row.ratio),
            "" if row.at_least is None else f"{row.at_least:g}",
            "below target" if row.missed else "",
        )
        for row in rows
    ]
    echo_table(HEADER, cells, left=(HEADER[0], HEADER[-1]))
    for number, note in enumerate(notes, start=1):
        lines = textwrap.fill(f"[{number}] {note}", WIDTH, subsequent_indent="    ")
        click.echo(("\n" if number == 1 else "") + lines)


def machine_line() -> str:
    """Processor, cores, and the versions of Python and TensorFlow."""
    return (
        f"{processor()}, {len(cores())} cores, {platform.system()}, "
        f"Python {platform.python_version()}, TensorFlow {_tensorflow_version()}"
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _tensorflow_version() -> str:
    for package in ("tensorflow", "tensorflow-cpu"):
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "is not installed"
