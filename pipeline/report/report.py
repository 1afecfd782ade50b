"""The report of a competition: a page for all runs, one for each run, and the label issues."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from pipeline.competition.competition import Competition
from pipeline.evaluation.comparison import compare
from pipeline.evaluation.label_issues import LabelIssue, find_issues
from pipeline.files import lock, new_folder, write_text
from pipeline.report.competition.page import PAGES, competition_page
from pipeline.report.run.page import run_page
from pipeline.runs.folder import TUNED, tuning_pages
from pipeline.runs.run import Run
from pipeline.tables import write_csv

PAGE, ISSUES = "report.html", "label_issues.csv"


@contextmanager
def report_lock(folder: Path) -> Iterator[None]:
    """Waits until no other process writes the report of these runs, and holds its lock."""
    with lock(folder / PAGES, wait=True) if folder.is_dir() else nullcontext():
        yield


def write_pages(competition: Competition, runs: Sequence[Run], folder: Path) -> Path:
    """Writes report.html, label_issues.csv and a page for each run; returns the first path.

    Hold `report_lock`.

    Args:
        runs: at least one run of this competition.
        folder: the competition's runs. The folders of runs are not changed.

    Raises:
        PipelineError: the runs used different data or validation rows.
    """
    comparison = compare(runs)
    validation = comparison.runs[0].validation
    issues = find_issues(validation.rows, validation.labels, comparison.pooled)
    linked = {run.name for run in comparison.runs}
    tunings = {path.stem + TUNED: path.name for path in tuning_pages(folder)}
    with new_folder(folder / PAGES) as unfinished:
        for run, rank in zip(comparison.runs, comparison.ranks, strict=True):
            page = run_page(competition, run, rank, linked, tunings.get(run.name))
            write_text(unfinished / f"{run.name}.html", page)
    _write_issues(competition, issues, folder / ISSUES)
    page = competition_page(competition, comparison, issues, folder.parent)
    write_text(folder / PAGE, page)
    return folder / PAGE


def _write_issues(competition: Competition, issues: Sequence[LabelIssue], path: Path) -> None:
    """Writes a line for each issue, the likeliest first, with row numbers in the file."""
    names = competition.classes
    write_csv(
        path,
        ["row", "label", "suggested", "probability_of_label", "probability_of_suggested"],
        [
            (
                competition.file_rows[issue.row],
                names[issue.label],
                names[issue.suggested],
                f"{issue.probability_of_label:.6f}",
                f"{issue.probability_of_suggested:.6f}",
            )
            for issue in issues
        ],
    )
