"""Loading a competition's two files, against pandas: cold, from the cache, and peak memory."""

import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.measure import Figures, alternate, run
from benchmarks.table import Row, spread

READ = "benchmarks.workers.read"
CACHE_DELAY = 2.5  # seconds after which a written file can be kept in the cache
ROWS = {"integers": (42_000, 28_000), "fractions": (12_000, 12_000)}  # training, test
COLD = (
    "Ours also infers the schema, checks every cell and fills the cache; theirs is given where "
    "label and header are. Ours ends with uint8 where pixels are integers, theirs with float32 as "
    "notebooks do. Both end with the maximum of all pixels."
)
WARM = "pandas has no cache: a saved .npy file is as fast as ours."
MEMORY = "Of the whole process; ours counts the pages of its mapped files, which can be given back."


def reading_rows(kind: str, folder: Path, repeats: int) -> list[Row]:
    """Seconds of the whole process, and of only loading, without Python's start and imports.

    Args:
        kind: "integers" or "fractions".
        folder: an existing folder for the files.
    """
    data = folder / kind
    run("benchmarks.data", kind, data, *ROWS[kind], figures=False)
    time.sleep(CACHE_DELAY)
    warm = {"XDG_CACHE_HOME": str(folder / "cache")}
    ours, again, theirs = alternate(
        repeats,
        partial(load_cold, data),
        partial(run, READ, "ours", data, variables=warm),
        partial(run, READ, "theirs", data),
    )

    def row(what: str, mine: list[Figures], name: str, at_least: float, caveat: str) -> Row:
        unit = "MB" if name == "peak_megabytes" else "s"
        figures = spread(mine, name, unit), spread(theirs, name, unit)
        return Row(f"load {kind}, {what} | pandas", *figures, at_least, caveat)

    return [
        row("cold, whole process", ours, "process_seconds", 1, COLD),
        row("cold, without imports", ours, "seconds", 1, COLD),
        row("cold, CPU without imports", ours, "cpu_seconds", 1, COLD),
        row("cold, peak memory", ours, "peak_megabytes", 1, MEMORY),
        row("from the cache, whole process", again, "process_seconds", 1, WARM),
        row("from the cache, without imports", again, "seconds", 20, WARM),
    ]


def load_cold(data: Path) -> Figures:
    """Loads the folder in a new process with an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        return run(READ, "ours", data, variables={"XDG_CACHE_HOME": cache})
