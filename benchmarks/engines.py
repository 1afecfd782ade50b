"""The overhead of a command and of a job: in this process, in processes, and on a Ray cluster.

    python -m benchmarks.engines [DATA] [--seconds 60] [--jobs 4] [--tiny-jobs 12] [--repeats 3]

Every measurement is a whole `pipeline train` with new runs. Ray is measured twice: with a cluster
that the command starts, and with one that runs before. The engines take turns, each time in the
reverse order.

A worker does not train while the command starts (imports, processes, a cluster), and around each
job (sending, building, predictions, writing). A few and many tiny jobs tell these two apart. Jobs
of about --seconds show both together, and whether an engine slows the training itself.
"""

import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import click

import pipeline as pp
from benchmarks.measure import run
from benchmarks.table import machine_line
from pipeline.cli.output import echo_table

WORKERS = 2
CALIBRATION = 30  # epochs
ENGINES = ("inline", "processes", "ray, started", "ray, running")
HEADER = ("jobs", "engine", "total s", "range", "training s of a job", "overhead s of a job")
SPLIT = ("engine", "start of the command s", "each job s")


@dataclass(frozen=True)
class Jobs:
    """Equal jobs that differ by their seed.

    Attributes:
        what: description of the jobs.
        recipe: name of the recipe.
    """

    what: str
    recipe: str
    epochs: int
    count: int


@dataclass(frozen=True)
class Cost:
    """What a command took.

    Attributes:
        workers, count: number of workers and of jobs.
        total: seconds of the command.
        training: seconds in which jobs trained, of all of them.
    """

    workers: int
    count: int
    total: float
    training: float

    @property
    def overhead(self) -> float:
        """Seconds in which workers did not train, in total."""
        return self.workers * self.total - self.training


@click.command()
@click.argument("data", type=click.Path(path_type=Path), default="data/digits")
@click.option("--seconds", default=60.0, show_default=True, help="Of a long job, about.")
@click.option("--jobs", type=click.IntRange(0), default=4, show_default=True, help="Long ones.")
@click.option("--tiny-jobs", type=click.IntRange(WORKERS + 1), default=12, show_default=True)
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
def engines(data: Path, seconds: float, jobs: int, tiny_jobs: int, repeats: int) -> None:
    few, many = (Jobs("tiny", "dense", 2, count) for count in (WORKERS, tiny_jobs))
    kinds = [few, many]
    if jobs:
        epochs = round(CALIBRATION * seconds / _seconds_of(data, "conv", CALIBRATION))
        kinds.append(Jobs(f"about {seconds:.0f} s", "conv", max(1, epochs), jobs))
    costs = {kind: _measure(data, kind, repeats) for kind in kinds}
    rows = [_row(kind, *each) for kind, found in costs.items() for each in found.items()]
    echo_table(HEADER, rows, left=HEADER[:2])
    click.echo()
    parts = {name: split(costs[few][name], costs[many][name]) for name in ENGINES}
    rows = [(name, f"{start:.1f}", f"{job:.2f}") for name, (start, job) in parts.items()]
    echo_table(SPLIT, rows, left=SPLIT[:1])
    counts = ", ".join(f"{kind.count} {kind.what} ({kind.epochs} epochs)" for kind in kinds)
    click.echo(f"\n{counts}; {WORKERS} workers, inline 1; medians of {repeats}; {machine_line()}")


def split(few: Sequence[Cost], many: Sequence[Cost]) -> tuple[float, float]:
    """The overhead of a command, and of each job, in seconds.

    Args:
        few, many: the same command with two numbers of jobs, several times each.
    """
    less, more = (statistics.median(one.overhead for one in each) for each in (few, many))
    job = (more - less) / (many[0].count - few[0].count)
    return (less - few[0].count * job) / few[0].workers, job


def _measure(data: Path, jobs: Jobs, repeats: int) -> dict[str, list[Cost]]:
    """The costs in each engine."""
    costs: dict[str, list[Cost]] = {name: [] for name in ENGINES}
    for turn in range(repeats):
        for name in ENGINES[:: 1 if turn % 2 == 0 else -1]:
            costs[name].append(_cost(data, jobs, name))
            click.echo(f"{jobs.count} {jobs.what}, {name}: {costs[name][-1].total:.1f} s", err=True)
    return costs


def _cost(data: Path, jobs: Jobs, engine: str) -> Cost:
    """Trains the jobs with new runs."""
    running = _running_cluster() if engine == "ray, running" else nullcontext()
    with tempfile.TemporaryDirectory() as runs, running as address:
        words = ["--model", jobs.recipe, "--epochs", jobs.epochs, "--replicates", jobs.count]
        words += ["--set", "early_stopping=none", "--runs", runs, "--quiet"]
        words += ["--engine", engine.partition(",")[0]]
        words += ["--workers", WORKERS] if engine != "inline" else []
        words += ["--address", address] if address else []
        total = run("pipeline", "train", data, *words, figures=False)["process_seconds"]
        found = [run.record.fit_seconds for run in pp.list_runs(pp.load(data), runs=runs)]
    assert len(found) == jobs.count
    return Cost(1 if engine == "inline" else WORKERS, jobs.count, total, sum(found))


def _row(jobs: Jobs, engine: str, costs: Sequence[Cost]) -> tuple[str, ...]:
    totals = [one.total for one in costs]
    return (
        f"{jobs.count} {jobs.what}",
        engine,
        f"{statistics.median(totals):.1f}",
        f"{min(totals):.1f} - {max(totals):.1f}",
        f"{statistics.median(one.training / one.count for one in costs):.1f}",
        f"{statistics.median(one.overhead / one.count for one in costs):.1f}",
    )


def _seconds_of(data: Path, recipe: str, epochs: int) -> float:
    """The duration of a training with that number of epochs, while another one runs."""
    with tempfile.TemporaryDirectory() as runs:
        words = ["--model", recipe, "--epochs", epochs, "--replicates", WORKERS, "--quiet"]
        words += ["--set", "early_stopping=none", "--runs", runs, "--engine", "processes"]
        run("pipeline", "train", data, *words, figures=False)
        found = pp.list_runs(pp.load(data), runs=runs)
    return statistics.mean(one.record.fit_seconds for one in found)


@contextmanager
def _running_cluster() -> Iterator[str]:
    """The address of a Ray cluster of one node that runs during the block."""
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": WORKERS})
    try:
        yield nodes.address
    finally:
        nodes.shutdown()


if __name__ == "__main__":
    engines()
