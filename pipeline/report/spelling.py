"""Numbers as people say them."""


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
