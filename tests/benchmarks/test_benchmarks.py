"""Every benchmark can be imported, and its table and verdicts say what the figures say."""

import importlib
import os
import pkgutil
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import benchmarks
import pipeline as pp
from benchmarks import accuracy, engines, measure, throughput
from benchmarks.__main__ import bench
from benchmarks.measure import alternate, equal_settings, run, timed
from benchmarks.table import Row, Spread, machine_line, print_rows, spread
from pipeline.machine import VARIABLES

MODULES = [
    module.name
    for module in pkgutil.walk_packages(benchmarks.__path__, "benchmarks.")
    if not module.name.endswith("__main__")
]
ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("name", MODULES)
def test_every_module_can_be_imported(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__ or name == "benchmarks.workers"


def test_the_makefile_runs_modules_that_exist() -> None:
    run_by_make = re.findall(r"python -m (benchmarks[.\w]*)", (ROOT / "Makefile").read_text())
    assert len(run_by_make) >= 4
    assert all(importlib.util.find_spec(name) for name in run_by_make)


def row(ours: float, theirs: float, at_least: float | None = None, caveat: str = "") -> Row:
    return Row("work", Spread((ours,), "s"), Spread((theirs,), "s"), at_least, caveat)


def test_a_ratio_is_that_of_medians_and_misses_a_target_above_it() -> None:
    measured = [{"seconds": value} for value in (0.003, 0.001, 0.009)]
    ours = spread(measured, "seconds", "ms", scale=1000)
    assert (ours.median, ours.text(), ours.range_text()) == (3, "3 ms", "1 - 9")
    assert row(2, 5).ratio == 2.5
    assert row(2, 5, at_least=2.6).missed
    assert not row(2, 5, at_least=2.5).missed
    assert not row(2, 1).missed  # without a target


def test_a_ratio_of_rates_is_that_of_ours_to_theirs() -> None:
    rates = Spread((6.0,), "images/s"), Spread((2.0,), "images/s")
    assert Row("work", *rates, 3, higher_is_better=True).ratio == 3
    assert Row("work", *rates, 3.1, higher_is_better=True).missed
    assert row(0, 2, at_least=1).ratio == np.inf
    assert row(0, 0, at_least=1).ratio == 1


def test_the_table_numbers_caveats(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([row(1, 3, 2, "one"), row(1, 1, 2, "two"), row(1, 1), row(1, 1, None, "one")])
    lines = capsys.readouterr().out.splitlines()
    assert ["[1]" in line for line in lines[1:5]] == [True, False, False, True]
    assert [line.endswith("below target") for line in lines[1:5]] == [False, True, False, False]
    assert lines[5:] == ["", "[1] one", "[2] two"]


def test_the_machine_line_names_the_versions() -> None:
    assert re.search(r"\d+ cores, .*Python 3\.\d+\.\d+, TensorFlow \d", machine_line())


def test_measurements_alternate_after_a_warm_up_of_each() -> None:
    calls: list[str] = []

    def measurement(name: str) -> dict[str, float]:
        calls.append(name)
        return {"calls": len(calls)}

    ours, theirs = alternate(2, lambda: measurement("ours"), lambda: measurement("theirs"))
    assert calls == ["ours", "theirs"] * 3
    assert [figures["calls"] for figures in (*ours, *theirs)] == [3, 5, 4, 6]


def test_processes_side_by_side_are_summed(monkeypatch) -> None:
    monkeypatch.setattr(measure, "run", lambda *words: dict.fromkeys(words, 2.0))
    assert measure.run_side_by_side(3, "module", "fast") == {"module": 6, "fast": 6}


def test_a_word_that_names_no_comparison_is_refused() -> None:
    result = CliRunner().invoke(bench, ["--only", "througput"])
    assert result.exit_code == 2
    assert "is in none of reading integers, " in result.stderr


def test_rates_are_compared_with_the_course_notebook_and_with_the_same_network(monkeypatch) -> None:
    def rates(*words: object, **variables: object) -> dict[str, float]:
        rate = 4.0 if "ours" in words else 2.0
        return {name: rate for name in ("fast", "best", "deep", "conv-deep") if name in words}

    monkeypatch.setattr(throughput, "run", rates)
    monkeypatch.setattr(throughput, "run_side_by_side", rates)
    rows = throughput.throughput_rows(repeats=2)
    assert len(rows) == 4 * 3
    assert {found.ratio for found in rows} == {2}
    assert sum("conv-deep" in found.what for found in rows) == 2 * 3
    assert sum("equal settings" in found.what for found in rows) == 3


def test_errors_are_counted_on_other_fresh_rows_for_each_repeat(
    tiny_folder: Path, tmp_path: Path, monkeypatch
) -> None:
    seen = []

    def errors(module: str, name: str, data: Path, labels: Path, *words: object, **_: object):
        seen.append(pp.load(data).fingerprint)
        assert len(pp.load(data).test_pixels) == len(np.load(labels)) == 15
        return {"error": {"fast": 1.0, "best": 2.0, "notebook": 4.0}[name], "seconds": 3.0}

    monkeypatch.setattr(accuracy, "run", errors)
    rows = accuracy.accuracy_rows(tmp_path, 2, tiny_folder, 3)
    assert [found.ratio for found in rows] == [4, 2, 4, 2]
    assert len(set(seen)) == 2
    assert "errors of 15 fresh rows of tiny after 3 s of best, equal settings" in rows[-1].what
    assert "took 3.0 s at most" in rows[0].caveat


def test_a_process_is_measured_completely() -> None:
    figures = run("benchmarks.workers.imports", "json", figures=False)
    assert figures["process_cpu_seconds"] > 0
    assert figures["process_seconds"] > 0
    assert figures["peak_megabytes"] > 1


def test_a_failing_process_is_an_error() -> None:
    with pytest.raises(RuntimeError, match=r"imports no\.such ended with status 1"):
        run("benchmarks.workers.imports", "no.such", figures=False)


def test_both_sides_get_equal_settings_and_none_of_the_users(monkeypatch) -> None:
    from benchmarks.measure import _environment

    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert not set(VARIABLES) & set(_environment(None))
    assert equal_settings().items() <= _environment(equal_settings()).items()
    assert set(equal_settings()) <= set(VARIABLES)
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0"


def test_timed_counts_cpu_time_apart_from_waiting() -> None:
    import time

    figures = timed(lambda: time.sleep(0.05))
    assert figures["cpu_seconds"] < figures["seconds"]


@pytest.mark.parametrize(
    ("differences", "words", "status"),
    [
        ([-1.0, -1.1, -0.9], "Ours is worse", 1),
        ([1.0, 1.1, 0.9], "Ours is better", 0),
        ([-2.0, 1.0, 0.5], "No difference could be shown. This does not prove", 0),
    ],
)
def test_same_accuracy_fails_only_below_zero(differences, words: str, status: int) -> None:
    from benchmarks.same_accuracy import verdict

    text, found = verdict(differences)
    assert words in text
    assert found == status


def test_same_accuracy_prints_the_smallest_difference_that_it_would_have_found() -> None:
    from benchmarks.same_accuracy import verdict

    differences = [0.0, 1.0, 2.0, 3.0, 4.0]
    found = re.search(r"%: ([\d.]+) points", verdict(differences)[0])
    error = np.std(differences, ddof=1) / 5**0.5
    assert found is not None
    assert float(found[1]) == pytest.approx((2.776 + 0.941) * error, abs=0.01)  # Student, 4


def test_growth_is_linear_where_seconds_grow_as_the_rows(tmp_path: Path) -> None:
    from benchmarks.growth import STAGES, draw, is_linear

    def table(seconds: float) -> pd.DataFrame:
        rows = [(1000, "read", 0.1, 50.0), (10_000, "read", seconds, 60.0)]
        return pd.DataFrame(rows, columns=["rows", "stage", "seconds", "megabytes"])

    assert is_linear(table(1.4), "read")
    assert not is_linear(table(1.6), "read")
    assert is_linear(table(9.0).iloc[1:], "read")  # nothing to compare with
    parts = [table(1.0).assign(stage=stage) for stage in STAGES]
    draw(pd.concat(parts), tmp_path / "growth.png")
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_frontier_builds_the_widths_that_it_names() -> None:
    from benchmarks.frontier import make_recipe, multiplications
    from pipeline.runs.record import LayerRecord

    recipe = make_recipe("fast", "4-8x6", 2)
    filters = [layer.filters for layer in recipe.layers(recipe) if hasattr(layer, "filters")]
    assert filters == [4, 8, 6]
    assert (recipe.epochs_for(10_000), recipe.name) == (2, "4-8x6")
    layers = [
        LayerRecord("a", "Conv2D", (5, 4, 8), ((3, 3, 2, 8),), 144),
        LayerRecord("b", "ReLU", (5, 4, 8), (), 0),
        LayerRecord("c", "Dense", (10,), ((8, 10), (10,)), 90),
    ]
    assert multiplications(layers) == 5 * 4 * 144 + 80


def test_target_says_who_reached_the_accuracy() -> None:
    from benchmarks.target import verdict

    ours = [{"accuracy": 0.99, "seconds": 1.0}, {"accuracy": 0.97, "seconds": 3.0}]
    theirs = {"accuracy": 0.98, "seconds": 5.0}
    assert "98.00 % on average" in verdict(ours, theirs, 0.98)
    assert "network reached it after 2.5 times as long" in verdict(ours, theirs, 0.98)
    assert "did not reach it" in verdict(ours, theirs, 0.99)


def test_label_errors_plants_fifty_other_labels(tmp_path: Path) -> None:
    from benchmarks.label_errors import DIGITS, PLANTED, plant

    rows = plant(DIGITS, tmp_path / "planted", seed=0)
    old, new = (
        (folder / "train_data.csv").read_text().splitlines()
        for folder in (DIGITS, tmp_path / "planted")
    )
    changed = {
        n for n, lines in enumerate(zip(old, new[-len(old) :], strict=True)) if lines[0] != lines[1]
    }
    assert len(rows) == PLANTED
    assert changed == rows


def test_memory_writes_as_many_bytes_as_asked(tmp_path: Path) -> None:
    from benchmarks.memory import write_noise

    size = write_noise(tmp_path / "train.csv", 1000)
    assert (tmp_path / "train.csv").stat().st_size == size >= 1000


def test_the_overhead_of_a_command_and_of_a_job_are_told_apart() -> None:
    """Two workers, a start of 8 s, and 1.5 s for each job, which trains for 3 s."""
    few, many = (
        [engines.Cost(2, count, 8 + count * (1.5 + 3) / 2, 3 * count)] * 3 for count in (2, 12)
    )
    assert engines.split(few, many) == pytest.approx((8, 1.5))
