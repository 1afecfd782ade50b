"""Where trainings run: in this process on all cores, or in several processes with a share each.

Small networks leave a core idle where two share each step: two trainings side by side on a core
each end well before the same two one after the other on both.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from pipeline.errors import PipelineError
from pipeline.machine import cores, free_memory

Task = TypeVar("Task")
MEMORY = 2 << 30  # bytes that a training is granted


def share_of_cores(tasks: int, accelerator: bool = False) -> list[list[int]]:
    """The cores of each process that is worth starting for so many trainings.

    One process with all of them where a GPU does the work, where a core cannot be chosen, or
    where there is no memory for two.
    """
    mine = cores()
    processes = 1
    if not accelerator and hasattr(os, "sched_setaffinity"):
        processes = max(1, min(tasks, len(mine), free_memory() // MEMORY))
    return [mine[place::processes] for place in range(processes)]


def run_all(work: Callable[[Task], Any], tasks: Sequence[Task], accelerator: bool = False) -> None:
    """Does the work for each task: a function and arguments that can be sent to a process.

    As many at a time as there are shares; the last ones, where they are fewer, have larger shares.
    Every library sizes its threads by the cores that its process may use, so that no core is
    asked for twice.

    Raises:
        PipelineError: a process was killed, or the work has raised such errors; once all that can
            be done is done.
    """
    failures = _do(work, tasks, accelerator)
    if failures:
        raise PipelineError("\n".join(dict.fromkeys(map(str, failures))))


def _do(
    work: Callable[[Task], Any], tasks: Sequence[Task], accelerator: bool
) -> list[PipelineError]:
    shares = share_of_cores(len(tasks), accelerator)
    if len(shares) > 1:
        last = len(tasks) - len(tasks) % len(shares)
        return _do_side_by_side(work, tasks[:last], shares) + _do(work, tasks[last:], accelerator)
    failures = []
    for task in tasks:
        try:
            work(task)
        except PipelineError as error:
            failures.append(error)
    return failures


def _do_side_by_side(
    work: Callable[[Task], Any], tasks: Sequence[Task], shares: list[list[int]]
) -> list[PipelineError]:
    """Each share of the cores has a process, which does one task after another."""
    context = multiprocessing.get_context("spawn")
    left: Any = context.SimpleQueue()
    for share in shares:
        left.put(share)
    failures = []
    with ProcessPoolExecutor(len(shares), context, _begin, (left,)) as pool:
        try:
            for future in [pool.submit(work, task) for task in tasks]:
                try:
                    future.result()
                except PipelineError as error:
                    failures.append(error)
        except BrokenProcessPool:
            return [
                *failures,
                PipelineError(
                    "A training's process was killed, perhaps because memory ran out. Run the "
                    "command again: finished runs are reused."
                ),
            ]
        except KeyboardInterrupt:
            for child in multiprocessing.active_children():
                child.terminate()
            raise
    return failures


def _begin(left: Any) -> None:
    """Before anything heavy is imported: takes a share of the cores; Ctrl-C is the parent's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.sched_setaffinity(0, left.get())
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """However the parent ends: a training that nobody waits for would go on for hours."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
