"""Workers stop, start, are slow and wait for the network as the description of the cluster says."""

import math

import pytest

from benchmarks.scaling.experiments import CHECKPOINT_SECONDS
from benchmarks.scaling.simulation import HOUR, Cluster, Job, Outcome, Policy, simulate

SEEDS = range(3)
SIGMAS = 4
HOURS = [Job(HOUR)] * 300


def seconds(outcome: Outcome) -> list[float]:
    """When the results were written."""
    return [second for _, second in outcome.written]


@pytest.mark.parametrize("checkpoint", [None, CHECKPOINT_SECONDS])
@pytest.mark.parametrize("slow_share", [0, 1])
def test_workers_die_at_the_rate_of_the_cluster(checkpoint: float | None, slow_share: int) -> None:
    """The number of deaths has the distribution of Poisson."""
    place = Cluster(20, slow_share=slow_share, slow_factor=2, deaths_per_hour=0.5)
    outcomes = [simulate(HOURS, place, Policy(False, checkpoint), seed) for seed in SEEDS]
    worker_hours = sum(outcome.trained for outcome in outcomes) * (1 + slow_share) / HOUR
    stops, expected = sum(outcome.stops for outcome in outcomes), 0.5 * worker_hours
    assert expected > 400
    assert abs(stops - expected) < SIGMAS * math.sqrt(expected)


def test_nodes_leave_at_the_rate_of_the_cluster_with_all_their_workers() -> None:
    """A departure stops four workers, so the variance is four times as large."""
    place = Cluster(20, workers_per_node=4, departures_per_hour=0.5, away_seconds=60)
    outcomes = [simulate(HOURS, place, Policy(False, CHECKPOINT_SECONDS), seed) for seed in SEEDS]
    worker_hours = sum(outcome.trained for outcome in outcomes) / HOUR
    stops, expected = sum(outcome.stops for outcome in outcomes), 0.5 * worker_hours
    assert expected > 400
    assert abs(stops - expected) < SIGMAS * math.sqrt(4 * expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_leaving_node_stops_all_its_workers(seed: int) -> None:
    """Four equal jobs on a node begin, stop, begin again and end together."""
    place = Cluster(4, workers_per_node=4, departures_per_hour=2)
    outcome = simulate([Job(5 * HOUR)] * 4, place, Policy(False, CHECKPOINT_SECONDS), seed)
    assert outcome.stopped[0] > 0
    assert [outcome.stopped[job] for job in range(4)] == [outcome.stopped[0]] * 4
    assert len({*seconds(outcome)}) == 1


def test_a_node_is_away_for_the_mean_time_of_the_cluster() -> None:
    place = Cluster(1, departures_per_hour=4, away_seconds=600)
    outcome = simulate([Job(100 * HOUR)], place, Policy(False, CHECKPOINT_SECONDS))
    away = (outcome.makespan - outcome.trained) / outcome.stops
    assert outcome.stops > 300
    assert abs(away - 600) < SIGMAS * 600 / math.sqrt(outcome.stops)


@pytest.mark.parametrize("deaths_per_hour", [0, 2])
def test_a_worker_starts_before_each_of_its_lives(deaths_per_hour: float) -> None:
    place = Cluster(1, start_seconds=10, deaths_per_hour=deaths_per_hour)
    for seed in SEEDS:
        outcome = simulate([Job(5 * HOUR)], place, Policy(False, CHECKPOINT_SECONDS), seed)
        assert (outcome.stops > 0) == (deaths_per_hour > 0)
        assert outcome.makespan == pytest.approx(10 * outcome.attempts + outcome.trained)


@pytest.mark.parametrize(
    ("workers", "share", "slow"), [(10, 0.3, 3), (12, 0.25, 3), (7, 0.1, 1), (4, 0.1, 0)]
)
def test_the_share_of_slow_workers_is_rounded(workers: int, share: float, slow: int) -> None:
    place = Cluster(workers, slow_share=share, slow_factor=2)
    found = seconds(simulate([Job(10)] * workers, place, Policy()))
    assert found == [10] * (workers - slow) + [20] * slow


def test_results_share_the_network_to_the_driver() -> None:
    found = simulate([Job(10, 3e6)] * 3, Cluster(3, bandwidth=1e6), Policy())
    assert seconds(found) == [13, 16, 19]
    assert found.result_bytes == 9e6


def test_each_job_is_sent_and_the_data_once_for_a_node_or_for_each_job() -> None:
    """A job needs 2 s of the network, the data 5 s. Both workers are on a node."""
    jobs, place = [Job(100)] * 2, Cluster(2, bandwidth=1e6)
    for once_per_node, expected in ((True, [107, 109]), (False, [107, 114])):
        policy = Policy(data_bytes=5e6, job_bytes=2e6, once_per_node=once_per_node)
        found = simulate(jobs, place, policy)
        assert seconds(found) == expected
        assert (found.job_bytes, found.data_bytes) == (4e6, 5e6 if once_per_node else 10e6)


@pytest.mark.parametrize("slowness", [1, 4])
def test_checkpoints_are_saved_by_the_clock(slowness: int) -> None:
    """On a worker that is four times as slow, 50 seconds are 12.5 seconds of work."""
    place = Cluster(1, slow_share=1, slow_factor=slowness, deaths_per_hour=2)
    outcome = simulate([Job(100 * HOUR)], place, Policy(False, 50))
    average = slowness * outcome.lost / outcome.stops
    assert outcome.stops > 150
    assert abs(average - 25) < SIGMAS * 50 / math.sqrt(12 * outcome.stops)


def test_a_checkpoint_of_another_worker_is_kept() -> None:
    """A job moves between a normal and a slow worker, which stop after 30 seconds on average."""
    place = Cluster(2, slow_share=0.5, slow_factor=1.5, deaths_per_hour=120)
    outcome = simulate([Job(20 * HOUR)], place, Policy(False, 50))
    since_checkpoint = 30 - 50 / (math.exp(50 / 30) - 1)  # on average, by the clock
    average = since_checkpoint * (1 + 1 / 1.5) / 2
    assert outcome.stops > 6000
    deviation = 50 / math.sqrt(12 * outcome.stops)
    assert abs(outcome.lost / outcome.stops - average) < SIGMAS * deviation


def test_jobs_that_need_more_retries_are_given_up() -> None:
    outcome = Outcome()
    outcome.stopped.update({0: 5, 1: 4, 2: 3, 3: 1})
    assert [outcome.given_up(retries) for retries in (0, 1, 3, 5)] == [4, 3, 2, 0]
    assert outcome.stops == 13
