"""Default folders, each with a subfolder for each competition.

`pipeline doctor` needs them where packages are broken: only the standard library is imported.
"""

from pathlib import Path

DATA = Path("data")
RUNS = Path("runs")
SUBMISSIONS = Path("submissions")
EXPORTS = Path("exports")
HOSTED = Path("hosted")
