"""The one thread that predicts: the newest drawing first, and else the next training images."""

import threading
from concurrent.futures import Future

from pipeline.drawing.answer import Answer, Reader
from pipeline.drawing.strokes import Drawing


class Worker(threading.Thread):
    """Answers drawings one by one. A waiting drawing is dropped when a newer one arrives."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(name="reader of drawings", daemon=True)
        self._reader = reader
        self._changed = threading.Condition()
        self._waiting: tuple[Drawing, Future[Answer | None]] | None = None
        self._busy_with_images = True
        self._stopping = False

    def ask(self, drawing: Drawing) -> "Future[Answer | None]":
        """Its answer, when it is there; None if a newer drawing took its place, or at the end."""
        future: Future[Answer | None] = Future()
        with self._changed:
            if self._stopping:
                future.set_result(None)
                return future
            if self._waiting:
                self._waiting[1].set_result(None)
            self._waiting = (drawing, future)
            self._changed.notify()
        return future

    def stop(self) -> None:
        """Ends the thread after its current work; a drawing that waits gets no answer."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self.join()
        if self._waiting:
            self._waiting[1].set_result(None)

    def run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._waiting or self._stopping or self._busy_with_images
                )
                if self._stopping:
                    return
                waiting, self._waiting = self._waiting, None
            if waiting:
                self._answer(*waiting)
            else:
                self._compare_more()

    def _answer(self, drawing: Drawing, future: "Future[Answer | None]") -> None:
        try:
            future.set_result(self._reader.read(drawing))
        except Exception as error:  # who asked shows it; the next drawing is answered
            future.set_exception(error)

    def _compare_more(self) -> None:
        try:
            self._reader.neighbours.extend()
            self._busy_with_images = not self._reader.neighbours.complete
        except Exception:  # out of memory, perhaps; those that are there are compared
            self._busy_with_images = False
