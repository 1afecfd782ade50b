"""The simulations: 1,000 jobs on 10, 100 and 1,000 workers under several conditions."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import product
from statistics import mean
from typing import Any

import pandas as pd

from benchmarks.data import PIXELS
from benchmarks.scaling.limits import JOBS, NODE, ROW_NUMBER, bounds
from benchmarks.scaling.measured import draw_jobs
from benchmarks.scaling.simulation import Cluster, Job, Policy, ideal, simulate
from pipeline.search.engine import RETRIES

WORKERS = (10, 100, 1000)
SEEDS = range(10)
DRAWS = range(10)  # of the jobs
DATA = {
    f"{rows:,} rows": Policy(data_bytes=rows * PIXELS, job_bytes=rows * ROW_NUMBER)
    for rows in (70_000, 10_000_000)
}
SMALL = DATA["70,000 rows"]
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
POLICIES = [(order, restart) for restart in RESTARTS for order in ORDERS]
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


def compare(
    jobs: Sequence[Job],
    write_seconds: float,
    workers: Iterable[int] = WORKERS,
    conditions: Collection[str] = tuple(CONDITIONS),
) -> pd.DataFrame:
    """A row for each number of workers, condition, order and kind of restart: means over SEEDS.

    Returns:
        columns condition, order, restart, and those of `_means`.
    """
    found = []
    for count, condition in product(workers, conditions):
        for order, restart in POLICIES:
            policy = choose(order, restart)
            place = cluster(count, write_seconds, **CONDITIONS[condition])
            labels = {"condition": condition, "order": order, "restart": restart}
            found.append({**labels, **_means(jobs, place, policy)})
    return pd.DataFrame(found)


def choose(order: str, restart: str, data: Policy = SMALL) -> Policy:
    """The policy with one of ORDERS and of RESTARTS."""
    return replace(data, longest_first=ORDERS[order], checkpoint_seconds=RESTARTS[restart])


def _means(jobs: Sequence[Job], place: Cluster, policy: Policy) -> dict[str, Any]:
    """Means over SEEDS.

    Returns:
        workers, ideal (seconds), ratio (of makespan and ideal), least and most (the ratio of single
        seeds), lost (a share of the work), stops, given_up (jobs that the engine would give up),
        sent_jobs, data_per_node, data_per_job, results (bytes).
    """
    least = ideal(jobs, place.workers)
    outcomes = [simulate(jobs, place, policy, seed) for seed in SEEDS]
    ratios = [outcome.makespan / least for outcome in outcomes]
    attempts = mean(outcome.attempts for outcome in outcomes)
    return {
        "workers": place.workers,
        "ideal": least,
        "ratio": mean(ratios),
        "least": min(ratios),
        "most": max(ratios),
        "lost": mean(outcome.lost / outcome.trained for outcome in outcomes),
        "stops": mean(outcome.stops for outcome in outcomes),
        "given_up": mean(outcome.given_up(RETRIES) for outcome in outcomes),
        "sent_jobs": mean(outcome.job_bytes for outcome in outcomes),
        "data_per_node": mean(outcome.data_bytes for outcome in outcomes),
        "data_per_job": attempts * policy.data_bytes,
        "results": mean(outcome.result_bytes for outcome in outcomes),
    }


def vary_draws(
    run_times: pd.DataFrame,
    write_seconds: float,
    conditions: Collection[str] = tuple(CONDITIONS),
    workers: int = 100,
) -> pd.DataFrame:
    """A row for each draw of the jobs, condition and order, from the checkpoint: ratio."""
    found = []
    for draw in DRAWS:
        jobs = draw_jobs(run_times, JOBS, draw)
        for condition, order in product(conditions, ORDERS):
            place = cluster(workers, write_seconds, **CONDITIONS[condition])
            labels = {"draw": draw, "condition": condition, "order": order}
            policy = choose(order, "from the checkpoint")
            found.append({**labels, **_means(jobs, place, policy)})
    return pd.DataFrame(found)


def vary_deaths(
    jobs: Sequence[Job],
    write_seconds: float,
    rates: Iterable[float] = RATES,
    workers: int = 100,
) -> pd.DataFrame:
    """A row for each rate and kind of restart, longest first, see `_means`."""
    found = []
    for rate, restart in product(rates, RESTARTS):
        place = cluster(workers, write_seconds, deaths_per_hour=rate)
        means = _means(jobs, place, choose("longest first", restart))
        found.append({"rate": rate, "restart": restart, **means})
    return pd.DataFrame(found)


def vary_workers(jobs: Sequence[Job], write_seconds: float) -> pd.DataFrame:
    """A row for each size of data and number of workers, calm and longest first.

    Returns:
        columns data, workers, those of `bounds`, and the simulated makespans, in seconds.
    """
    found = []
    for (data, sizes), workers in product(DATA.items(), CURVE):
        place = cluster(workers, write_seconds)
        policy = choose("longest first", "from the beginning", sizes)
        simulated = {
            f"simulated, once per {share}": simulate(
                jobs, place, replace(policy, once_per_node=share == "node")
            ).makespan
            for share in ("node", "job")
        }
        row = {"data": data, "workers": workers, **bounds(jobs, place, policy), **simulated}
        found.append(row)
    return pd.DataFrame(found)


def index(table: pd.DataFrame, *names: str) -> dict[tuple[Any, ...], dict[Any, Any]]:
    """The rows of a table, by the values of some columns."""
    return {tuple(row[name] for name in names): row for row in table.to_dict("records")}
