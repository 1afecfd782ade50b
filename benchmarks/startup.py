"""How soon the quick commands answer."""

import sys

from benchmarks.side_by_side import Row, in_turn, median, python

COMMANDS = {
    "pipeline --help": ["--help"],
    "pipeline models --help": ["models", "--help"],
}


def startup_rows(runs: int) -> list[Row]:
    """Whole processes, against Python importing click and nothing else."""
    commands = [[sys.executable, "-m", "pipeline", *words] for words in COMMANDS.values()]
    *ours, theirs = in_turn([*commands, python("import click")], runs)
    base = median([cost.seconds for cost in theirs])
    return [
        Row(f"{name}, against importing click", median([c.seconds for c in costs]), base, "s", 2.5)
        for name, costs in zip(COMMANDS, ours, strict=True)
    ]
