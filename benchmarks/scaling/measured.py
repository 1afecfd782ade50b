"""The measurements: run times of trainings, and speeds of reading and writing.

Both are tables in this folder, so that the simulation can be repeated without measuring again.
"""

import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pandas as pd

from benchmarks.measure import run
from benchmarks.reading import CACHE_DELAY, READ, load_cold
from benchmarks.scaling.simulation import Job
from pipeline.machine import cores, processor

FOLDER = Path(__file__).parent
RUN_TIMES, SPEEDS = FOLDER / "run_times.csv", FOLDER / "speeds.csv"
WRITER = "writer, a run of 2 MB in 9 files"
REPEATS = 3


def read_runs(folders: Sequence[Path]) -> pd.DataFrame:
    """A row for each training of FOLDER/COMPETITION/RUN/run.json.

    Combinations of runs are left out, because they trained nothing.

    Returns:
        columns competition, recipe, rows, epochs, parameters, fit_seconds, result_bytes (of the
        run's folder), processor, threads, created.

    Raises:
        ValueError: there are none.
    """
    paths = sorted(path for folder in folders for path in folder.glob("*/*/run.json"))
    records = [(path, json.loads(path.read_text())) for path in paths]
    rows = [
        {
            "competition": record["data"]["competition"],
            "recipe": record["identity"]["recipe"],
            "rows": record["fold"]["train_rows"],
            "epochs": record["training"]["epochs"],
            "parameters": record["parameters"],
            "fit_seconds": round(record["fit_seconds"], 1),
            "result_bytes": sum(file.stat().st_size for file in path.parent.iterdir()),
            "processor": record["environment"]["processor"],
            "threads": record["environment"]["threads"],
            "created": record["created"],
        }
        for path, record in records
        if record["training"]
    ]
    if not rows:
        names = ", ".join(map(str, folders))
        raise ValueError(f"no trainings in {names}, expected COMPETITION/RUN/run.json")
    return pd.DataFrame(rows)


def draw_jobs(table: pd.DataFrame, count: int, seed: int = 0) -> list[Job]:
    """Jobs with the times and sizes of rows of the table, drawn at random with replacement."""
    rows = table.to_dict("records")
    measured = [Job(row["fit_seconds"], row["result_bytes"]) for row in rows]
    return Random(seed).choices(measured, k=count)


def measure_speeds(rows: int) -> pd.DataFrame:
    """Measures this reader and this writer on generated files, each in its own process.

    The speeds are per CPU second, because other processes influence CPU time less.

    Args:
        rows: of the training file.

    Returns:
        columns name, value, unit: the best of REPEATS: other processes can only make it slower.
    """
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "data"
        run("benchmarks.data", "integers", data, rows, 20, figures=False)
        time.sleep(CACHE_DELAY)
        size = (data / "train.csv").stat().st_size
        cold = min(load_cold(data)["cpu_seconds"] for _ in range(REPEATS))
        warm = {"XDG_CACHE_HOME": str(Path(name) / "cache")}
        run(READ, "ours", data, variables=warm)
        found = [run("benchmarks.scaling.worker", data, variables=warm) for _ in range(REPEATS)]
    best = {key: min(figures[key] for figures in found) for key in found[0]}
    lines = [
        ("CSV, size of a row", size / rows, "bytes"),
        ("CSV, first read", rows / cold, "rows / CPU s"),
        ("map in memory, in order", rows / best["in_order"], "rows / CPU s"),
        ("map in memory, shuffled batches", rows / best["shuffled"], "rows / CPU s"),
        ("map on disk, read for a random row", best["disk_bytes"], "bytes"),
        ("the same with MADV_RANDOM", best["advised_bytes"], "bytes"),
        ("read-ahead of the disk", _read_ahead(), "bytes"),
        (WRITER, best["write"], "s"),
    ]
    table = pd.DataFrame(lines, columns=["name", "value", "unit"])
    table["value"] = [float(f"{value:.3g}") for value in table["value"]]
    return table.assign(machine=f"{processor()}, {len(cores())} cores")


def _read_ahead() -> float:
    """What Linux reads around a page that is not in memory: the largest of all disks."""
    files = Path("/sys/block").glob("*/queue/read_ahead_kb")
    return max((1024.0 * int(file.read_text()) for file in files), default=float("nan"))
