"""Pickles jobs and exceptions, to send them to other processes and back."""

import pickle
import traceback
from typing import Any

from pipeline.errors import PipelineError
from pipeline.search.engine import Named

UNSENDABLE = (pickle.PicklingError, AttributeError, TypeError)  # raised by pickling


class WorkerTracebackError(Exception):
    """The traceback of an exception in another process, as its cause."""

    def __init__(self, text: str) -> None:
        super().__init__(f"\n{text}")


def cannot_be_sent(job: Named, error: Exception) -> PipelineError:
    """The error for a job that cannot be pickled."""
    return PipelineError(
        f"it cannot be sent to another process: {error}",
        where=f"run {job.name}",
        remedy="Define the layers of a recipe in a module, or use engine='inline'.",
    )


def portable(error: Exception) -> Exception:
    """An object that unpickles to the exception, with the traceback as its cause.

    If the exception cannot be pickled, it unpickles to a RuntimeError with its type and message.
    """
    text = traceback.format_exc()
    try:
        copy: Exception = pickle.loads(pickle.dumps(error))
    except Exception:
        copy = RuntimeError(f"{type(error).__name__}: {error}")
    return _WithCause(copy, text)  # type: ignore[return-value]


class _WithCause:
    """Pickles to the exception, with the traceback of the other process as its cause."""

    def __init__(self, error: Exception, text: str) -> None:
        self.error, self.text = error, text

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.error, self.text)


def _rebuild(error: Exception, text: str) -> Exception:
    error.__cause__ = WorkerTracebackError(text)
    return error
