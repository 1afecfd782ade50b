"""Search spaces: ranges of a recipe's settings, which `pipeline tune` searches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import PipelineError

DIGITS = 3  # significant digits of a number that is searched


@dataclass(frozen=True)
class Float:
    """Numbers from low to high.

    Attributes:
        low, high: the limits, both included.
        log: whether to search on a logarithmic scale.
        step: distance between two numbers; any number without it.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def __post_init__(self) -> None:
        _check(self)

    def bounds(self) -> tuple[float, float]:
        return self.low, self.high

    def contains(self, value: Any) -> bool:
        return isinstance(value, float | int) and self.low <= value <= self.high

    def round(self, value: float) -> float:
        """The number as a setting has it: with few digits, and within the limits."""
        few = float(f"{value:.10g}" if self.step else f"{value:.{DIGITS}g}")
        return min(max(few, self.low), self.high)

    def __str__(self) -> str:
        return _in_words(self)


@dataclass(frozen=True)
class Integer:
    """Integers from low to high.

    Attributes:
        low, high: the limits, both included.
        step: distance between two integers.
        log: whether to search on a logarithmic scale.
    """

    low: int
    high: int
    step: int = 1
    log: bool = False

    def __post_init__(self) -> None:
        _check(self)

    def bounds(self) -> tuple[int, int]:
        return self.low, self.high

    def contains(self, value: Any) -> bool:
        return value in range(self.low, self.high + 1, self.step)

    def round(self, value: int) -> int:
        return value

    def __str__(self) -> str:
        return _in_words(self)


@dataclass(frozen=True)
class Choice:
    """One of some values: numbers, texts or booleans."""

    values: tuple[float | int | str | bool, ...]

    def __post_init__(self) -> None:
        if len(set(self.values)) < max(2, len(self.values)):
            raise PipelineError(f"values = {self.values}", where="Choice", expected="two or more")

    def bounds(self) -> tuple[Any, ...]:
        return self.values

    def contains(self, value: Any) -> bool:
        return value in self.values

    def round(self, value: Any) -> Any:
        return value

    def __str__(self) -> str:
        return f"one of {', '.join(map(_text, self.values))}"


Range = Float | Integer | Choice


@dataclass(frozen=True)
class Space:
    """What tuning searches.

    Attributes:
        ranges: a range for each setting that is searched: `{"learning_rate": Float(1e-4, 1e-1,
            log=True), "augmentation.rotation": Float(0, 30)}`. The recipe's own value is in it.
        executions: number of trainings of a trial, which differ by seed; the mean of their
            scores counts.
    """

    ranges: Mapping[str, Range] = field(hash=False)
    executions: int = 1

    def settings(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of a trial: its parameters, numbers with few digits."""
        return {
            name: self.ranges[name].round(value)
            for name, value in parameters.items()
            if name in self.ranges
        }


def _check(numbers: Float | Integer) -> None:
    """Raises PipelineError if the limits and the step do not fit."""
    low, high, step = numbers.low, numbers.high, numbers.step
    whole = step is None or (step > 0 and round((high - low) / step, 9) % 1 == 0)
    if not (low < high and whole and (not numbers.log or (low > 0 and step in (None, 1)))):
        raise PipelineError(
            f"{numbers!r}",
            where="space",
            expected="low below high and a whole number of steps; or, on a logarithmic scale, low "
            "above 0 and no step",
        )


def _in_words(numbers: Float | Integer) -> str:
    text = f"{_text(numbers.low)} to {_text(numbers.high)}"
    if numbers.log:
        return f"{text}, logarithmic"
    return f"{text} by {_text(numbers.step)}" if numbers.step not in (None, 1) else text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
