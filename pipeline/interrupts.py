"""Delays Ctrl-C and SIGTERM until the state of the work is saved; limits the time of calls."""

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """The signals that arrive in a block, see `delay_interrupts`."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.handlers: dict[int, object] = {}

    @property
    def pending(self) -> bool:
        """Whether a signal has arrived."""
        return self.number is not None

    def act(self) -> None:
        """If a signal has arrived, handles it as outside the block."""
        number, self.number = self.number, None
        if number is not None:
            self.end()
            signal.raise_signal(number)

    def end(self) -> None:
        """Restores the signal handlers from before the block."""
        for number, handler in self.handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self.handlers = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        # A worker process gets two: one for its process group, one from its parent.
        again = self.pending and multiprocessing.parent_process() is None
        self.number = number
        if again:
            self.act()


@contextmanager
def delay_interrupts() -> Iterator[Interrupts]:
    """In the block, Ctrl-C and SIGTERM are recorded and not handled.

    The signal is handled at the end of the block, when `Interrupts.act` is called, or when a second
    one arrives. Ignored signals stay ignored. Has no effect outside the main thread.
    """
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    for number in STOPPING:
        if signal.getsignal(number) not in (signal.SIG_IGN, None):
            interrupts.handlers[number] = signal.signal(number, interrupts._note)
    try:
        yield interrupts
    finally:
        interrupts.end()
        interrupts.act()


@contextmanager
def note_interrupts() -> Iterator[Interrupts]:
    """In the block, Ctrl-C and SIGTERM are handled as before it, and again at its end.

    TensorFlow may drop the KeyboardInterrupt, or raise another exception in its place, which the
    block may have caught. Has no effect outside the main thread.
    """
    interrupts = Interrupts()

    def note(number: int, frame: FrameType | None) -> None:
        interrupts.number = number
        interrupts.handlers[number](number, frame)  # type: ignore[operator]

    try:
        if threading.current_thread() is threading.main_thread():
            for number in map(int, STOPPING):
                if callable(handler := signal.getsignal(number)):
                    interrupts.handlers[number] = handler
                    signal.signal(number, note)
        yield interrupts
        interrupts.act()
    finally:
        for number, before in interrupts.handlers.items():
            if signal.getsignal(number) is note:  # not changed by the handler
                signal.signal(number, before)  # type: ignore[arg-type]


class TimeIsUp(BaseException):
    """The time of `limit_time` is over. No `except Exception` of the code in between stops it."""


@contextmanager
def limit_time(seconds: float, goes_on: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Raises `TimeIsUp` in the block after this time. Has no effect outside the main thread.

    Args:
        goes_on: asked then; if it returns true, the block has the same time again.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        if not goes_on():
            raise TimeIsUp
        signal.setitimer(signal.ITIMER_REAL, seconds)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
