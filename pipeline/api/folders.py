"""Default folders, each with a subfolder for each competition.

Only the standard library is imported: `pipeline doctor` must work when packages are broken.
"""

from pathlib import Path

DATA = Path("data")
RUNS = Path("runs")
SUBMISSIONS = Path("submissions")
EXPORTS = Path("exports")
HOSTED = Path("hosted")
