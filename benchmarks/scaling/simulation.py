"""A discrete-event simulation: jobs on the workers of a cluster, with one driver.

The driver has the data, the queue of jobs, and the only writer of results. A worker does one job
at a time; the workers of a node share a copy of the data. Times are in seconds, sizes in bytes.
"""

import heapq
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

HOUR = 3600.0


@dataclass(frozen=True)
class Job:
    """A training.

    Attributes:
        seconds: duration on a normal worker.
        result_bytes: size of the resulting run.
    """

    seconds: float
    result_bytes: float = 0.0


@dataclass(frozen=True)
class Cluster:
    """The workers and nodes that jobs run on.

    Attributes:
        start_seconds: seconds until a new worker can train.
        slow_share, slow_factor: share of slow workers, and how many times as long they take.
        deaths_per_hour: deaths of a worker per hour; it starts again.
        departures_per_hour: departures of a node per hour, with its workers and its copy of the
            data.
        away_seconds: mean time until another node replaces it.
        bandwidth: bytes per second of the driver's network, in each direction.
        write_seconds: seconds that the writer needs for a result.
    """

    workers: int
    workers_per_node: int = 8
    start_seconds: float = 0.0
    slow_share: float = 0.0
    slow_factor: float = 3.0
    deaths_per_hour: float = 0.0
    departures_per_hour: float = 0.0
    away_seconds: float = 300.0
    bandwidth: float = math.inf
    write_seconds: float = 0.0

    @property
    def nodes(self) -> int:
        return math.ceil(self.workers / self.workers_per_node)


@dataclass(frozen=True)
class Policy:
    """What the driver decides.

    Attributes:
        longest_first: start the longest waiting job first, instead of the first one in the list.
        checkpoint_seconds: seconds by the clock between two checkpoints. A stopped job continues
            from the last one on any worker; None if it starts again from the beginning.
        data_bytes: size of the data that a job reads.
        job_bytes: size of a job, which is that of its fold: the numbers of its rows.
        once_per_node: whether the jobs of a node share a copy of the data, or each gets its own.
    """

    longest_first: bool = False
    checkpoint_seconds: float | None = None
    data_bytes: float = 0.0
    job_bytes: float = 0.0
    once_per_node: bool = True


@dataclass
class Outcome:
    """The result of a simulation.

    Attributes:
        written: (job, second) in the order in which the writer wrote the results.
        trained: seconds of training, converted to a normal worker.
        lost: seconds of training that had to be repeated.
        stopped: for each job, the number of times that its worker stopped. Jobs are retried until
            they succeed.
        attempts: number of times that a job was given to a worker.
        data_bytes, job_bytes, result_bytes: bytes that the driver sent, and received.
    """

    written: list[tuple[int, float]] = field(default_factory=list)
    trained: float = 0.0
    lost: float = 0.0
    stopped: Counter[int] = field(default_factory=Counter)
    attempts: int = 0
    data_bytes: float = 0.0
    job_bytes: float = 0.0
    result_bytes: float = 0.0

    @property
    def makespan(self) -> float:
        """Seconds until the last result was written."""
        return max((second for _, second in self.written), default=0.0)

    @property
    def stops(self) -> int:
        """Number of times that a worker stopped while it had a job."""
        return self.stopped.total()

    def given_up(self, retries: int) -> int:
        """Number of jobs that need more than this number of retries."""
        return sum(stops > retries for stops in self.stopped.values())


def ideal(jobs: Sequence[Job], workers: int) -> float:
    """Seconds below which no schedule can be: the longest job, or all work over all workers."""
    total = math.fsum(job.seconds for job in jobs)
    return max(total / workers, max(job.seconds for job in jobs))


def simulate(jobs: Sequence[Job], cluster: Cluster, policy: Policy, seed: int = 0) -> Outcome:
    """Runs all jobs. When workers stop depends on the cluster and the seed, not on the jobs."""
    return _Simulation(jobs, cluster, policy, seed).run()


class _Line:
    """Serves one after another, in the order of arrival."""

    free_at = 0.0

    def serve(self, arrival: float, seconds: float) -> float:
        """The time at which it is done."""
        self.free_at = max(arrival, self.free_at) + seconds
        return self.free_at


@dataclass(eq=False)
class _Node:
    """Attributes: data_at: when its copy of the data is complete; None without one."""

    random: Random
    data_at: float | None = None
    workers: "list[_Worker]" = field(default_factory=list)


@dataclass(eq=False)
class _Worker:
    """Attributes: life: counts its stops, so that events of an earlier life are void."""

    number: int
    node: _Node
    slowness: float
    random: Random
    life: int = 0
    job: int | None = None
    began: float = 0.0


class _Simulation:
    def __init__(self, jobs: Sequence[Job], cluster: Cluster, policy: Policy, seed: int) -> None:
        self.jobs, self.cluster, self.policy = jobs, cluster, policy
        self.now, self.outcome = 0.0, Outcome()
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.count = 0
        self.saved = [0.0] * len(jobs)  # seconds of work in the last checkpoint
        self.queue = [self._place(job) for job in range(len(jobs))]
        heapq.heapify(self.queue)
        self.idle: list[tuple[int, int]] = []  # (number, life) of workers
        self.sending, self.receiving, self.writing = _Line(), _Line(), _Line()
        self.nodes = [_Node(Random(f"{seed} node {n}")) for n in range(cluster.nodes)]
        count = round(cluster.slow_share * cluster.workers)
        slow = {*Random(f"{seed} slow").sample(range(cluster.workers), count)}
        self.workers = []
        for number in range(cluster.workers):
            slowness = cluster.slow_factor if number in slow else 1.0
            node = self.nodes[number // cluster.workers_per_node]
            self.workers.append(_Worker(number, node, slowness, Random(f"{seed} worker {number}")))
            node.workers.append(self.workers[-1])

    def run(self) -> Outcome:
        for node in self.nodes:
            self._join(node)
        while len(self.outcome.written) < len(self.jobs):
            self.now, _, event = heapq.heappop(self.events)
            event()
        return self.outcome

    def _after(self, seconds: float, event: Callable[[], None]) -> None:
        self.count += 1  # events of the same time happen in the order in which they were made
        heapq.heappush(self.events, (self.now + seconds, self.count, event))

    def _after_in_life(self, worker: _Worker, seconds: float, event: Callable[[], None]) -> None:
        """The event does not happen if the worker stops before."""
        life = worker.life
        self._after(seconds, lambda: event() if worker.life == life else None)

    def _place(self, job: int) -> tuple[float, int]:
        """Its place in the queue."""
        return (-self.jobs[job].seconds if self.policy.longest_first else 0.0, job)

    def _join(self, node: _Node) -> None:
        """The node and its workers start."""
        for worker in node.workers:
            self._start(worker)
        if self.cluster.departures_per_hour:
            stays = node.random.expovariate(self.cluster.departures_per_hour / HOUR)
            self._after(stays, lambda: self._leave(node))

    def _leave(self, node: _Node) -> None:
        node.data_at = None
        for worker in node.workers:
            self._stop(worker)
        away = node.random.expovariate(1 / self.cluster.away_seconds)
        self._after(away, lambda: self._join(node))
        self._assign()

    def _start(self, worker: _Worker) -> None:
        self._after_in_life(worker, self.cluster.start_seconds, lambda: self._started(worker))
        if self.cluster.deaths_per_hour:
            lives = worker.random.expovariate(self.cluster.deaths_per_hour / HOUR)
            self._after_in_life(worker, lives, lambda: self._die(worker))

    def _started(self, worker: _Worker) -> None:
        heapq.heappush(self.idle, (worker.number, worker.life))
        self._assign()

    def _die(self, worker: _Worker) -> None:
        self._stop(worker)
        self._start(worker)
        self._assign()

    def _stop(self, worker: _Worker) -> None:
        """Its job, if it has one, goes back to the queue with what its last checkpoint has."""
        worker.life += 1
        job, worker.job = worker.job, None
        if job is None:
            return
        trained = max(0.0, self.now - worker.began) / worker.slowness
        reached = self.saved[job] + trained
        if self.policy.checkpoint_seconds:
            interval = self.policy.checkpoint_seconds / worker.slowness
            self.saved[job] += interval * (trained // interval)
        else:
            self.saved[job] = 0.0
        self.outcome.trained += trained
        self.outcome.lost += reached - self.saved[job]
        self.outcome.stopped[job] += 1
        heapq.heappush(self.queue, self._place(job))

    def _assign(self) -> None:
        """Gives waiting jobs to idle workers."""
        while self.queue and self.idle:
            number, life = heapq.heappop(self.idle)
            worker = self.workers[number]
            if worker.life == life:
                self._give(worker, heapq.heappop(self.queue)[1])

    def _give(self, worker: _Worker, job: int) -> None:
        assert worker.job is None  # a worker does one job at a time
        self.outcome.attempts += 1
        worker.job = job
        worker.began = max(self._send_job(), self._send_data(worker.node))
        rest = (self.jobs[job].seconds - self.saved[job]) * worker.slowness
        self._after_in_life(
            worker, worker.began + rest - self.now, lambda: self._finish(worker, job)
        )

    def _send_job(self) -> float:
        """When a job that is given to a worker now has arrived."""
        self.outcome.job_bytes += self.policy.job_bytes
        return self._send(self.policy.job_bytes)

    def _send_data(self, node: _Node) -> float:
        """When a job that starts now on this node has the data."""
        if self.policy.once_per_node and node.data_at is not None:
            return node.data_at
        self.outcome.data_bytes += self.policy.data_bytes
        node.data_at = self._send(self.policy.data_bytes)
        return node.data_at

    def _send(self, size: float) -> float:
        return self.sending.serve(self.now, size / self.cluster.bandwidth)

    def _finish(self, worker: _Worker, job: int) -> None:
        """The result goes to the writer; the worker is idle."""
        size = self.jobs[job].result_bytes
        self.outcome.trained += self.jobs[job].seconds - self.saved[job]
        self.outcome.result_bytes += size
        received = self.receiving.serve(self.now, size / self.cluster.bandwidth)
        written = self.writing.serve(received, self.cluster.write_seconds)
        self.outcome.written.append((job, written))
        worker.job = None
        heapq.heappush(self.idle, (worker.number, worker.life))
        self._assign()
