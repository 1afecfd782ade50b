"""Seconds and memory from 1,000 to 1,000,000 rows: read, read again, one epoch, predict.

    python -m benchmarks.growth [--most N]

Writes growth.csv and growth.png beside this file. Each stage of each size is a process of its
own. Memory is what the process has for itself at its peak, without the files that it maps, whose
pages the system takes back when others need them.
"""

import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from benchmarks.reading import SETTLED, digit_csv
from benchmarks.side_by_side import python
from pipeline.machine import cores, processor

ROWS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
REPEATED = 1_000  # rows that are different
STRAIGHT = 1.5  # times a row's time at a tenth of the rows: what a straight line may have

STAGE = """
import sys, threading, time
from pathlib import Path
peak = 0
def look():
    global peak
    lines = open("/proc/self/status").read().splitlines()
    peak = max(peak, next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")))
def watch():
    while True:
        look()
        time.sleep(0.005)
from pipeline.competition.competition import Competition
threading.Thread(target=watch, daemon=True).start()
"""
LOAD = f"""{STAGE}
start = time.perf_counter()
competition = Competition.load(sys.argv[1])
seconds = time.perf_counter() - start
"""
NETWORK = f"""{STAGE}
import io, tempfile
from pipeline.images.resize import to_images
from pipeline.recipes import find_recipe
from pipeline.networks.changes import change
from pipeline.networks.build import build
competition = Competition.load(sys.argv[1])
images = to_images(competition.train_pixels, competition.schema.shape, competition.schema.planes)
recipe = change(find_recipe("dense-64-64"), dict(epochs="1"))
network = build(recipe, (28, 28, 1), 10, 0, 255)
"""
EPOCH = f"""{NETWORK}
from pipeline.training.callbacks import Progress
from pipeline.training.fit import fit
split = competition.split()
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "best.weights.h5"
    labels, progress = competition.labels, Progress("", 1, io.StringIO())
    seconds = fit(network, recipe, images, labels, split, 0, file, progress).seconds
"""
PREDICT = f"""{NETWORK}
from pipeline.networks.predict import predict
predict(network.model, images[:200])
start = time.perf_counter()
predict(network.model, images)
seconds = time.perf_counter() - start
"""
PRINT = """
look()
print(seconds, peak / 1024)
"""
STAGES = {"read": LOAD, "read again": LOAD, "one epoch": EPOCH, "predict": PREDICT}


@click.command()
@click.option("--most", default=ROWS[-1], show_default=True, help="Rows of the largest file.")
def growth(most: int) -> None:
    """Measures, writes table and picture, and exits 1 where a time does not grow as the rows."""
    found: list[tuple[int, str, float, float]] = []
    for rows in (rows for rows in ROWS if rows <= most):
        with tempfile.TemporaryDirectory() as folder:
            for stage, seconds, megabytes in measure(Path(folder), rows):
                found.append((rows, stage, seconds, megabytes))
                click.echo(f"{rows:9,} rows  {stage:10}  {seconds:8.3f} s  {megabytes:6.0f} MB")
    place = Path(__file__)
    with open(place.with_suffix(".csv"), "w", newline="") as file:
        csv.writer(file).writerows([("rows", "stage", "seconds", "megabytes"), *found])
    draw(found, place.with_suffix(".png"))
    sys.exit(0 if all(straight(found, stage) for stage in STAGES) else 1)


def measure(folder: Path, rows: int) -> list[tuple[str, float, float]]:
    """(stage, seconds, megabytes) of each stage on a competition of so many training rows."""
    lines = digit_csv(folder / "few.csv", REPEATED).read_text().splitlines(keepends=True)
    (folder / "few.csv").unlink()
    with open(folder / "train.csv", "w") as file:
        file.write(lines[0])
        for _ in range(rows // REPEATED):
            file.writelines(lines[1:])
    test = [line.partition(",")[2] for line in lines[:20]]
    (folder / "test.csv").write_text("".join(test))
    env = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    time.sleep(SETTLED)
    outcomes = []
    for stage, code in STAGES.items():
        command = python(code + PRINT, folder)
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
        seconds, megabytes = map(float, done.stdout.split())
        outcomes.append((stage, seconds, megabytes))
    return outcomes


def straight(found: list[tuple[int, str, float, float]], stage: str) -> bool:
    """Whether the largest file takes as long a row as one of a tenth of it, within STRAIGHT."""
    seconds = {rows: seconds for rows, name, seconds, _ in found if name == stage}
    most = max(seconds)
    return seconds[most] <= 10 * STRAIGHT * max(seconds[most // 10], 0.01)


def draw(found: list[tuple[int, str, float, float]], path: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for stage in STAGES:
        some = [(rows, seconds, size) for rows, name, seconds, size in found if name == stage]
        rows, seconds, sizes = zip(*some, strict=True)
        left.loglog(rows, seconds, marker="o", label=stage)
        right.plot(rows, sizes, marker="o", label=stage)
    sides = left.get_xlim()
    left.loglog(sides, [side * 1e-5 for side in sides], "k:", linewidth=1, label="10 us a row")
    left.set(xlabel="rows of 28 x 28 pixels", ylabel="seconds", xlim=sides)
    right.set(xlabel="rows of 28 x 28 pixels", ylabel="MB of its own at the peak")
    right.xaxis.set_major_formatter("{x:,.0f}")
    right.set_ylim(bottom=0)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    left.legend(frameon=False)
    figure.suptitle(f"{processor()}, {len(cores())} cores", fontsize=9)
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    growth()
