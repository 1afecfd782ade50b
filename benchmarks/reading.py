"""Reading training CSVs, cold and again, against pandas.read_csv on the same file."""

import time
from pathlib import Path

import numpy as np

from benchmarks.side_by_side import Row, in_turn, median, python

# Neither side pays for the libraries' imports. Columns at the ends are kept as text, as always.
OURS = """
import sys, tempfile, time
from pathlib import Path
from pipeline.competition.competition import Competition
from pipeline.reading.reader import read
from pipeline.reading.source import open_source
with tempfile.TemporaryDirectory() as folder:
    start = time.perf_counter()
    source = open_source(Path(sys.argv[1]))
    last = source.columns - 1
    table = read(source, {0, 1, 2, last - 1, last}, Path(folder) / "values")
    seconds = time.perf_counter() - start
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(seconds, table.values.nbytes, peak.split()[1])
"""
AGAIN = """
import os, sys, time
from pipeline.competition.competition import Competition
folder, os.environ["XDG_CACHE_HOME"] = sys.argv[1:]
start = time.perf_counter()
Competition.load(folder)
print(time.perf_counter() - start)
"""
THEIRS = """
import sys, time
import pandas
first = open(sys.argv[1]).readline().split(",")[0]
start = time.perf_counter()
header = None if first.replace(".", "").isdigit() else 0
pandas.read_csv(sys.argv[1], header=header).to_numpy()
print(time.perf_counter() - start)
"""
SETTLED = 2.5  # seconds after which a file counts as whole, and is kept


def reading_rows(path: Path, folder: Path, name: str, least: float, runs: int) -> list[Row]:
    """Seconds; and the memory of the whole process at its peak.

    Args:
        path: a training CSV whose pixels are the last 784 columns, or the first.
        folder: an empty one, for a competition with this training file and few test rows.
        least: so many times as fast as pandas a cold reading is to be.
    """
    data = folder / name
    data.mkdir()
    (data / "train.csv").symlink_to(path.resolve())
    _few_test_rows(path, data / "test.csv")
    time.sleep(SETTLED)
    commands = [python(OURS, path), python(AGAIN, data, folder / "kept"), python(THEIRS, path)]
    costs = in_turn(commands, runs)
    cold, again, theirs = (
        median([float(cost.output.split()[0]) for cost in some]) for some in costs
    )
    array = int(costs[0][0].output.split()[1]) / (1 << 20)
    memory = median([int(cost.output.split()[2]) / 1024 for cost in costs[0]])
    return [
        Row(f"read {name}, cold | pandas", cold, theirs, "s", least),
        Row(f"read {name}, peak memory | 1.5 x array + 200", memory, 1.5 * array + 200, "MB", 1),
        Row(f"read {name}, again | pandas", again, theirs, "s", 50),
    ]


def _few_test_rows(path: Path, target: Path) -> None:
    """The first rows without their label, which stands first or last."""
    with open(path) as file:
        lines = [file.readline().rstrip("\n").split(",") for _ in range(20)]
    first = lines[0][0] == "label"
    target.write_text("".join(",".join(c[1:] if first else c[:-1]) + "\n" for c in lines))


def digit_csv(path: Path, rows: int = 42_000) -> Path:
    """A file as Kaggle's Digit Recognizer has it: a header, the label first, 28 x 28 integers."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images, labels = _digits(digits.images, digits.target, rows)
    with open(path, "w") as file:
        file.write(",".join(["label", *(f"pixel{pixel}" for pixel in range(784))]) + "\n")
        for image, label in zip(images, labels, strict=True):
            file.write(f"{label},{','.join(map(str, image.tolist()))}\n")
    return path


def noise_csv(path: Path, rows: int = 12_000) -> Path:
    """Digits over noise, as fractions of six digits; no header, the label last."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images, labels = _digits(digits.images, digits.target, rows)
    noise = np.random.default_rng(1).integers(0, 256, images.shape)
    spelt = [f"{level / 255:.6g}" for level in range(256)]
    with open(path, "w") as file:
        for image, label in zip(np.maximum(images, noise), labels, strict=True):
            file.write(f"{','.join(spelt[level] for level in image)},{label}\n")
    return path


def _digits(images: np.ndarray, labels: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Real digits of 8 x 8, enlarged to flat 28 x 28 of 0..255 and drawn at random."""
    import cv2

    large = np.array([cv2.resize(image, (28, 28)) * 255 / 16 for image in images])
    chosen = np.random.default_rng(0).integers(0, len(large), rows)
    return large[chosen].astype(int).reshape(rows, -1), labels[chosen]
