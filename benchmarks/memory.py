"""A training CSV of four times the memory that a process may have: read, and trained on.

    python -m benchmarks.memory [--megabytes N]

The limit is RLIMIT_DATA: what a process may have of its own. RLIMIT_AS would count the mapped
file too, whose memory others can have.

`pandas.read_csv` of the whole file, as notebooks have it, must fail: no array of a CSV's pixels
in pandas' types fits into a quarter of the CSV's size. Reading in chunks into an array of
uint8 on the disk would not fail; that is what the pipeline does. TensorFlow itself needs some
hundred megabytes, so that much less than 1,000 MB is too little for any training.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np

from benchmarks.measure import ROOT

DIFFERENT_ROWS = 2_000  # these are repeated
TRAIN = ("--model", "dense", "--epochs", "1", "--quiet")


@click.command()
@click.option("--megabytes", type=click.IntRange(1), default=2000, show_default=True)
def memory(megabytes: int) -> None:
    """Exits with status 0 if pandas fails and the pipeline does not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = write_noise(folder / "train.csv", 4 * megabytes << 20)
        write_noise(folder / "test.csv", 1 << 20, label=False)
        click.echo(f"{size / (1 << 20):,.0f} MB of CSV, {megabytes:,} MB of memory")
        read = ["benchmarks.workers.read", "theirs", str(folder)]
        train = ["pipeline", "train", str(folder), *TRAIN, "--runs", str(folder / "runs")]
        cache = {"XDG_CACHE_HOME": str(folder / "cache")}
        failed = [
            fails(what, command, megabytes, cache)
            for what, command in (("pandas.read_csv", read), ("pipeline train", train))
        ]
    sys.exit(0 if failed == [True, False] else 1)


def fails(what: str, command: list[str], megabytes: int, variables: dict[str, str]) -> bool:
    """Runs a Python module with that much memory, and prints how it ended.

    Args:
        command: the module and its arguments.
        variables: environment variables besides those of this process.
    """

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, megabytes << 20))

    environment = os.environ | {"PYTHONPATH": str(ROOT)} | variables
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *command],
        preexec_fn=limit,
        env=environment,
        capture_output=True,
        text=True,
    )
    lines = done.stderr.strip().splitlines() or [""]
    failed = f"fails with status {done.returncode}: {lines[-1][:80]}"
    outcome = failed if done.returncode else "succeeds"
    click.echo(f"{what:16}  {time.perf_counter() - start:6.1f} s  {outcome}")
    return done.returncode != 0


def write_noise(path: Path, size: int, label: bool = True) -> int:
    """Writes rows of 28 x 28 random integers in 0..255, the label first, until `size` bytes.

    Returns:
        The number of bytes, `size` or a little more.
    """
    random = np.random.default_rng(0)
    rows = random.integers(0, 256, (DIFFERENT_ROWS, 784)).astype("U3").tolist()
    labels = random.integers(0, 10, len(rows)).tolist()
    heads = [f"{label}," for label in labels] if label else [""] * len(rows)
    block = "".join(f"{head}{','.join(row)}\n" for head, row in zip(heads, rows, strict=True))
    with open(path, "w") as file:
        return sum(file.write(block) for _ in range(-(-size // len(block))))


if __name__ == "__main__":
    memory()
