"""Measures the mapped pixels of a competition, and the writer of runs.

python -m benchmarks.scaling.worker FOLDER
"""

import mmap
import os
import resource
import tempfile
from functools import partial
from pathlib import Path

import click
import numpy as np

from benchmarks.data import PIXELS
from benchmarks.measure import Figures, report, timed
from pipeline.checksums import write_checksums
from pipeline.files import new_folder, write_bytes
from pipeline.large_arrays import new_array

BATCH = 128
# Few rows of a large file, so that two of them are hardly ever in the same part that is read.
DISK_ROWS, DRAWN = 300_000, 4
BLOCK = 512  # bytes of a block of getrusage, on Linux
RESULT_BYTES, RESULT_FILES, RESULTS = 2_000_000, 9, 10


def map_times(folder: Path) -> Figures:
    """CPU seconds for all training rows: a pass in order, and an epoch of shuffled batches."""
    from pipeline import load
    from pipeline.training.batches import TrainingBatches

    competition = load(folder)
    pixels, labels = competition.train_pixels, competition.labels
    int(pixels.max())  # now it is in memory
    in_order = timed(lambda: pixels.max())["cpu_seconds"]
    batches = TrainingBatches(pixels, labels, np.arange(len(labels)), BATCH, None, seed=0)
    shuffled = timed(lambda: [len(labels) for _, labels in batches.epoch(0)])["cpu_seconds"]
    return {"in_order": in_order, "shuffled": shuffled}


def disk_bytes(folder: Path, advice: int | None) -> float:
    """Bytes that the system reads for a random row of a map that is not in memory.

    Args:
        advice: for `madvise`; None for none.
    """
    path = folder / "pixels.npy"
    if not path.exists():
        pixels = new_array(path, (DISK_ROWS, PIXELS), "uint8")
        pixels[:] = 1
        del pixels  # a mapped page stays in memory
    file = os.open(path, os.O_RDONLY)
    os.fsync(file)  # and so does one that is not written yet
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(file)
    mapped = np.load(path, mmap_mode="r")
    if advice is not None:
        mapped._mmap.madvise(advice)
    rows = np.random.default_rng(0).choice(DISK_ROWS, DRAWN, replace=False)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_inblock
    np.asarray(mapped)[rows].sum()
    blocks = resource.getrusage(resource.RUSAGE_SELF).ru_inblock - before
    return blocks * BLOCK / DRAWN


def write_result(folder: Path) -> None:
    """Writes a folder as runs are written: files, checksums, and then the name."""
    with new_folder(folder / "run") as unfinished:
        for number in range(RESULT_FILES):
            write_bytes(unfinished / f"{number}.npy", bytes(RESULT_BYTES // RESULT_FILES))
        write_checksums(unfinished)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def main(folder: Path) -> None:
    figures = map_times(folder)
    with tempfile.TemporaryDirectory() as name:
        figures["disk_bytes"] = disk_bytes(Path(name), None)
        figures["advised_bytes"] = disk_bytes(Path(name), mmap.MADV_RANDOM)
        write = partial(timed, partial(write_result, Path(name)))
        figures["write"] = min(write()["seconds"] for _ in range(RESULTS))
    report(figures)


if __name__ == "__main__":
    main()
