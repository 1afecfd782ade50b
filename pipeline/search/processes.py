"""The engine that runs jobs in parallel, each worker a process that does one job at a time."""

import multiprocessing
import os
import signal
import sys
import threading
import time
import types
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic

from pipeline.search.engine import RETRIES, J, JobDiedError, Named, R, Work
from pipeline.search.pickling import UNSENDABLE, cannot_be_sent, portable
from pipeline.training.progress import Observer, Progress

PATIENCE = 10.0  # seconds that a process may take to end


class Processes:
    """Runs jobs in worker processes. A job whose process dies is run again.

    Args:
        workers: number of processes.
        gpus: names of the GPUs of this machine, see `gpu_names`. Each process uses one.
    """

    local = True

    def __init__(self, workers: int, gpus: Sequence[str] = ()) -> None:
        self.workers, self.gpus = workers, gpus

    def run(
        self, work: Work[J, R], jobs: Iterable[J], observer: Observer
    ) -> Iterator[tuple[J, R | Exception]]:
        waiting, retries = iter(jobs), _Retries[J]()
        busy, idle = dict[Connection, tuple[_Worker, J]](), list[_Worker]()
        try:
            while True:
                while len(busy) < self.workers and (job := retries.next(waiting)) is not None:
                    idle = [worker for worker in idle if worker.process.is_alive()]
                    worker = idle.pop() if idle else self._start([w for w, _ in busy.values()])
                    worker.send(work, job)
                    busy[worker.connection] = worker, job
                if not busy:
                    return
                for connection in wait(list(busy)):
                    worker, job = busy[connection]  # type: ignore[index]
                    message = worker.receive(job)
                    if isinstance(message, _Imported):
                        worker.imported = True
                        continue
                    if isinstance(message, Progress):
                        observer(retries.add_note(message))
                        continue
                    del busy[connection]  # type: ignore[arg-type]
                    if worker.process.is_alive():
                        idle.append(worker)
                    if not retries.accept(job, message):
                        yield job, message
        finally:
            _end_all([*idle, *(worker for worker, _ in busy.values())])

    def _start(self, busy: Sequence["_Worker"]) -> "_Worker":
        """A new process, on the GPU that the fewest processes use."""
        used = Counter(worker.gpu for worker in busy)
        return _Worker(min(self.gpus, key=lambda name: used[name], default=None))


class _Retries(Generic[J]):
    """Jobs whose process died. They run again: trainings from their last checkpoints."""

    def __init__(self) -> None:
        self._waiting: list[J] = []
        self._counts = Counter[str]()
        self._notes: dict[str, str] = {}

    def accept(self, job: J, outcome: Any) -> bool:
        """Whether the outcome is that the process died, and the job is to be run again."""
        if not isinstance(outcome, JobDiedError) or self._counts[job.name] == RETRIES:
            return False
        self._counts[job.name] += 1
        self._notes[job.name] = f"{outcome.found}; restarted"
        self._waiting.append(job)
        return True

    def next(self, jobs: Iterator[J]) -> J | None:
        """The next job: one to run again, or else the next of `jobs`."""
        return self._waiting.pop() if self._waiting else next(jobs, None)

    def add_note(self, progress: Progress) -> Progress:
        """Tells the user in the first progress of a job that it was restarted."""
        note = progress.note or self._notes.pop(progress.name, "")
        return replace(progress, note=note)


class _Imported:
    """The message of a process that has imported what its job needs."""


class _Worker:
    """A process, and the connection to it.

    Args:
        gpu: name of the GPU that it uses. None for what the backend finds.
    """

    imported = False  # before, the process has no files to remove, and may take long to end

    def __init__(self, gpu: str | None = None) -> None:
        context = multiprocessing.get_context("spawn")
        self.gpu = gpu
        self.connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_serve, args=(theirs, gpu), daemon=True)
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
            return JobDiedError(
                f"its process ended unexpectedly ({self._ending()}), possibly out of memory",
                where=f"run {job.name}",
                remedy="Run the same command again to continue.",
            )

    def _ending(self) -> str:
        """How the process ended: "exit status 1", "killed by SIGKILL"."""
        status = self.process.exitcode or 0
        names = {number: number.name for number in signal.Signals}
        killer = names.get(-status, f"signal {-status}")  # type: ignore[call-overload]
        return f"killed by {killer}" if status < 0 else f"exit status {status}"

    def stop(self) -> None:
        """Ends the process: at once before it has imported, or else when its state is saved."""
        with suppress(EOFError, OSError):
            while not self.imported and self.connection.poll():
                self.imported = isinstance(self.connection.recv(), _Imported)
        if self.imported:
            self.process.terminate()
        else:
            self.process.kill()

    def join(self, seconds: float) -> None:
        """Waits until the process, which was terminated, has removed its unfinished files."""
        self.process.join(max(0, seconds))
        self.process.kill()
        self.connection.close()
        self.process.join()


def _end_all(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        worker.stop()
    until = time.monotonic() + PATIENCE
    for worker in workers:
        worker.join(until - time.monotonic())


def _serve(connection: Connection, gpu: str | None) -> None:
    """Runs jobs until this process is terminated."""
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu  # before the first job imports Keras
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def report(progress: Progress) -> None:
        with suppress(OSError):  # the parent has ended: SIGTERM follows, which saves a checkpoint
            connection.send(progress)

    while True:
        try:
            message = connection.recv()
        except EOFError:
            return
        except Exception as error:  # the job cannot be rebuilt here
            connection.send(portable(error))
            continue
        connection.send(_Imported())
        try:
            if isinstance(message, Exception):
                raise message
            work, job = message
            connection.send(work(job, report))
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
