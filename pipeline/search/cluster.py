"""The engine that runs jobs on a Ray cluster, each as a Ray task.

Ray schedules the tasks, moves the data, and retries a task if its worker or node dies. Only this
process writes runs, so the nodes need no shared disk.
"""

import os
import platform
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import fields, replace
from typing import Any, Generic

import ray
from ray import cloudpickle
from ray.util.queue import Queue
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.machine import OTHER_BACKENDS, VARIABLES
from pipeline.runs.folder import write_files
from pipeline.runs.run import load_run
from pipeline.search.connection import connect
from pipeline.search.engine import MEMORY, RETRIES, J, JobDiedError, Named, R, Work
from pipeline.search.pickling import UNSENDABLE, cannot_be_sent
from pipeline.search.remote import Refusal, RunFiles, Started, node_versions
from pipeline.training.progress import Observer

INTERVAL = 0.2  # seconds between two progress updates
PATIENCE = 10.0  # seconds that cancelled jobs may take to save a checkpoint
TOO_FULL = (ray.exceptions.ObjectStoreFullError, ray.exceptions.OutOfDiskError)


class Cluster:
    """Runs jobs on the nodes of a Ray cluster. Each takes a core, MEMORY and a part of a GPU.

    Args:
        address: "auto", "host:6379" or "ray://host:10001". None starts a cluster on this machine,
            which stops when this process ends.
        limit: maximum number of parallel jobs. Default: as many as fit on the nodes.
        gpus: GPUs for each job, in 0..1. With 0 they train on the CPU.
    """

    local = False

    def __init__(
        self, address: str | None = None, limit: int | None = None, gpus: float = 0.0
    ) -> None:
        self.address, self.limit, self.gpus = address, limit, gpus

    @property
    def workers(self) -> int:
        """The number of jobs that can run in parallel now.

        Raises:
            PipelineError: there is no such cluster, or a job fits on no node.
        """
        connect(self.address)
        if not (places := self._count_places()):
            raise PipelineError(
                f"no node has a core{f', {self.gpus:g} GPU' if self.gpus else ''} and "
                f"{MEMORY >> 30} GB of memory",
                where=f"Ray cluster {self.address or 'on this machine'}",
                remedy=self._advise(),
            )
        return places

    def _advise(self) -> str:
        """What a user can do if a job fits on no node."""
        if self.gpus:
            return "Add a node that has them, or leave out `--gpus`."
        if self.address:
            return "Add a node: `ray start --address HOST:6379` on another machine."
        return "Free memory, or use the engine inline."

    def run(
        self, work: Work[J, R], jobs: Iterable[J], observer: Observer
    ) -> Iterator[tuple[J, R | Exception]]:
        places, waiting, running = self.workers, iter(jobs), dict[ray.ObjectRef, J]()
        sending = _Sending(work, self.gpus)
        try:
            while True:
                while len(running) < places and (job := next(waiting, None)) is not None:
                    try:
                        running[sending.send(job)] = job
                    except UNSENDABLE as error:
                        yield job, cannot_be_sent(job, error)
                if not running:
                    return
                _wait(list(running), 1, INTERVAL)
                sending.report(observer, {job.name for job in running.values()})
                for task in _wait(list(running), len(running), 0):
                    job = running.pop(task)
                    outcome = sending.receive(task, job)
                    if isinstance(outcome, Refusal):
                        sending.refuse(outcome, job)
                        # A node that was accepted, and is away, may come back.
                        none = not self._count_places(sending.refused)
                        if none and sending.accepted <= sending.refused.keys():
                            raise _all_refused(sending.refused.values())
                        running[sending.send(job)] = job
                    else:
                        yield job, outcome
                # Nodes join and leave. If there is no node, one job waits for the next one.
                places = max(1, self._count_places(sending.refused))
        finally:
            for task in _cancel(list(running)):
                sending.receive(task, running[task])  # which writes the run, if it is finished

    def _count_places(self, refused: Collection[str] = ()) -> int:
        """The number of jobs that fit on the nodes, up to the limit."""
        resources = [
            node["Resources"]
            for node in ray.nodes()
            if node["Alive"] and node["NodeID"] not in refused
        ]
        places = sum(self._count_places_of(each) for each in resources)
        return places if self.limit is None else min(places, self.limit)

    def _count_places_of(self, node: Mapping[str, float]) -> int:
        """The number of jobs that the resources of a node are enough for."""
        places = [node.get("CPU", 0), node.get("memory", 0) // MEMORY]
        if self.gpus:  # a job uses a part of one GPU, not of several
            places.append(node.get("GPU", 0) * int(round(1 / self.gpus, 4)))
        return int(min(places))


class _Sending(Generic[J, R]):
    """Sends jobs to a cluster, and receives their progress and results.

    Args:
        gpus: GPUs for each job.

    Raises:
        PipelineError: the data do not fit into the object store.

    Attributes:
        data: reference to the fields of the competition, by name. Each node gets them once.
        queue: receives the progress from the workers. It is an actor on the node of this process.
        refused: nodes that cannot run jobs, by id.
        accepted: ids of nodes that have started jobs.
        started: names of jobs that have started.
        shown: names of jobs whose progress was shown, since they have last started.
        notes: text to show with the next progress of a job, by the job's name.
    """

    def __init__(self, work: Work[J, R], gpus: float) -> None:
        self.work, self.gpus = work, gpus
        # Ray ends a worker after a job only if the decorator has the GPUs. The next job may have
        # another GPU, which TensorFlow does not change to.
        self.task = ray.remote(num_gpus=gpus)(_sent_by_value())
        content = {each.name: getattr(work.competition, each.name) for each in fields(Competition)}
        try:
            self.data = ray.put(content)
        except TOO_FULL as error:
            raise PipelineError(
                "the data do not fit into Ray's object store",
                where="Ray cluster",
                remedy=_remedy(error),
            ) from error
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self.queue = Queue(actor_options={"num_cpus": 0, "scheduling_strategy": here})
        self.refused: dict[str, Refusal] = {}
        self.accepted: set[str] = set()
        self.started: set[str] = set()
        self.shown: set[str] = set()
        self.notes: dict[str, str] = {}

    def send(self, job: J) -> ray.ObjectRef:
        """Submits a job as a task to a node that is not refused.

        Raises:
            UNSENDABLE: the job cannot be pickled.
        """
        content = cloudpickle.dumps((self.work.make, job))
        options = {"name": job.name, "num_cpus": 1, "memory": MEMORY, "max_retries": RETRIES}
        if self.refused:
            options["label_selector"] = {"ray.io/node-id": f"!in({','.join(self.refused)})"}
        variables = {name: os.environ[name] for name in VARIABLES if name in os.environ}
        run, data = self.work.folder.resolve() / job.name, self.work.competition.fingerprint
        place = f"{platform.node()} {run} {data}"
        task, gpu = self.task.options(**options), self.gpus > 0
        return task.remote(_expected(), variables, gpu, place, content, [self.data], self.queue)

    def report(self, observer: Observer, names: Collection[str]) -> None:
        """Sends the progress of these jobs to the observer, and drops that of finished jobs."""
        count = self.queue.qsize()
        for message in self.queue.get_nowait_batch(count) if count else ():
            name = message.name
            if isinstance(message, Started):
                if name in self.started:
                    self._note(name, f"its worker or node died; restarted on {message.address}")
                self.started.add(name)
                self.accepted.add(message.node)
                self.shown.discard(name)
            elif name in names:
                if name not in self.shown and message.epoch > 1:
                    self._note(name, f"continues in epoch {message.epoch}")
                self.shown.add(name)
                note = message.note or self.notes.pop(name, "")
                observer(replace(message, note=note))

    def receive(self, task: ray.ObjectRef, job: J) -> Any:
        """The result of a task, a refusal or an exception. A run is written on this machine."""
        try:
            result = ray.get(task)
            if isinstance(result, tuple):  # see `_sent_by_value`
                return Refusal(*result)
            if isinstance(result, RunFiles):
                write_files(self.work.folder / job.name, result.files)
                return load_run(self.work.folder / job.name)
            return result
        except ray.exceptions.RayError as error:
            return _failure(job, error)
        except Exception as error:
            return error

    def refuse(self, refusal: Refusal, job: J) -> None:
        """Excludes a node from further jobs."""
        self.refused[refusal.node] = refusal
        self._note(job.name, str(refusal))

    def _note(self, name: str, text: str) -> None:
        """Adds text to the next progress of a job."""
        self.notes[name] = "; ".join(filter(None, (self.notes.get(name), text)))


def _expected() -> dict[str, str]:
    """The versions that a node must have: those of this process, without unused backends."""
    unused = OTHER_BACKENDS - {os.environ.get("KERAS_BACKEND")}
    return {name: each for name, each in node_versions().items() if name not in unused}


def _failure(job: Named, error: Exception) -> JobDiedError:
    """The error for a job that Ray could not run, with Ray's message."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()
    return JobDiedError(
        f"Ray could not run it: {said}",
        where=f"run {job.name}",
        remedy=_remedy(error),
    )


def _remedy(error: Exception) -> str:
    """What a user can do about an error of Ray."""
    if isinstance(error, ray.exceptions.OutOfMemoryError):
        return "Run fewer trainings in parallel (`--workers N`), or use nodes with more memory."
    if isinstance(error, TOO_FULL):
        return (
            "Start the nodes with a larger object store, `ray start --object-store-memory BYTES`, "
            "or free space on their disks."
        )
    return "Run the command again; finished runs are reused."


def _sent_by_value() -> Callable[..., Any]:
    """A function that calls `perform`, for nodes where this package may be missing or broken.

    Ray pickles a nested function by value, so the function itself does not need this package. If
    the node cannot start a job, the result is a `Refusal` as a tuple of its fields.
    """

    def perform_there(*arguments: Any) -> Any:
        try:
            from pipeline.search.remote import perform

            return perform(*arguments)
        except ModuleNotFoundError as error:
            reason = f"the package {error.name} is missing"
        except Exception as error:
            reason = f"{type(error).__name__}: {str(error)[:200]}"
        node = ray.get_runtime_context().get_node_id()
        return node, ray.util.get_node_ip_address(), (reason,)

    return perform_there


def _all_refused(refusals: Iterable[Refusal]) -> PipelineError:
    """The error for a cluster whose nodes are all refused."""
    return PipelineError(
        "its nodes cannot run jobs of this machine",
        where="Ray cluster",
        expected="the same code, packages and versions on all machines",
        details=[str(each) for each in refusals],
    )


def _cancel(tasks: list[ray.ObjectRef]) -> list[ray.ObjectRef]:
    """Cancels tasks. Those that are training save a checkpoint. Returns those that have ended."""
    for task in tasks:
        ray.cancel(task)
    return _wait(tasks, len(tasks), PATIENCE)


def _wait(tasks: list[ray.ObjectRef], count: int, seconds: float) -> list[ray.ObjectRef]:
    """Waits for a number of tasks, up to a time. Returns the finished ones."""
    if not tasks:
        return []
    with redirect_stdout(sys.stderr):  # Ray prints which workers and nodes died
        ended: list[ray.ObjectRef] = ray.wait(tasks, num_returns=count, timeout=seconds)[0]
    return ended
