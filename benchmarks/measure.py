"""Measures work in this process, and whole processes in turn."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipeline.machine import VARIABLES, cores

ROOT = Path(__file__).parent.parent
MAX_THREADS = 4
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes, of getrusage

Figures = dict[str, float]
"""Figures of a measurement by name."""


def equal_settings() -> dict[str, str]:
    """Environment variables that give both sides the same oneDNN and thread settings."""
    threads = str(min(MAX_THREADS, len(cores())))
    return {
        "TF_ENABLE_ONEDNN_OPTS": "1",
        "TF_NUM_INTRAOP_THREADS": threads,
        "OMP_NUM_THREADS": threads,
    }


def timed(work: Callable[[], object]) -> Figures:
    """Wall seconds of a call, and its CPU seconds on all threads of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}


def use_one_core() -> None:
    """Keeps this process on one core. Call it before libraries start their threads."""
    os.sched_setaffinity(0, {cores()[0]})


def report(figures: Figures) -> None:
    """Prints the figures for `run`, which reads the last line."""
    print(json.dumps(figures))


def run(
    module: str,
    *arguments: object,
    variables: Mapping[str, str] | None = None,
    figures: bool = True,
) -> Figures:
    """Runs a Python module in a new process.

    Args:
        module: name of the module.
        arguments: of its command line.
        variables: environment variables besides those of this process.
        figures: whether the last line that it prints is JSON figures.

    Returns:
        Its figures, and those of the whole process: process_seconds, process_cpu_seconds, and
        peak_megabytes. The peak counts mapped files, and is at least the memory that this
        process had when it started the other; so this one must not hold arrays.

    Raises:
        RuntimeError: the process failed.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=_environment(variables)) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}")
    printed: Figures = json.loads(output.splitlines()[-1]) if figures else {}
    return printed | {
        "process_seconds": seconds,
        "process_cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_megabytes": usage.ru_maxrss * RSS_UNIT / 2**20,
    }


def run_side_by_side(count: int, module: str, *arguments: object) -> Figures:
    """Runs a Python module in several processes at once; the sums of their figures."""
    with ThreadPoolExecutor(count) as pool:
        started = [pool.submit(run, module, *arguments) for _ in range(count)]
        found = [each.result() for each in started]
    return {name: sum(figures[name] for figures in found) for name in found[0]}


def alternate(repeats: int, *measurements: Callable[[], Figures]) -> list[list[Figures]]:
    """Makes each measurement once to warm up, then all of them in turn, `repeats` times.

    Returns:
        The figures of each measurement, without those of the warm-up.
    """
    turns = [[measure() for measure in measurements] for _ in range(repeats + 1)]
    return [list(figures) for figures in zip(*turns[1:], strict=True)]


def _environment(variables: Mapping[str, str] | None) -> dict[str, str]:
    # The speed depends on VARIABLES; a process gets them from here alone.
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    own = {"PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return inherited | own | dict(variables or {})
