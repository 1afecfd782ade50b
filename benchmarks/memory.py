"""A training CSV of four times the memory that the process may have: read and trained on.

    python -m benchmarks.memory [--megabytes N]

The limit is RLIMIT_DATA: what a process may have of its own. RLIMIT_AS would count the mapped
file too, which takes no memory that others could not have; and no array of a CSV's pixels fits
into a quarter of the CSV's size.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np

PANDAS = "import sys, pandas; pandas.read_csv(sys.argv[1], header=None).to_numpy()"
TRAIN = "pipeline train {folder} --model dense --epochs 1 --runs {folder}/runs"


@click.command()
@click.option("--megabytes", default=2000, show_default=True, help="What the process may have.")
def memory(megabytes: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = noise_csv(folder / "train.csv", 4 * megabytes << 20)
        noise_csv(folder / "test.csv", 1 << 20, label=False)
        click.echo(f"{size / (1 << 20):,.0f} MB of CSV, {megabytes:,} MB of memory")
        env = {"XDG_CACHE_HOME": str(folder / "cache")}
        commands = {
            "pandas.read_csv": [sys.executable, "-c", PANDAS, str(folder / "train.csv")],
            "pipeline train": [sys.executable, "-m", *TRAIN.format(folder=folder).split()],
        }
        failed = [_fails(what, words, megabytes, env) for what, words in commands.items()]
        sys.exit(0 if failed == [True, False] else 1)


def _fails(what: str, words: list[str], megabytes: int, env: dict[str, str]) -> bool:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, megabytes << 20))

    start = time.perf_counter()
    done = subprocess.run(words, preexec_fn=limit, env=env, capture_output=True, text=True)
    lines = (done.stderr if done.returncode else done.stdout).strip().splitlines() or [""]
    outcome = f"fails: {lines[-1][:80]}" if done.returncode else "ends well"
    click.echo(f"{what:16}  {time.perf_counter() - start:6.1f} s  {outcome}")
    return done.returncode != 0


def noise_csv(path: Path, size: int, label: bool = True) -> int:
    """28 x 28 noise of 0..255, and a label first; at least so many bytes: 2,000 rows repeated."""
    random = np.random.default_rng(0)
    rows = random.integers(0, 256, (2000, 784)).astype("U3").tolist()
    labels = random.integers(0, 10, len(rows)).tolist()
    heads = [f"{label}," for label in labels] if label else [""] * len(rows)
    block = "".join(f"{head}{','.join(row)}\n" for head, row in zip(heads, rows, strict=True))
    with open(path, "w") as file:
        return sum(file.write(block) for _ in range(-(-size // len(block))))


if __name__ == "__main__":
    memory()
