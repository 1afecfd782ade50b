"""Pages that stand alone, show every name and run none."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from finished_runs import finish
from hostile_names import CLASSES, HOSTILE, RUN

from pipeline.competition.competition import Competition
from pipeline.files import sha256, write_array, write_csv
from pipeline.report.report import write_report
from pipeline.runs.run import Run, load_run


class Page(HTMLParser):
    """What a browser would see: elements, links, text, and the scripts that would run."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.scripts, self.inside = "", [], ""
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts.append(data)
        elif self.inside != "style":
            self.text += data

    def links(self) -> list[str]:
        return [attrs["href"] for tag, attrs in self.tags if tag == "a" and attrs.get("href")]


@pytest.fixture(scope="session")
def pages(report: Path) -> dict[str, Page]:
    """By name; the competition's is "report"."""
    paths = [report, *sorted((report.parent / "pages").iterdir())]
    return {path.stem: Page(path) for path in paths}


def test_there_is_a_page_for_each_run_and_every_link_leads_to_one(
    report: Path, hostile_runs: list[Run], pages: dict[str, Page]
) -> None:
    assert set(pages) == {"report", *(run.name for run in hostile_runs)}
    for name, page in pages.items():
        folder = report.parent if name == "report" else report.parent / "pages"
        identifiers = {attrs.get("id") for _, attrs in page.tags}
        for link in page.links():
            if link.startswith("#"):
                assert link[1:] in identifiers, link
            else:
                assert (folder / unquote(link)).is_file(), link


def test_nothing_is_fetched_from_anywhere(pages: dict[str, Page]) -> None:
    for page in pages.values():
        for tag, attrs in page.tags:
            assert tag not in ("iframe", "object", "embed", "base")
            for name in ("src", "href", "xlink:href", "action"):
                value = attrs.get(name) or ""
                assert "//" not in value or value.startswith("data:"), (tag, value)


def test_names_are_shown_and_not_run(pages: dict[str, Page]) -> None:
    ours = pages["committee"].scripts
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


def test_only_our_script_may_run(pages: dict[str, Page]) -> None:
    for page in pages.values():
        policy = next(a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a)
        assert policy is not None
        assert "default-src 'none'" in policy
        assert re.search(r"script-src 'sha256-[\w+/=]+';", policy)


def test_identifiers_are_unique(pages: dict[str, Page]) -> None:
    for page in pages.values():
        identifiers = [attrs["id"] for tag, attrs in page.tags if attrs.get("id") and tag != "path"]
        drawn = [i for i in identifiers if i and re.fullmatch(r"[a-z][0-9a-f]{10}", i)]
        assert len(set(identifiers) - set(drawn)) == len(identifiers) - len(drawn)


def test_a_bare_run_lacks_sections_and_nothing_else(pages: dict[str, Page]) -> None:
    sections = {
        name: {attrs.get("id") for tag, attrs in page.tags if tag == "section"}
        for name, page in pages.items()
    }
    assert sections[RUN] - sections["committee"] == {"curves", "model"}
    assert {"confusion", "classes", "confidence", "errors"} <= sections["committee"]
    assert "Members" in pages["committee"].text


def test_every_error_stands_in_the_gallery_the_worst_first(
    report: Path, hostile_runs: list[Run]
) -> None:
    for run in hostile_runs:
        rows, labels, probabilities = run.validation()
        text = (report.parent / "pages" / f"{run.name}.html").read_text()
        gallery = re.search(r'id="gallery">(.*?)</div>', text, re.DOTALL)
        shown = [int(r) for r in re.findall(r'title="row (\d+)"', gallery[1])] if gallery else []
        wrong = probabilities.argmax(axis=1) != labels
        assert sorted(shown) == sorted(rows[wrong].tolist())
        gaps = probabilities.max(axis=1) - probabilities[range(len(labels)), labels]
        margin = dict(zip(rows.tolist(), gaps.tolist(), strict=True))
        assert [margin[row] for row in shown] == sorted((margin[r] for r in shown), reverse=True)


def test_a_sweep_has_means_over_seeds_and_the_published_line(pages: dict[str, Page]) -> None:
    text = " ".join(pages["report"].text.split())
    assert "dense: l2" in text
    assert "published: 90.00 %" in text


def test_suspects_are_listed_beside_the_report(report: Path, hostile: Competition) -> None:
    lines = (report.parent / "label_issues.csv").read_text().splitlines()
    assert lines[0].startswith("row,label,suggested")
    assert len(lines) > 1


def test_the_report_again_replaces_pages_and_leaves_runs_as_they_are(
    hostile: Competition, hostile_runs: list[Run], tmp_path: Path
) -> None:
    before = {f: sha256(f) for run in hostile_runs for f in run.folder.iterdir()}
    write_report(hostile, hostile_runs, tmp_path)
    path = write_report(hostile, hostile_runs[:2], tmp_path)
    assert {p.stem for p in (tmp_path / "pages").iterdir()} == {r.name for r in hostile_runs[:2]}
    assert path == tmp_path / "report.html"
    assert {f: sha256(f) for f in before} == before


def test_one_run_alone_makes_a_report(
    hostile: Competition, hostile_runs: list[Run], tmp_path: Path
) -> None:
    assert "Agreement" not in Page(write_report(hostile, hostile_runs[:1], tmp_path)).text


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


def test_without_runs_the_command_says_what_to_do(hostile_folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipeline", "report", hostile_folder, "--runs", tmp_path]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert "pipeline train" in result.stderr


def test_a_run_that_diverged_has_a_page_too(
    hostile: Competition, hostile_runs: list[Run], tmp_path: Path
) -> None:
    folder = tmp_path / "diverged"
    finish(hostile, folder, 1, 0, recipe={"name": "dense"}, epochs=2, best_epoch=1)
    probabilities = hostile_runs[0].validation()[2]
    write_array(folder / "validation.npy", np.full_like(probabilities, np.nan))
    write_csv(
        folder / "history.csv",
        ["epoch", "loss", "val_loss", "learning_rate"],
        [(1, float("nan"), float("nan"), float("nan")), (2, float("nan"), float("inf"), 0.0)],
    )
    runs = [*hostile_runs, load_run(folder)]
    write_report(hostile, runs, tmp_path / "report")
    assert "diverged" in Page(tmp_path / "report" / "pages" / "diverged.html").text
