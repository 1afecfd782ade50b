"""The engine that runs jobs in parallel, each worker a process that does one job at a time."""

import multiprocessing
import os
import signal
import sys
import threading
import time
import types
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from pipeline.errors import PipelineError
from pipeline.search.engine import J, Named, R, Work
from pipeline.search.pickling import UNSENDABLE, cannot_be_sent, portable
from pipeline.training.progress import Observer, Progress

PATIENCE = 10.0  # seconds that a process may take to end


class Processes:
    """Runs jobs in worker processes.

    Args:
        workers: number of processes.
    """

    local = True

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(
        self, work: Work[J, R], jobs: Iterable[J], observer: Observer
    ) -> Iterator[tuple[J, R | Exception]]:
        waiting, busy = iter(jobs), dict[Connection, tuple[_Worker, J]]()
        idle: list[_Worker] = []
        try:
            while True:
                while len(busy) < self.workers and (job := next(waiting, None)) is not None:
                    worker = idle.pop() if idle else _Worker()
                    worker.send(work, job)
                    busy[worker.connection] = worker, job
                if not busy:
                    return
                for connection in wait(list(busy)):
                    worker, job = busy[connection]  # type: ignore[index]
                    message = worker.receive(job)
                    if isinstance(message, Progress):
                        observer(message)
                        continue
                    del busy[connection]  # type: ignore[arg-type]
                    if worker.process.is_alive():
                        idle.append(worker)
                    yield job, message
        finally:
            workers = [*idle, *(worker for worker, _ in busy.values())]
            for worker in workers:
                worker.process.terminate()
            until = time.monotonic() + PATIENCE
            for worker in workers:
                worker.join(until - time.monotonic())


class _Worker:
    """A process, and the connection to it."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_serve, args=(theirs,), daemon=True)
        with _without_interrupts(), _without_main():
            self.process.start()
        theirs.close()

    def send(self, work: Work[J, R], job: J) -> None:
        """Gives the process a job. If it cannot be sent, the answer is the exception."""
        try:
            self.connection.send((work, job))
        except UNSENDABLE as error:
            self.connection.send(cannot_be_sent(job, error))
        except OSError:
            return  # the process has ended, which `receive` tells

    def receive(self, job: Named) -> Any:
        """The next message: progress, a run, or an exception."""
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            return PipelineError(
                f"its process ended unexpectedly (exit status {self.process.exitcode}), possibly "
                "out of memory",
                where=f"run {job.name}",
                remedy="Run the command again; finished runs are reused.",
            )

    def join(self, seconds: float) -> None:
        """Waits until the process, which was terminated, has removed its unfinished files."""
        self.process.join(max(0, seconds))
        self.process.kill()
        self.connection.close()
        self.process.join()


def _serve(connection: Connection) -> None:
    """Runs jobs until this process is terminated."""
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            message = connection.recv()
        except EOFError:
            return
        except Exception as error:  # the job cannot be rebuilt here
            connection.send(portable(error))
            continue
        try:
            if isinstance(message, Exception):
                raise message
            work, job = message
            connection.send(work(job, connection.send))
        except Exception as error:
            connection.send(portable(error))


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes that start in the block ignore Ctrl-C, which the parent handles."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _without_main() -> Iterator[None]:
    """Processes that start in the block do not run the user's script again.

    A script needs no `if __name__ == "__main__"` then.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _end(number: int, frame: types.FrameType | None) -> None:
    """Ends this process. Unfinished files are removed."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not stop the cleaning
    sys.exit(143)


def _end_with_parent() -> None:
    """Ends this process when its parent has ended, in whatever way."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os._exit(1)
