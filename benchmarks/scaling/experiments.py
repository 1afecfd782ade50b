"""The simulations: 1,000 jobs on 10, 100 and 1,000 workers under several conditions."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import mean
from typing import Any

import pandas as pd

from benchmarks.data import PIXELS
from benchmarks.scaling.limits import NODE, bounds
from benchmarks.scaling.measured import draw_jobs
from benchmarks.scaling.simulation import Cluster, Job, Outcome, Policy, ideal, simulate

JOBS = 1000
WORKERS = (10, 100, 1000)
SEEDS = range(10)
DRAWS = range(10)  # of the jobs
DATA = {"70,000 rows": 70_000.0 * PIXELS, "10,000,000 rows": 1e7 * PIXELS}
CHECKPOINT_SECONDS = 50.0
START_SECONDS = 10.0
CONDITIONS: dict[str, dict[str, float]] = {
    "calm": {},
    "stragglers": {"slow_share": 0.1, "slow_factor": 3.0},
    "workers die": {"deaths_per_hour": 0.1},
    "spot nodes": {"departures_per_hour": 0.2, "away_seconds": 300.0},
    "all of these": {
        "slow_share": 0.1,
        "slow_factor": 3.0,
        "deaths_per_hour": 0.1,
        "departures_per_hour": 0.2,
        "away_seconds": 300.0,
    },
}
ORDERS = {"arbitrary order": False, "longest first": True}
RESTARTS = {"from the beginning": None, "from the checkpoint": CHECKPOINT_SECONDS}
RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 2.0)  # deaths per hour of a worker
CURVE = (4, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)  # workers


def cluster(workers: int, write_seconds: float, **condition: float) -> Cluster:
    """A calm cluster of nodes as in `limits`, or one with a condition."""
    calm = Cluster(
        workers,
        start_seconds=START_SECONDS,
        bandwidth=NODE.network,
        write_seconds=write_seconds,
    )
    return replace(calm, **condition)  # type: ignore[arg-type]


def compare(jobs: Sequence[Job], write_seconds: float) -> pd.DataFrame:
    """A row for each number of workers, condition, order and kind of restart: means over SEEDS.

    Returns:
        columns workers, condition, order, restart, ideal and makespan (seconds), ratio, lost (a
        share of the work), stops, data_per_node, data_per_job, results (bytes).
    """
    found = []
    for workers in WORKERS:
        for condition, settings in CONDITIONS.items():
            for order, longest_first in ORDERS.items():
                for restart, seconds in RESTARTS.items():
                    policy = Policy(longest_first, seconds, DATA["70,000 rows"])
                    place = cluster(workers, write_seconds, **settings)
                    labels = {"condition": condition, "order": order, "restart": restart}
                    outcomes = [simulate(jobs, place, policy, seed) for seed in SEEDS]
                    found.append({**labels, **_means(jobs, workers, policy, outcomes)})
    return pd.DataFrame(found)


def _means(
    jobs: Sequence[Job], workers: int, policy: Policy, outcomes: Sequence[Outcome]
) -> dict[str, Any]:
    least = ideal(jobs, workers)
    makespan = mean(outcome.makespan for outcome in outcomes)
    attempts = mean(outcome.attempts for outcome in outcomes)
    return {
        "workers": workers,
        "ideal": least,
        "makespan": makespan,
        "ratio": makespan / least,
        "lost": mean(outcome.lost / outcome.trained for outcome in outcomes),
        "stops": mean(outcome.stops for outcome in outcomes),
        "data_per_node": mean(outcome.data_bytes for outcome in outcomes),
        "data_per_job": attempts * policy.data_bytes,
        "results": mean(outcome.result_bytes for outcome in outcomes),
    }


def vary_draws(run_times: pd.DataFrame, write_seconds: float, workers: int = 100) -> pd.DataFrame:
    """A row for each draw of the jobs, condition and order, from the checkpoint: ratio."""
    found = []
    for draw in DRAWS:
        jobs = draw_jobs(run_times, JOBS, draw)
        for condition, settings in CONDITIONS.items():
            for order, longest_first in ORDERS.items():
                place = cluster(workers, write_seconds, **settings)
                policy = Policy(longest_first, CHECKPOINT_SECONDS, DATA["70,000 rows"])
                outcomes = [simulate(jobs, place, policy, seed) for seed in SEEDS]
                labels = {"draw": draw, "condition": condition, "order": order}
                found.append({**labels, **_means(jobs, workers, policy, outcomes)})
    return pd.DataFrame(found)


def vary_deaths(jobs: Sequence[Job], write_seconds: float, workers: int = 100) -> pd.DataFrame:
    """A row for each rate and kind of restart, longest first: ratio and lost work."""
    found = []
    for rate in RATES:
        for restart, seconds in RESTARTS.items():
            place = cluster(workers, write_seconds, deaths_per_hour=rate)
            policy = Policy(True, seconds, DATA["70,000 rows"])
            outcomes = [simulate(jobs, place, policy, seed) for seed in SEEDS]
            means = _means(jobs, workers, policy, outcomes)
            found.append({"rate": rate, "restart": restart, **means})
    return pd.DataFrame(found)


def vary_workers(jobs: Sequence[Job], write_seconds: float) -> pd.DataFrame:
    """A row for each size of data and number of workers, calm and longest first.

    Returns:
        columns data, workers, those of `bounds`, and the simulated makespans, in seconds.
    """
    found = []
    for data, size in DATA.items():
        for workers in CURVE:
            place = cluster(workers, write_seconds)
            simulated = {
                f"simulated, once per {share}": simulate(
                    jobs, place, Policy(True, None, size, share == "node")
                ).makespan
                for share in ("node", "job")
            }
            row = {"data": data, "workers": workers, **bounds(jobs, place, size), **simulated}
            found.append(row)
    return pd.DataFrame(found)


def index(table: pd.DataFrame, *names: str) -> dict[tuple[Any, ...], dict[Any, Any]]:
    """The rows of a table, by the values of some columns."""
    return {tuple(row[name] for name in names): row for row in table.to_dict("records")}
