"""User errors, and text that is safe to show."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

# Control characters and marks of direction rewrite what a terminal shows; half a surrogate pair,
# in the name of a file that is not UTF-8, cannot be written.
UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str, keep: str = "") -> str:
    """The text with escapes for what would change a terminal, such as \\x1b.

    Args:
        keep: characters that stay, such as line ends.
    """
    return UNPRINTABLE.sub(lambda m: m[0] if m[0] in keep else repr(m[0])[1:-1], text)


class PipelineError(click.ClickException):
    """A user error. Shown without a traceback; the exit status is 2.

    Args:
        found: what is wrong, such as "the cell is empty".
        where: the file (with line and column), option or setting that it was found in.
        expected: what would be accepted, such as "an integer in 0..255".
        remedy: what to do, in one or more sentences.
        details: further findings, one line each.
    """

    exit_code = 2

    def __init__(
        self,
        found: str,
        *,
        where: str | Path | None = None,
        expected: str | None = None,
        remedy: str | None = None,
        details: Sequence[str] = (),
    ) -> None:
        self.found, self.where, self.expected = found, where, expected
        self.remedy, self.details = remedy, tuple(details)
        parts = [_sentence(found if where is None else f"{where}: {found}")]
        if expected is not None:
            parts.append(_sentence(f"Expected {expected}"))
        if remedy is not None:
            parts.append(_sentence(remedy))
        lines = (printable(line) for line in (" ".join(parts), *self.details))
        super().__init__("\n  ".join(lines))

    def __reduce__(self) -> tuple[Any, ...]:
        fields = (self.found, self.where, self.expected, self.remedy, self.details)
        return _restore, fields


def suggest(name: str, choices: Iterable[str]) -> str:
    """Asks "Did you mean ...?" with the choice that resembles the name most, or an empty text."""
    close = get_close_matches(name, list(choices), n=1)
    return f"Did you mean {close[0]!r}?" if close else ""


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!", ":")) else f"{text}."


def _restore(
    found: str,
    where: str | Path | None,
    expected: str | None,
    remedy: str | None,
    details: Sequence[str],
) -> PipelineError:
    """Rebuilds an error that was sent from another process."""
    return PipelineError(found, where=where, expected=expected, remedy=remedy, details=details)
