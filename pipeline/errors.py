"""The one exception that users see."""

from collections.abc import Iterable
from difflib import get_close_matches

import click


class PipelineError(click.ClickException):
    """Something the user can mend: what was found, where, what was expected, what to do next.

    Shown without a traceback; the command ends with status 2.
    """

    exit_code = 2


def nearest(name: str, choices: Iterable[str]) -> str:
    """' Did you mean X?' where a choice resembles the name, else an empty string."""
    close = get_close_matches(name, list(choices), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
