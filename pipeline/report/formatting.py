"""Numbers, times and settings as text."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def duration(seconds: float) -> str:
    """In the unit that fits best: 0.5 s, 12 s, 3.5 min, 2.1 h."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.2g} min" if seconds < 3600 else f"{seconds / 3600:.2g} h"


def percent(share: float | None, digits: int = 1) -> str:
    """0.9876 -> "98.8"; an empty string for None and NaN."""
    return "" if share is None or share != share else f"{100 * share:.{digits}f}"


def p_value(value: float) -> str:
    """A p-value to be written after the letter p: "= 0.34", "= 0.012", "< 0.001"."""
    if value < 0.001:
        return "< 0.001"
    return f"= {value:.2f}" if value >= 0.1 else f"= {value:.3f}"


def moment(text: str) -> str:
    """2026-11-21T07:35:23+00:00 -> 2026-11-21 07:35 UTC; other text unchanged."""
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return text


def in_use(settings: Mapping[str, Any], part: str = "") -> dict[str, str]:
    """The settings that are not off (None, 0, False), as text.

    Args:
        part: only settings of that part of a recipe, such as "augmentation", without its name.
    """
    prefix = f"{part}." if part else ""
    return {
        name.removeprefix(prefix): str(value)
        for name, value in settings.items()
        if name.startswith(prefix) and value
    }
