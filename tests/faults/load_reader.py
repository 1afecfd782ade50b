"""Reads the leaderboard and the report of a competition, again and again.

Usage: load_reader.py DATA RUNS SECONDS. Prints how many reports it wrote, and waits a minute longer
for the first run. Fails if a run is damaged, or is missing after it was there, or if the report has
no page of a run. A run may be replaced while it is read; then it reads again.
"""

import sys
import time

import pipeline as pp

data, runs, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
until = time.monotonic() + seconds
competition = pp.load(data)
seen: set[str] = set()
count = 0


def read_all() -> bool:
    """Reads everything once. Returns whether there was a run."""
    global seen
    found = pp.list_runs(competition, runs=runs)
    for run in found:
        assert len(run.test_probabilities) == len(competition.test_pixels)
        assert len(run.validation.probabilities) == run.scores.n
    names = {run.name for run in found}
    assert names >= seen, f"lost: {seen - names}"
    seen = names
    if names:
        assert set(pp.leaderboard(competition, runs=runs)["run"]) >= names
        html = pp.write_report(competition, runs=runs).read_text()
        assert html.rstrip().endswith("</html>")
        assert all(name in html for name in names)
    return bool(names)


while time.monotonic() < until + (0 if count else 60):
    try:
        count += read_all()
    except pp.PipelineError as error:
        if error.found != "the run was replaced while it was read":
            raise
    if not seen:
        time.sleep(0.1)
print(count)
