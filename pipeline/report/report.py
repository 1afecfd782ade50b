"""The report of a competition: a page for all runs, one for each, and a list of label issues."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.competition.competition import Competition
from pipeline.files import lock, new_folder, write_csv, write_text
from pipeline.report.competition_page import PAGES, competition_page
from pipeline.report.run_page import run_page
from pipeline.runs.label_issues import LabelIssue, find_issues
from pipeline.runs.run import Run
from pipeline.runs.standings import compare

PAGE, SUSPECTS = "report.html", "label_issues.csv"


def write_pages(competition: Competition, runs: Sequence[Run], folder: Path) -> Path:
    """Writes report.html, label_issues.csv and a page a run; returns the first one's path.

    Args:
        runs: at least one, of this competition's data.
        folder: the competition's runs. Run folders themselves are sealed and stay as they are.

    Raises:
        PipelineError: the runs speak of different data or validation rows.
    """
    standings = compare(runs)
    label_issues = find_issues(standings.rows, standings.labels, standings.pooled)
    with lock(folder / PAGES), new_folder(folder / PAGES) as unfinished:
        for place, run in enumerate(standings.runs):
            page = run_page(competition, run, standings.places_text(place))
            write_text(unfinished / f"{run.name}.html", page)
    _write_label_issues(competition, label_issues, folder / SUSPECTS)
    write_text(folder / PAGE, competition_page(competition, standings, label_issues))
    return folder / PAGE


def _write_label_issues(
    competition: Competition, label_issues: Sequence[LabelIssue], path: Path
) -> None:
    """A line a issue, the likeliest error first; rows are counted from 0, below any header."""
    names = competition.classes
    write_csv(
        path,
        ["row", "label", "suggested", "probability_of_label", "probability_of_suggested"],
        [
            (
                s.row,
                names[s.label],
                names[s.suggested],
                f"{s.of_label:.6f}",
                f"{s.of_suggested:.6f}",
            )
            for s in label_issues
        ],
    )
