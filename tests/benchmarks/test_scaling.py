"""The simulation of a cluster keeps what must be kept, and its page says what it computes."""

import json
import math
import pickle
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from benchmarks.measure import ROOT
from benchmarks.scaling import limits, page
from benchmarks.scaling.__main__ import GROWTH, scaling
from benchmarks.scaling.experiments import (
    CONDITIONS,
    DATA,
    ORDERS,
    cluster,
    compare,
    vary_deaths,
    vary_draws,
)
from benchmarks.scaling.measured import RUN_TIMES, SPEEDS, WRITER, draw_jobs, read_runs
from benchmarks.scaling.simulation import Cluster, Job, Outcome, Policy, ideal, simulate
from pipeline.competition.folds import Fold

SEEDS = range(4)
JOBS = [Job(seconds, 1e6) for seconds in Random(0).choices([30.0, 60.0, 200.0, 1600.0], k=60)]
POLICIES = [
    Policy(longest_first, checkpoint, 5e7, 1e6, once_per_node)
    for longest_first in (False, True)
    for checkpoint in (None, 50.0)
    for once_per_node in (False, True)
]
HARSH = Cluster(
    workers=12,
    workers_per_node=4,
    start_seconds=10,
    slow_share=0.25,
    deaths_per_hour=1,
    departures_per_hour=1,
    bandwidth=1e8,
    write_seconds=0.1,
)
CALM = replace(HARSH, slow_share=0, deaths_per_hour=0, departures_per_hour=0)
CLUSTERS = {"calm": CALM, "harsh": HARSH}
by_cluster = pytest.mark.parametrize("place", CLUSTERS.values(), ids=CLUSTERS)
by_seed = pytest.mark.parametrize("seed", SEEDS)


def outcomes(place: Cluster, seed: int) -> list[Outcome]:
    return [simulate(JOBS, place, policy, seed) for policy in POLICIES]


@by_cluster
@by_seed
def test_every_job_is_written_once(place: Cluster, seed: int) -> None:
    for outcome in outcomes(place, seed):
        assert sorted(job for job, _ in outcome.written) == list(range(len(JOBS)))
        assert outcome.result_bytes == sum(job.result_bytes for job in JOBS)


@by_cluster
@by_seed
def test_what_was_trained_is_the_work_and_what_was_lost(place: Cluster, seed: int) -> None:
    work = sum(job.seconds for job in JOBS)
    for outcome in outcomes(place, seed):
        assert outcome.trained == pytest.approx(work + outcome.lost)
        assert outcome.attempts == len(JOBS) + outcome.stops
        assert (outcome.lost > 0) == (outcome.stops > 0) == (place is HARSH)


@by_cluster
@by_seed
def test_no_makespan_is_below_the_ideal_or_a_bound(place: Cluster, seed: int) -> None:
    for policy, outcome in zip(POLICIES, outcomes(place, seed), strict=True):
        bounds = limits.bounds(JOBS, place, policy)
        if policy.once_per_node:
            del bounds["data, once per job"]
        assert outcome.makespan >= max(ideal(JOBS, place.workers), *bounds.values())


@by_seed
def test_the_data_is_sent_once_per_attempt_or_once_to_each_node_that_joins(seed: int) -> None:
    for policy, calm, harsh in zip(
        POLICIES, outcomes(CALM, seed), outcomes(HARSH, seed), strict=True
    ):
        assert harsh.job_bytes == harsh.attempts * policy.job_bytes
        if policy.once_per_node:
            assert calm.data_bytes == CALM.nodes * policy.data_bytes
            assert calm.data_bytes < harsh.data_bytes < harsh.attempts * policy.data_bytes
        else:
            assert harsh.data_bytes == harsh.attempts * policy.data_bytes


@pytest.mark.parametrize(("jobs", "workers"), [(1, 1), (7, 3), (12, 4), (5, 8)])
def test_equal_jobs_take_as_many_rounds_as_needed(jobs: int, workers: int) -> None:
    found = simulate([Job(10)] * jobs, Cluster(workers), Policy()).makespan
    assert found == math.ceil(jobs / workers) * 10


def test_with_equal_jobs_more_workers_are_never_slower() -> None:
    makespans = [simulate([Job(10)] * 50, Cluster(n), Policy()).makespan for n in range(1, 60)]
    assert makespans == sorted(makespans, reverse=True)
    assert makespans[0] > makespans[-1]


def test_with_large_data_more_workers_can_be_slower() -> None:
    """Why the driver must not send the data to each node itself."""
    policy = Policy(data_bytes=1e9)
    few, many = (
        simulate([Job(10)] * 80, Cluster(n, bandwidth=1e9), policy).makespan for n in (80, 800)
    )
    one_node, ten_nodes = (
        simulate([Job(1)] * 80, Cluster(n, 8, bandwidth=1e8), policy).makespan for n in (8, 80)
    )
    assert few == many
    assert ten_nodes > one_node


@pytest.mark.parametrize("seed", range(20))
def test_a_checkpoint_never_loses_more_of_a_job_than_starting_again(seed: int) -> None:
    """The worker stops at the same times in both."""
    place = Cluster(1, start_seconds=5, deaths_per_hour=4, departures_per_hour=1)
    from_checkpoint, again = (
        simulate([Job(1600)], place, Policy(checkpoint_seconds=interval), seed)
        for interval in (50.0, None)
    )
    assert from_checkpoint.lost <= again.lost
    assert from_checkpoint.lost <= 50 * from_checkpoint.stops
    assert from_checkpoint.makespan <= again.makespan


@by_seed
def test_with_checkpoints_a_cluster_loses_less(seed: int) -> None:
    again, from_checkpoint = (
        simulate(JOBS, HARSH, Policy(True, interval), seed) for interval in (None, 50.0)
    )
    assert from_checkpoint.lost <= 50 * from_checkpoint.stops
    assert from_checkpoint.lost < again.lost


def test_longest_first_is_shorter_where_the_last_job_is_long() -> None:
    jobs = [Job(10)] * 20 + [Job(100)]
    makespans = [simulate(jobs, Cluster(3), Policy(first)).makespan for first in (False, True)]
    assert makespans == [160, 100]


def test_a_slow_worker_takes_its_factor_longer() -> None:
    assert simulate([Job(10)], Cluster(1, slow_share=1), Policy()).makespan == 30


def test_results_wait_for_the_writer() -> None:
    found = simulate([Job(10)] * 4, Cluster(4, write_seconds=3), Policy())
    assert [second for _, second in found.written] == [13, 16, 19, 22]


def test_the_same_seed_gives_the_same_and_another_one_something_else() -> None:
    first, same, other = (simulate(JOBS, HARSH, POLICIES[-1], seed) for seed in (1, 1, 2))
    assert first == same
    assert first != other


def test_run_times_are_those_of_trainings_and_not_of_their_combinations(tmp_path: Path) -> None:
    record = {
        "data": {"competition": "digits"},
        "identity": {"recipe": "fast"},
        "fold": {"train_rows": 10},
        "training": {"epochs": 2},
        "environment": {"processor": "a processor", "threads": 2},
        "parameters": 3,
        "fit_seconds": 1.23,
        "created": "2026-01-01",
    }
    for name, training in (("one", {"epochs": 2}), ("combined", None)):
        folder = tmp_path / "digits" / name
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps(record | {"training": training}))
        (folder / "test.npy").write_bytes(bytes(1000))
    (row,) = read_runs([tmp_path]).to_dict("records")
    size = 1000 + (tmp_path / "digits/one/run.json").stat().st_size
    assert (row["fit_seconds"], row["epochs"], row["result_bytes"]) == (1.2, 2, size)
    with pytest.raises(ValueError, match=r"no trainings in .*none"):
        read_runs([tmp_path / "none"])


def test_jobs_are_drawn_from_what_was_measured() -> None:
    table = pd.read_csv(RUN_TIMES)
    measured = set(zip(table["fit_seconds"], table["result_bytes"], strict=True))
    jobs = draw_jobs(table, 200)
    assert {(job.seconds, job.result_bytes) for job in jobs} == measured
    assert jobs == draw_jobs(table, 200) != draw_jobs(table, 200, seed=1)


def test_limits_are_those_of_the_hardware() -> None:
    node = limits.Hardware(disk=1e6, disk_requests=50, read_ahead=1e4, network=1e3)
    assert node.random_rows == 50
    assert replace(node, disk_requests=500).random_rows == 100
    growth = pd.DataFrame({"rows": [10, 100], "stage": "read", "megabytes": [1.0, 10.0]})
    assert limits.own_memory(growth) == 2**20 / 10
    run_times = pd.DataFrame({"recipe": ["fast", "best"], "rows": 10, "epochs": 6,
                              "fit_seconds": [2.0, 60.0]})  # fmt: skip
    assert limits.training_speed(run_times) == 30


def test_the_page_gets_the_tables_between_its_comments() -> None:
    text = "a\n<!-- one -->\nold\n<!-- end of one -->\nb\n"
    new = page.insert(text, {"one": "| x |\n"})
    assert new == "a\n<!-- one -->\n\n| x |\n\n<!-- end of one -->\nb\n"
    assert page.insert(new, {"one": "| x |\n"}) == new
    with pytest.raises(KeyError, match="two"):
        page.insert(text, {"two": ""})


def test_the_page_says_what_was_measured_and_what_follows_from_it() -> None:
    run_times, measured, growth = map(pd.read_csv, (RUN_TIMES, SPEEDS, GROWTH))
    speeds = measured.set_index("name")["value"]
    place, jobs = cluster(1, speeds[WRITER]), draw_jobs(run_times, limits.JOBS)
    ends = {name: limits.most_workers(jobs, place, sizes) for name, sizes in DATA.items()}
    text = (ROOT / "docs/scaling.md").read_text()
    assert page.speeds_text(measured) in text
    assert page.data_text(speeds, run_times, growth) in text
    assert page.ends_text(ends) in text
    traffic = limits.JOBS * limits.checkpoint_traffic(run_times) / 1e6
    assert f"write {round(traffic, -1):.0f} MB/s" in text


def test_the_tables_of_the_page_are_what_the_simulation_computes() -> None:
    """Some of their rows."""
    run_times, measured = map(pd.read_csv, (RUN_TIMES, SPEEDS))
    speed = measured.set_index("name")["value"][WRITER]
    jobs = draw_jobs(run_times, limits.JOBS)
    makespans = compare(jobs, speed, (10, 100))
    draws = vary_draws(run_times, speed, ["spot nodes"])
    text = (ROOT / "docs/scaling.md").read_text()
    for table in (page.makespans_text(makespans), page.seeds_text(makespans),
                  page.moved_text(makespans), page.draws_text(draws)):  # fmt: skip
        for line in table.splitlines():
            assert line in text
    assert makespans["given_up"].max() < 1


def test_the_text_of_the_page_has_figures_of_the_simulation() -> None:
    run_times, measured = map(pd.read_csv, (RUN_TIMES, SPEEDS))
    speed = measured.set_index("name")["value"][WRITER]
    jobs = draw_jobs(run_times, limits.JOBS)
    ten = compare(jobs, speed, [10], ["all of these"])
    longer = 100 * (ten[["ratio", "most"]] - 1)
    (least, least_seed), (most, most_seed) = longer.min(), longer.max()
    given_up = vary_deaths(jobs, speed, [2.0]).set_index("restart")["given_up"]
    text = " ".join((ROOT / "docs/scaling.md").read_text().split())
    assert f"at most {most:.0f} % longer than the ideal ({most_seed:.0f} % in the worst" in text
    assert f"at most {least:.0f} % ({least_seed:.0f} %) with the better policy" in text
    assert f"{given_up['from the beginning']:.0f} of 1,000 jobs from the beginning" in text
    assert f"and {given_up['from the checkpoint']:.0f} from the checkpoint" in text


def test_a_job_is_as_large_as_the_row_numbers_of_its_fold() -> None:
    rows = np.arange(70_000)
    sent = len(pickle.dumps(Fold(rows[:60_000], rows[60_000:])))
    assert sent == pytest.approx(DATA["70,000 rows"].job_bytes, rel=0.01)


def test_checkpoints_are_at_the_end_of_epochs_and_within_long_ones() -> None:
    """Epochs of 0.1, 10 and 80 seconds."""
    for epoch, between in ((0.1, 1.0), (10.0, 10.0), (80.0, 40.0)):
        table = pd.DataFrame({"parameters": [10], "fit_seconds": [epoch * 6], "epochs": [6]})
        expected = 10 * limits.PARAMETER / between
        assert limits.checkpoint_traffic(table) == pytest.approx(expected)


def test_the_ranges_of_draws_are_those_of_each_condition_and_order() -> None:
    labels = [(condition, order) for condition in CONDITIONS for order in ORDERS]
    rows = [
        {"condition": condition, "order": order, "ratio": 1 + number + draw / 10}
        for draw in range(3)
        for number, (condition, order) in enumerate(labels)
    ]
    text = page.draws_text(pd.DataFrame(rows))
    assert "| calm | 1.00 - 1.20 | 2.00 - 2.20 |" in text
    assert text.count("\n") == 2 + len(CONDITIONS)


def test_a_folder_without_runs_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    before = RUN_TIMES.read_bytes()
    result = CliRunner().invoke(scaling, ["--runs", str(tmp_path), "--output", str(tmp_path)])
    assert result.exit_code == 2
    assert "expected COMPETITION/RUN/run.json" in result.output
    assert (list(tmp_path.iterdir()), RUN_TIMES.read_bytes()) == ([], before)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.5, "500 ms"), (80, "80 s"), (100, "1.67 min"), (1e6, "11.6 days")]
)
def test_durations_have_a_unit(seconds: float, text: str) -> None:
    assert page.duration(seconds) == text


def test_a_part_ends_where_it_takes_as_long_as_the_work() -> None:
    """Of 100 jobs of 10 s: the data takes 1 s each time, a job 0.25 s, the writer 0.5 s."""
    jobs, place = [Job(10, 1e6)] * 100, Cluster(1, 4, bandwidth=1e9, write_seconds=0.5)
    found = limits.most_workers(jobs, place, Policy(data_bytes=1e9, job_bytes=2.5e8))
    assert found == pytest.approx(
        {
            "data, once per job": 10,
            "writer": 20,
            "jobs with their folds": 40,
            "data, once per node": 1000**0.5 * 2,
            "longest job": 100,
            "results": 10_000,
        }
    )
    assert list(found.values()) == sorted(found.values())
    assert "data, once per node" not in limits.most_workers(jobs, place, Policy())


def test_a_map_is_in_memory_where_it_fits() -> None:
    node = limits.Hardware(memory=7840)
    ways = ("epoch, shuffled, map in memory", "epoch, shuffled, map on disk", "something else")
    assert [limits.occurs(way, 10, node) for way in ways] == [True, False, True]
    assert [limits.occurs(way, 11, node) for way in ways] == [False, True, True]
