"""The time and memory that each part of a cluster needs, for jobs and for rows of pixels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from benchmarks.data import PIXELS
from benchmarks.scaling.simulation import Cluster, Job, Policy

ROWS = (10**5, 10**7, 10**9)
JOBS = 1000
NODES = 125  # of 1,000 workers
ROW_NUMBER = 8  # bytes for each row of a fold, which is sent with each job
INTERVAL = 50.0  # seconds between the checkpoints within an epoch
SAVING, SAVING_SHARE = 0.02, 0.02  # seconds to save one, and the largest share of the time
PARAMETER = 12  # bytes in a checkpoint: a weight, and both moments of Adam
PIXELS_SIZE, READING_SIZE = "pixels as uint8, for each node", "own memory while reading"


@dataclass(frozen=True)
class Hardware:
    """A node of 16 cores, as clouds sell it; docs/scaling.md names the sources.

    Attributes:
        memory: bytes.
        object_store: share of the memory that Ray's object store takes.
        network: bytes per second, in each direction.
        disk, disk_requests: bytes and requests per second.
        read_ahead: bytes that Linux reads for a page of a mapped file.
    """

    memory: float = 64e9
    object_store: float = 0.3
    network: float = 1.25e9
    disk: float = 131e6
    disk_requests: float = 3000.0
    read_ahead: float = 131_072.0

    @property
    def random_rows(self) -> float:
        """Rows per second that are read in random order from a map that is not in memory."""
        return min(self.disk_requests, self.disk / self.read_ahead)


NODE = Hardware()


def bounds(jobs: Sequence[Job], cluster: Cluster, policy: Policy) -> dict[str, float]:
    """Seconds that each part needs alone: lower bounds of the makespan.

    The sending machine sends the data once per node, or once per job. Only one of these applies.
    """
    results = math.fsum(job.result_bytes for job in jobs)
    nodes = math.ceil(min(cluster.workers, len(jobs)) / cluster.workers_per_node)
    return {
        "all work / workers": math.fsum(job.seconds for job in jobs) / cluster.workers,
        "longest job": max(job.seconds for job in jobs),
        "data, once per node": nodes * policy.data_bytes / cluster.bandwidth,
        "data, once per job": len(jobs) * policy.data_bytes / cluster.bandwidth,
        "jobs with their folds": len(jobs) * policy.job_bytes / cluster.bandwidth,
        "results": results / cluster.bandwidth,
        "writer": len(jobs) * cluster.write_seconds,
    }


def most_workers(jobs: Sequence[Job], cluster: Cluster, policy: Policy) -> dict[str, float]:
    """The number of workers at which each part takes as long as all work / workers."""
    work = math.fsum(job.seconds for job in jobs)
    constant = bounds(jobs, cluster, policy)
    del constant["all work / workers"], constant["data, once per node"]
    found = {name: work / seconds for name, seconds in constant.items() if seconds}
    if policy.data_bytes:  # its time grows with the number of nodes
        transfer = policy.data_bytes / cluster.bandwidth / cluster.workers_per_node
        found["data, once per node"] = math.sqrt(work / transfer)
    return dict(sorted(found.items(), key=lambda item: item[1]))


def occurs(way: str, rows: int, node: Hardware = NODE) -> bool:
    """Whether a case of `data_times` occurs on this node: a map is in memory if it fits."""
    fits = rows * float(PIXELS) <= node.memory
    return not way.endswith("map on disk" if fits else "map in memory")


def checkpoint_traffic(run_times: pd.DataFrame) -> float:
    """Bytes of checkpoints that a worker writes per second, on average over the training time.

    A checkpoint is saved at the end of each epoch and every 50 seconds within it, if the share of
    the time for checkpoints allows it.
    """
    times = run_times["fit_seconds"]
    epoch = times / run_times["epochs"]
    between = (epoch / (1 + epoch // INTERVAL)).clip(lower=SAVING / SAVING_SHARE)
    written = run_times["parameters"] * PARAMETER / between
    return float((written * times).sum() / times.sum())


def training_speed(run_times: pd.DataFrame, recipe: str = "fast") -> float:
    """The median number of rows per second that a recipe trains on one worker."""
    some = run_times[run_times["recipe"] == recipe]
    return float((some["rows"] * some["epochs"] / some["fit_seconds"]).median())


def own_memory(growth: pd.DataFrame, stage: str = "read") -> float:
    """Bytes of memory for each further row, besides mapped files.

    Args:
        growth: what `benchmarks.growth` measured.
    """
    some = growth[growth["stage"] == stage].set_index("rows")["megabytes"]
    largest = int(some.index.max())
    return float(some[largest] - some[largest // 10]) * 2**20 / (largest - largest // 10)


def data_sizes(rows: int, speeds: "pd.Series[float]", growth: pd.DataFrame) -> dict[str, float]:
    """Bytes that a number of rows needs."""
    return {
        "CSV file": rows * speeds["CSV, size of a row"],
        PIXELS_SIZE: rows * float(PIXELS),
        READING_SIZE: rows * own_memory(growth),
        "fold, sent with each job": rows * float(ROW_NUMBER),
    }


def data_times(
    rows: int, speeds: "pd.Series[float]", run_times: pd.DataFrame, node: Hardware = NODE
) -> dict[str, float]:
    """Seconds that a number of rows takes in each case."""
    size = rows * float(PIXELS)
    return {
        "read the CSV, once (one core)": rows / speeds["CSV, first read"],
        "epoch, shuffled, map in memory": rows / speeds["map in memory, shuffled batches"],
        "epoch, shuffled, map on disk": rows / node.random_rows,
        "epoch, in order, from disk": size / node.disk,
        "epoch, in order, from object storage": size / node.network,
        "data to one node": size / node.network,
        f"data to {NODES} nodes": NODES * size / node.network,
        f"folds of {JOBS:,} jobs": JOBS * rows * ROW_NUMBER / node.network,
        "epoch of training `fast`, one worker": rows / training_speed(run_times),
    }
