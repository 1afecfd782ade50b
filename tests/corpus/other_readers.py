"""The corpus of bad folders, read by pandas, polars and pyarrow with their default options.

Prints a table for the documentation. Needs all three:

    python tests/corpus/other_readers.py
"""

import importlib
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]
from bad_folders import GROUPS, Bad  # noqa: E402
from drafts import FILES, draft  # noqa: E402

READERS = ("pandas", "polars", "pyarrow")
OURS = "pipeline"
HANGS = 20  # seconds
MEMORY = 4 << 30  # bytes that a reader may have
NAMES_A_LINE = re.compile(r"\b(line|row)s? #?\d+", re.IGNORECASE)
VALID = {name: draft().content(name) for name in FILES}


def read(reader: str, path: str) -> bool:
    """Reads the file; returns whether it was taken for a complete table of numbers."""
    package = importlib.import_module(reader)
    if reader == "pandas":
        frame = package.read_csv(path)
        numbers = all(package.api.types.is_numeric_dtype(kind) for kind in frame.dtypes)
        return bool(numbers and len(frame) > 1 and not frame.isna().any().any())
    if reader == "polars":
        columns = package.read_csv(path).get_columns()
        numeric = all(column.dtype.is_numeric() for column in columns)
        return numeric and len(columns[0]) > 1 and not any(map(has_gaps, columns))
    compute = importlib.import_module("pyarrow.compute")
    table = importlib.import_module("pyarrow.csv").read_csv(path)
    kinds = package.types
    numeric = all(kinds.is_integer(kind) or kinds.is_floating(kind) for kind in table.schema.types)
    return (
        numeric
        and len(table) > 1
        and not any(
            compute.any(compute.is_null(column, nan_is_null=True)).as_py()
            for column in table.columns
        )
    )


def has_gaps(column: Any) -> bool:
    return bool(column.null_count() or (column.dtype.is_float() and column.is_nan().any()))


def outcome(reader: str, path: str) -> str:
    """What a reader does with a file, in a word."""
    try:
        if reader == OURS:
            import pipeline as pp

            pp.load(path)
            return "accepted"
        numbers = read(reader, path)
    except Exception as error:
        return "refused, with a line" if NAMES_A_LINE.search(str(error)) else "refused"
    return "accepted as numbers" if numbers else "accepted"


def outcome_in_another_process(reader: str, path: str) -> str:
    """As `outcome`, of what a reader may wait for, or read without an end."""
    try:
        result = subprocess.run(
            [sys.executable, __file__, reader, path], capture_output=True, text=True, timeout=HANGS
        )
    except subprocess.TimeoutExpired:
        return "hangs"
    return result.stdout.strip() if result.returncode == 0 else "crashes"


def damaged_file(bad: Bad, folder: Path) -> Path:
    """The file that differs from that of a valid folder."""
    for name in FILES:
        path = folder / name
        if not os.path.isfile(path) or path.read_bytes() != VALID[name]:
            return path
    return next(path for path in folder.iterdir() if path.name not in FILES)


def count(some: dict[str, Bad], group: str) -> dict[str, Counter[str]]:
    """By reader, the number of folders with each outcome."""
    counts: dict[str, Counter[str]] = {reader: Counter() for reader in (OURS, *READERS)}
    with tempfile.TemporaryDirectory() as made:
        for number, bad in enumerate(some.values()):
            waits = bad.slow or group == "places"
            judge = outcome_in_another_process if waits else outcome
            folder = Path(made, str(number), "competition")
            bad.write(folder)
            path = damaged_file(bad, folder)
            if path.suffix == ".toml":  # no CSV: only ours reads it
                counts[OURS][judge(OURS, str(folder))] += 1
                continue
            for reader in READERS:
                counts[reader][judge(reader, str(path))] += 1
            counts[OURS][judge(OURS, str(folder))] += 1
    return counts


def cell(counts: Counter[str]) -> str:
    """ "3 of 40, 1" """
    refused = counts["refused"] + counts["refused, with a line"]
    return f"{refused} of {counts.total()} | {counts['refused, with a line']}"


def main() -> None:
    heads = [f"{name} refuses | with a line" for name in (OURS, *READERS)]
    print(f"| faults | {' | '.join(heads)} |")
    print("|---" * (1 + 2 * (1 + len(READERS))) + "|")
    totals: dict[str, Counter[str]] = {reader: Counter() for reader in (OURS, *READERS)}
    for group, some in GROUPS.items():
        counts = count(some, group)
        print(
            f"| {group} | " + " | ".join(cell(counts[name]) for name in counts) + " |", flush=True
        )
        for reader in counts:
            totals[reader] += counts[reader]
    print("| all | " + " | ".join(cell(totals[name]) for name in totals) + " |")
    for reader, counted in totals.items():
        others = {name: n for name, n in counted.items() if not name.startswith("refused")}
        print(f"\n{reader}: {others}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        print(outcome(*sys.argv[1:]))
    else:
        started = time.monotonic()
        main()
        print(f"\n{time.monotonic() - started:.0f} s")
