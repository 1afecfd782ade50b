"""Reading a training CSV cold, every cell checked, against pandas.read_csv on the same file."""

from pathlib import Path

import numpy as np

from benchmarks.side_by_side import Row, in_turn, median, python

OURS = """
import sys, time
from pathlib import Path
from pipeline.data.reader import read
from pipeline.data.source import open_source
if Path(sys.argv[1]).stat().st_size > 1 << 20:
    import polars
start = time.perf_counter()
source = open_source(Path(sys.argv[1]))
last = source.columns - 1
read(source, {0, 1, last - 1, last})
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


def reading_rows(path: Path, runs: int) -> list[Row]:
    """Seconds without the libraries' imports; memory of the whole process."""
    ours, theirs = in_turn([python(OURS, path), python(THEIRS, path)], runs)
    size = path.stat().st_size / (1 << 20)
    seconds = [median([float(cost.output) for cost in costs]) for costs in (ours, theirs)]
    memory = [median([cost.megabytes for cost in costs]) for costs in (ours, theirs)]
    return [
        Row("read the training CSV, against pandas", *seconds, "s", 1.0),
        Row("its peak memory, against the file's size", memory[0], size, "MB", 3.0),
        Row("its peak memory, against pandas'", *memory, "MB", 1.0),
    ]


def digit_csv(path: Path, rows: int = 42_000) -> Path:
    """A file as Kaggle's Digit Recognizer has it: a header, the label first, 28 x 28 integers."""
    import cv2
    from sklearn.datasets import load_digits

    digits = load_digits()
    random = np.random.default_rng(0)
    large = [cv2.resize(image, (28, 28)) * 255 / 16 for image in digits.images]
    chosen = random.integers(0, len(large), rows)
    with open(path, "w") as file:
        file.write(",".join(["label", *(f"pixel{pixel}" for pixel in range(784))]) + "\n")
        for index in chosen:
            image = large[index].astype(int)
            file.write(f"{digits.target[index]},{','.join(map(str, image.ravel().tolist()))}\n")
    return path
