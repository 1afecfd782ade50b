"""Runs one job on a worker of a Ray cluster, with the data from the object store."""

import hashlib
import os
import pickle
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.util.queue import Queue

from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.files import lock
from pipeline.machine import VARIABLES, hash_of_sources, versions
from pipeline.runs.folder import read_files
from pipeline.runs.run import Run
from pipeline.search.pickling import portable
from pipeline.training.progress import Progress

PATIENCE = 10.0  # seconds until the last progress has arrived


@dataclass(frozen=True)
class Started:
    """The message that a node has started a job. Each retry sends it again.

    Attributes:
        name: name of the job.
        node: id of the node.
    """

    name: str
    node: str
    address: str


@dataclass(frozen=True)
class Refusal:
    """A node that runs no jobs, because it has other versions, or cannot start a job.

    Attributes:
        node: id of the node.
        reasons: a text for each version that differs, for the missing GPU, or for the error.
    """

    node: str
    address: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"the node {self.address} is not used: {', '.join(self.reasons)}"


@dataclass(frozen=True)
class RunFiles:
    """A finished run, as it is sent to the machine that writes it.

    Attributes:
        files: the content of each file, by name.
    """

    files: dict[str, bytes]


def perform(
    expected: Mapping[str, str],
    variables: Mapping[str, str],
    gpu: bool,
    place: str,
    content: bytes,
    data: list[ray.ObjectRef],
    queue: Queue,
) -> Any:
    """Runs a job on a worker.

    First the versions are compared, and the number of threads and the GPU are set. Then the job is
    unpickled, and Keras is imported.

    Args:
        expected: the versions that this node must have, by name.
        variables: the environment variables of the sending machine that are in VARIABLES.
        gpu: whether the job has a GPU, or a part of one.
        place: text that identifies the run: the machine, its folder and its data.
        content: the pickled function that makes the result, and the job.
        data: a list with a reference to the fields of the competition. Ray does not resolve a
            reference in a list.
        queue: receives the progress.

    Returns:
        The result (a run as `RunFiles`), the exception that ended the job, or a `Refusal`.

    Raises:
        Exception: the node cannot start the job.
    """
    node, address = ray.get_runtime_context().get_node_id(), ray.util.get_node_ip_address()
    if differences := _differences(expected):
        return Refusal(node, address, differences)
    for name in VARIABLES:  # Ray and the node set some of them
        os.environ.pop(name, None)
    os.environ.update(variables)
    if not gpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # Ray leaves all GPUs visible
    elif not _uses_gpu():
        return Refusal(node, address, ("its Keras backend uses no GPU",))
    with _own_folder(place) as folder:
        try:
            make, job = pickle.loads(content)
            _send(queue, Started(job.name, node, address))
            competition = Competition(**ray.get(data[0]))
            result = make(competition, folder, job, lambda progress: _send(queue, progress))
            if isinstance(result, Run):
                result = RunFiles(read_files(result.folder))
        except Exception as error:
            result = portable(error)
        if gpu:  # this process ends now, and the last messages with it
            with suppress(ray.exceptions.RayError):
                ray.wait([queue.actor.qsize.remote()], timeout=PATIENCE)
        # Not in a `finally`: a cancelled job keeps its checkpoints for the next try.
        shutil.rmtree(folder, ignore_errors=True)
    return result


def node_versions() -> dict[str, str]:
    """What must be equal on all nodes: versions by name, and the hash of this package's code."""
    return {**versions(), "the code of pipeline": hash_of_sources()[:8]}


def _differences(expected: Mapping[str, str]) -> tuple[str, ...]:
    found = node_versions()
    return tuple(
        f"{name} {found.get(name, 'is missing')} instead of {version}"
        for name, version in expected.items()
        if found.get(name) != version
    )


def _uses_gpu() -> bool:
    """Whether Keras, which is imported now, trains on a GPU. If not, it would say nothing."""
    from pipeline.networks.backend import uses_accelerator

    return uses_accelerator()


def _send(queue: Queue, message: Progress | Started) -> None:
    """Sends a message, and does not wait until it arrives: an epoch may take milliseconds."""
    queue.actor.put_nowait.remote(message)


@contextmanager
def _own_folder(place: str) -> Iterator[Path]:
    """The temporary folder of a job on this machine: the same one for each try of the job.

    While another process uses it, such as a second command with the same job, it is a new one.

    Raises:
        PermissionError: its parent belongs to another user.
    """
    root = Path(tempfile.gettempdir()) / f"pixel-pipeline-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    if root.lstat().st_uid != os.getuid():
        raise PermissionError(f"{root} belongs to another user")
    folder = root / hashlib.sha256(place.encode()).hexdigest()[:16]
    with ExitStack() as stack:
        try:
            stack.enter_context(lock(folder))
        except PipelineError:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=root)))
        yield folder
