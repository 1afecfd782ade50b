"""The overhead of a job in each engine: in this process, in processes, and on a Ray cluster.

    python -m benchmarks.engines [DATA] [--seconds 60] [--jobs 4] [--tiny-jobs 12] [--repeats 3]

Every measurement is a whole `pipeline train` with new runs: tiny jobs, which are nearly all
overhead, and jobs of about --seconds. Ray is measured twice: with a cluster that the command
starts, and with a running one. The engines take turns, each time in the reverse order. The overhead
of a job is the time in which workers do not train, divided by the number of jobs: start, imports,
sending, predictions, and writing.
"""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

import pipeline as pp
from benchmarks.measure import run
from benchmarks.table import machine_line
from pipeline.cli.output import echo_table

WORKERS = 2
CALIBRATION = 30  # epochs
HEADER = ("jobs", "engine", "total s", "range", "overhead s", "range")


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
    """Seconds of all jobs in total, and of the overhead of each."""

    total: float
    overhead: float


@click.command()
@click.argument("data", type=click.Path(path_type=Path), default="data/digits")
@click.option("--seconds", default=60.0, show_default=True, help="Of a long job, about.")
@click.option("--jobs", type=click.IntRange(0), default=4, show_default=True, help="Long ones.")
@click.option("--tiny-jobs", type=click.IntRange(0), default=12, show_default=True)
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
def engines(data: Path, seconds: float, jobs: int, tiny_jobs: int, repeats: int) -> None:
    kinds = [Jobs("tiny", "dense", 2, tiny_jobs)] if tiny_jobs else []
    if jobs:
        epochs = round(CALIBRATION * seconds / _seconds_of(data, "conv", CALIBRATION))
        kinds.append(Jobs(f"about {seconds:.0f} s", "conv", max(1, epochs), jobs))
    with _running_cluster() as address:
        engines: dict[str, list[object]] = {
            "inline": ["--engine", "inline"],
            "processes": ["--engine", "processes", "--workers", WORKERS],
            "ray, started": ["--engine", "ray", "--workers", WORKERS],
            "ray, running": ["--engine", "ray", "--workers", WORKERS, "--address", address],
        }
        rows = [row for kind in kinds for row in _measure(data, kind, engines, repeats)]
    echo_table(HEADER, rows, left=HEADER[:2])
    counts = ", ".join(f"{kind.count} {kind.what} ({kind.epochs} epochs)" for kind in kinds)
    click.echo(f"\n{counts}; {WORKERS} workers, inline 1; medians of {repeats}; {machine_line()}")


def _measure(
    data: Path, jobs: Jobs, engines: dict[str, list[object]], repeats: int
) -> Iterator[tuple[str, ...]]:
    """The rows of the table."""
    costs: dict[str, list[Cost]] = {name: [] for name in engines}
    for turn in range(repeats):
        for name in list(engines)[:: 1 if turn % 2 == 0 else -1]:
            costs[name].append(_cost(data, jobs, engines[name], 1 if name == "inline" else WORKERS))
            click.echo(f"{jobs.what}, {name}: {costs[name][-1].total:.1f} s", err=True)
    for name, found in costs.items():
        totals, overheads = [one.total for one in found], [one.overhead for one in found]
        yield (f"{jobs.count} {jobs.what}", name, *_spread(totals), *_spread(overheads))


def _cost(data: Path, jobs: Jobs, engine: list[object], workers: int) -> Cost:
    """Trains the jobs with new runs."""
    with tempfile.TemporaryDirectory() as runs:
        words = ["--model", jobs.recipe, "--epochs", jobs.epochs, "--replicates", jobs.count]
        words += ["--set", "early_stopping=none", "--runs", runs, "--quiet", *engine]
        total = run("pipeline", "train", data, *words, figures=False)["process_seconds"]
        trained = sum(one.record.fit_seconds for one in pp.list_runs(pp.load(data), runs=runs))
    return Cost(total, (workers * total - trained) / jobs.count)


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


def _spread(values: list[float]) -> tuple[str, str]:
    return f"{statistics.median(values):.1f}", f"{min(values):.1f} - {max(values):.1f}"


if __name__ == "__main__":
    engines()
