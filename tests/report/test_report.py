"""Pages stand alone, show every name and run none."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from finished_runs import HISTORY, finish
from hostile_names import CLASSES, HOSTILE, RUN
from reader import Page

from pipeline.checksums import sha256
from pipeline.competition.competition import Competition
from pipeline.evaluation.comparison import compare
from pipeline.evaluation.leaderboard import caution
from pipeline.report.report import write_pages
from pipeline.runs.run import Run


@pytest.fixture(scope="session")
def pages(report: Path) -> dict[str, Page]:
    """By name; the competition's page is "report"."""
    paths = [report, *sorted((report.parent / "pages").iterdir())]
    return {path.stem: Page(path) for path in paths}


def test_each_run_has_a_page_and_every_link_has_a_target(
    report: Path, hostile_runs: list[Run], pages: dict[str, Page]
) -> None:
    assert set(pages) == {"report", *(run.name for run in hostile_runs)}
    for name, page in pages.items():
        folder = report.parent if name == "report" else report.parent / "pages"
        identifiers = {attrs.get("id") for _, attrs in page.tags}
        for link in page.links:
            if link.startswith("#"):
                assert link[1:] in identifiers, link
            else:
                assert (folder / unquote(link)).is_file(), link


def test_nothing_is_fetched(pages: dict[str, Page]) -> None:
    for page in pages.values():
        for tag, attrs in page.tags:
            assert tag not in ("iframe", "object", "embed", "base")
            for name in ("src", "href", "xlink:href", "action"):
                value = attrs.get(name) or ""
                assert "//" not in value or value.startswith("data:"), (tag, value)


def test_names_are_shown_and_not_run(pages: dict[str, Page]) -> None:
    ours = pages["ensemble"].scripts
    assert len(ours) == 1
    for page in pages.values():
        assert page.scripts == ours
        assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    for name in CLASSES:
        assert name in pages[RUN].text
        assert name in pages["report"].text
    assert RUN in pages["report"].text
    assert RUN in pages[RUN].text
    assert HOSTILE in pages["dense-l2=0.01-seed=0"].text


def test_only_the_pages_own_script_may_run(pages: dict[str, Page]) -> None:
    for page in pages.values():
        policy = next(a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a)
        assert policy is not None
        assert "default-src 'none'" in policy
        assert "script-src 'sha256-" in policy
        assert "script-src 'unsafe" not in policy


def test_identifiers_are_unique(pages: dict[str, Page]) -> None:
    for page in pages.values():
        identifiers = [attrs["id"] for _, attrs in page.tags if attrs.get("id")]
        assert len(set(identifiers)) == len(identifiers)


def test_the_page_of_an_ensemble_has_members_instead_of_a_model(pages: dict[str, Page]) -> None:
    assert pages[RUN].sections - pages["ensemble"].sections == {"curves", "model"}
    assert {"confusion", "classes", "confidence", "errors"} <= pages["ensemble"].sections
    assert "it averages the probabilities of these runs" in pages["ensemble"].text


def test_all_errors_are_shown_the_worst_first(
    hostile_runs: list[Run], pages: dict[str, Page]
) -> None:
    for run in hostile_runs:
        rows, labels = run.validation.rows, run.validation.labels
        probabilities = run.validation.probabilities
        titles = pages[run.name].titles.get("errors", [])
        shown = [int(title.removeprefix("row ")) for title in titles]
        wrong = probabilities.argmax(axis=1) != labels
        assert sorted(shown) == sorted(rows[wrong].tolist())
        gaps = probabilities.max(axis=1) - probabilities[range(len(labels)), labels]
        margin = dict(zip(rows.tolist(), gaps.tolist(), strict=True))
        assert [margin[row] for row in shown] == sorted((margin[r] for r in shown), reverse=True)


def test_a_sweep_shows_means_over_seeds_and_the_published_score(pages: dict[str, Page]) -> None:
    assert "dense: l2" in pages["report"].words
    assert "published: 90.00 %" in pages["report"].words


def test_the_pages_say_what_was_chosen_on_the_validation_rows(
    hostile_runs: list[Run], pages: dict[str, Page]
) -> None:
    comparison = compare(hostile_runs)
    estimates = {comparison.runs[0].name: comparison.estimate}
    assert "Corrected for that: " in caution(hostile_runs, estimates) in pages["report"].words
    assert "also used to choose the best epoch." in pages[RUN].words
    assert "Training chose nothing on the validation rows." in pages["dense-l2=0.01-seed=0"].words


def test_the_data_of_a_published_score_is_named(pages: dict[str, Page]) -> None:
    assert HOSTILE in [attrs.get("title") for tag, attrs in pages["report"].tags if tag == "td"]


def test_precision_is_undefined_for_a_class_that_is_never_predicted(
    hostile: Competition, tmp_path: Path
) -> None:
    constant = finish(hostile, tmp_path / "constant", 0, draw=0)
    constant.validation.probabilities[:] = [[1, 0, 0]]
    write_pages(hostile, [constant], tmp_path)
    words = Page(tmp_path / "pages" / "constant.html").words
    support = np.bincount(constant.validation.labels)
    assert f"{hostile.classes[1]} \N{EN DASH} 0.0 0.0 {support[1]}" in words


def test_label_issues_are_listed_beside_the_report(report: Path) -> None:
    lines = (report.parent / "label_issues.csv").read_text().splitlines()
    assert lines[0].startswith("row,label,suggested")
    assert len(lines) > 1


def test_a_new_report_replaces_pages_and_leaves_runs_unchanged(
    hostile: Competition, hostile_runs: list[Run], tmp_path: Path
) -> None:
    before = {f: sha256(f) for run in hostile_runs for f in run.folder.iterdir()}
    write_pages(hostile, hostile_runs, tmp_path)
    path = write_pages(hostile, hostile_runs[:2], tmp_path)
    assert {p.stem for p in (tmp_path / "pages").iterdir()} == {r.name for r in hostile_runs[:2]}
    assert path == tmp_path / "report.html"
    assert {f: sha256(f) for f in before} == before


def test_a_single_run_has_a_report_without_comparisons(
    hostile: Competition, hostile_runs: list[Run], tmp_path: Path
) -> None:
    page = Page(write_pages(hostile, hostile_runs[:1], tmp_path))
    assert "agreement" not in page.sections
    assert "shared rank" not in page.words
    assert "by-share" not in {attrs.get("id") for _, attrs in page.tags}


def test_the_command_prints_the_path_last_and_loads_no_tensorflow(
    hostile_folder: Path, hostile_runs: list[Run], tmp_path: Path
) -> None:
    runs = tmp_path / hostile_folder.name
    runs.symlink_to(hostile_runs[0].folder.parent)
    script = (
        "import sys; from pipeline.cli import main\n"
        "main(sys.argv[1:], standalone_mode=False)\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, "report", hostile_folder, "--runs", tmp_path],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == str(runs / "report.html")


def test_without_runs_the_command_suggests_to_train(hostile_folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipeline", "report", hostile_folder, "--runs", tmp_path]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert "pipeline train" in result.stderr


def test_a_run_that_diverged_after_its_best_epoch_has_a_page(
    hostile: Competition, tmp_path: Path
) -> None:
    history = HISTORY.copy()
    history.loc[5] = [np.nan, 0.3, np.inf, 0.3, 0.0]
    run = finish(hostile, tmp_path / "runs" / "diverged", 1, draw=0, history=history)
    write_pages(hostile, [run], tmp_path / "report")
    assert "curves" in Page(tmp_path / "report" / "pages" / "diverged.html").sections
