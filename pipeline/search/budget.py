"""A time budget: its text, and its clock."""

import re
import time
from dataclasses import dataclass
from typing import Self

from pipeline.errors import PipelineError

UNITS = {"s": 1, "m": 60, "h": 3600}
SHORTEST = 30.0  # seconds
FORM = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")
FINISHING = 8.0  # seconds to explain and write a run, after its training
PREDICTING = 3.0  # times as many images per second as in training
CLOSING = 2.0, 0.01  # seconds, and share of the budget, for what follows the last training


@dataclass(frozen=True)
class Budget:
    """A time that may be used.

    Attributes:
        seconds: how much.
        began: Unix time at which it began.
    """

    seconds: float
    began: float

    @classmethod
    def start(cls, time_granted: str | float, began: float | None = None) -> Self:
        """A budget that begins now, or began at this Unix time.

        Args:
            time_granted: seconds, or text such as "90s", "30m", "1h30m".

        Raises:
            PipelineError: it is not a time, or too short.
        """
        seconds = parse_duration(time_granted)
        return cls(seconds, time.time() if began is None else began)

    def __str__(self) -> str:
        return short_duration(self.seconds)

    @property
    def end(self) -> float:
        """Unix time at which all trainings should have ended."""
        return self.began + self.seconds - CLOSING[0] - CLOSING[1] * self.seconds

    @property
    def left(self) -> float:
        """Seconds until `end`."""
        return self.end - time.time()

    @property
    def spent(self) -> float:
        """Seconds since it began."""
        return time.time() - self.began


def closing_seconds(views: int, speed: float) -> float:
    """Seconds from the last epoch of a training to its finished run.

    Args:
        views: images to predict, each as many times as it has TTA views.
        speed: images per second of the training.
    """
    return FINISHING + views / (PREDICTING * speed)


def parse_duration(text: str | float) -> float:
    """ "90s", "30m", "3h", "1h30m", or a number of seconds -> seconds.

    Raises:
        PipelineError: it is none of these, or too short.
    """
    expected = f"a time of at least {SHORTEST:g}s, such as 90s, 10m, 1h30m"
    if isinstance(text, str):
        match = FORM.fullmatch(text.strip().lower())
        parts = match.groups() if match else ()
        if not any(parts):
            raise PipelineError(f"budget {text!r}", expected=expected)
        scales = (UNITS["h"], UNITS["m"], UNITS["s"])
        text = sum(float(part or 0) * scale for part, scale in zip(parts, scales, strict=True))
    if not SHORTEST <= text < float("inf"):
        raise PipelineError(f"a budget of {text:g} seconds", expected=expected)
    return float(text)


def short_duration(seconds: float) -> str:
    """1800 -> "30m"; 5400 -> "1h30m"; 45 -> "45s"."""
    hours, rest = divmod(round(seconds), UNITS["h"])
    minutes, rest = divmod(rest, UNITS["m"])
    parts = ((hours, "h"), (minutes, "m"), (rest, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count)
