"""Search spaces: ranges of a recipe's settings, which `pipeline tune` searches."""

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from pipeline.errors import PipelineError

DIGITS = 10  # significant digits of a number on a grid: 0.3, not 0.30000000000000004


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
    _: KW_ONLY
    log: bool = False
    step: float | None = None

    def __post_init__(self) -> None:
        _check(self)

    def bounds(self) -> tuple[float, float]:
        return float(self.low), float(self.high)

    def contains(self, value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, float | int):
            return False
        return self.low <= value <= self.high and math.isclose(value, self.setting(value))

    def setting(self, value: float) -> float:
        """The number as a setting has it: with a step, the nearest number on the grid."""
        if self.step is None:
            return value
        on_grid = self.low + round((value - self.low) / self.step) * self.step
        return min(max(float(f"{on_grid:.{DIGITS}g}"), self.low), self.high)

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
    _: KW_ONLY
    step: int = 1
    log: bool = False

    def __post_init__(self) -> None:
        _check(self)

    def bounds(self) -> tuple[int, int]:
        return self.low, self.high

    def contains(self, value: Any) -> bool:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and value in range(self.low, self.high + 1, self.step)

    def setting(self, value: int) -> int:
        return value

    def __str__(self) -> str:
        return _in_words(self)


@dataclass(frozen=True)
class Choice:
    """One of several values: numbers, texts or booleans."""

    values: tuple[float | int | str | bool, ...]

    def __post_init__(self) -> None:
        if len(set(self.values)) < max(2, len(self.values)):
            raise PipelineError(
                f"values = {self.values}", where="Choice", expected="two or more different values"
            )

    def bounds(self) -> tuple[Any, ...]:
        return self.values

    def contains(self, value: Any) -> bool:
        same = [one for one in self.values if isinstance(one, bool) == isinstance(value, bool)]
        return value in same

    def setting(self, value: Any) -> Any:
        return value

    def __str__(self) -> str:
        return f"one of {', '.join(map(text_of, self.values))}"


Range = Float | Integer | Choice


@dataclass(frozen=True)
class Space:
    """What tuning searches.

    Attributes:
        ranges: a range for each setting that is searched: `{"learning_rate": Float(1e-4, 1e-1,
            log=True), "augmentation.rotation": Float(0, 30)}`. The first trial has the recipe's own
            values, if all of them are in their ranges.
        executions: number of trainings of a trial, which differ by seed; the mean of their
            scores counts.
    """

    ranges: Mapping[str, Range] = field(hash=False)
    executions: int = 1

    def __post_init__(self) -> None:
        wrong = [name for name, each in self.ranges.items() if not isinstance(each, Range)]
        if wrong or self.executions < 1:
            raise PipelineError(
                f"ranges = {dict(self.ranges)!r}, executions = {self.executions}",
                where="Space",
                expected="a Float, Integer or Choice for each setting; executions of at least 1",
            )

    def settings(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of a trial with these parameters."""
        return {
            name: self.ranges[name].setting(value)
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
    text = f"{text_of(numbers.low)} to {text_of(numbers.high)}"
    if numbers.log:
        return f"{text}, logarithmic"
    return f"{text} by {text_of(numbers.step)}" if numbers.step not in (None, 1) else text


def text_of(value: Any) -> str:
    """The text of a searched value: true, relu, 64, 0.00274. Fractions have three digits."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{float(f'{value:.3g}'):g}" if isinstance(value, float) else str(value)


def short_name(setting: str) -> str:
    """ "augmentation.rotation" -> "rotation"."""
    return setting.rpartition(".")[2]
