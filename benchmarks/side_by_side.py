"""Two commands in turn, each in a process of its own, and what they took."""

import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True)
class Row:
    """A line of the table: what ours and theirs took; `theirs` may be a fixed limit.

    Attributes:
        least: so many times less than theirs ours is to be; below 1, it may be more.
    """

    what: str
    ours: float
    theirs: float
    unit: str
    least: float

    def holds(self) -> bool:
        return self.theirs >= self.least * self.ours

    def cells(self) -> tuple[str, ...]:
        return (
            self.what,
            f"{self.ours:.3g} {self.unit}",
            f"{self.theirs:.3g} {self.unit}",
            f"{self.theirs / self.ours:.3g}",
            f"{self.least:.3g}",
            "" if self.holds() else "MISSED",
        )


@dataclass(frozen=True)
class Cost:
    """Of a whole process: seconds by the clock, and what it printed."""

    seconds: float
    output: str


def in_turn(commands: Sequence[Sequence[str]], runs: int) -> list[list[Cost]]:
    """Runs each command once to warm up, then all of them in turn; returns each one's costs."""
    costs: list[list[Cost]] = [[] for _ in commands]
    for turn in range(runs + 1):
        for command, mine in zip(commands, costs, strict=True):
            cost = _run(command)
            if turn:
                mine.append(cost)
    return costs


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def python(code: str, *words: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, words)]


def _run(command: Sequence[str]) -> Cost:
    start = perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    if process.wait():
        raise RuntimeError(f"{command[:3]} ended with {process.returncode}")
    return Cost(perf_counter() - start, output)
