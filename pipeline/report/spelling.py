"""Numbers, times and settings as people say them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def duration(seconds: float) -> str:
    """As people say it: 0.5 s, 12 s, 3.5 min, 2.1 h."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.2g} min" if seconds < 3600 else f"{seconds / 3600:.2g} h"


def percent(share: float | None, digits: int = 1) -> str:
    """0.9876 -> 98.8; nothing where there is none (None or NaN)."""
    return "" if share is None or share != share else f"{100 * share:.{digits}f}"


def chance(value: float) -> str:
    """A p-value after the letter p: = 0.34, = 0.012, < 0.001."""
    if value < 0.001:
        return "< 0.001"
    return f"= {value:.2f}" if value >= 0.1 else f"= {value:.3f}"


def moment(text: str) -> str:
    """2026-11-21T07:35:23+00:00 -> 2026-11-21 07:35 UTC; anything else as it is."""
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return text


def setting(value: Any) -> str:
    """A recipe's setting; of several in one, those that say something: rotation 10, zoom 0.1."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {part}" for name, part in value.items() if part)
    return str(value)
