"""Texts for spreadsheets and pages, and secrets that are in none of them."""

import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from folders import sign

import pipeline as pp
from pipeline.cli import main
from pipeline.tables import write_csv

FORMULAS = (
    '=HYPERLINK("http://x")', "+1+1", "-1+1", "@SUM(1)", "\t=1", " =1", "\xa0=1", "\n=1",
    "\uff1d1",
)  # fmt: skip
NUMBERS = ("-1", "+2", "-0.5", "3")


def begins_a_formula(text: str) -> bool:
    return text.strip()[:1] in {*"=+-@", "\uff1d"} and text not in NUMBERS


@pytest.mark.parametrize("text", [*FORMULAS, *NUMBERS])
def test_a_cell_of_a_written_csv_is_no_formula(text: str, tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", [text, "b"], [[text, -1]])
    with open(tmp_path / "x.csv", newline="") as file:
        header, row = csv.reader(file)
    assert not begins_a_formula(header[0])
    assert not begins_a_formula(row[0])
    assert row == [text if text in NUMBERS else f"'{text}", "-1"]


@pytest.mark.parametrize("text", ["=1+1", "@SUM(1)"])
def test_tables_for_a_spreadsheet_have_no_formulas(
    text: str, run: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    record = json.loads((run / "run.json").read_text())
    record["data"]["classes"] = [text, f"{text}2", "c"]
    (run / "run.json").write_text(json.dumps(record))
    sign(run)
    folder = run.rename(run.parent / text)
    runs = ["--runs", str(run.parent.parent)]
    for words in (
        ["leaderboard", "tiny", "--format", "csv", *runs],
        ["predict", str(folder), str(tiny_folder / "test.csv"), "--probabilities"],
    ):
        shown = CliRunner().invoke(main, words)
        assert shown.exit_code == 0, shown.output
        cells = [cell for row in csv.reader(io.StringIO(shown.stdout)) for cell in row]
        assert f"'{text}" in cells
        assert not any(map(begins_a_formula, cells))


def test_a_submission_of_formulas_is_as_the_grader_wants_it_and_a_note_says_so(
    folder: Any, tmp_path: Path
) -> None:
    folder.fill(rows=60, header="names", words=True)
    folder.change("train.csv", lambda rows: [r.append(f"={r.pop()}") for r in rows[1:]])
    runs = ["--runs", str(tmp_path / "runs"), "--quiet"]
    words = ["train", str(folder.path), "--model", "dense", "--epochs", "1", *runs]
    assert CliRunner().invoke(main, words).exit_code == 0
    path = tmp_path / "submission.csv"
    shown = CliRunner().invoke(main, ["submit", str(folder.path), "--output", str(path), *runs])
    assert shown.exit_code == 0, shown.output
    assert "is a formula; do not open the file in one" in shown.stderr
    assert all(cell.startswith("=") for cell in pd.read_csv(path)["Category"])


SECRETS = {
    "KAGGLE_KEY": "k-3141592653589793",
    "KAGGLE_USERNAME": "u-2718281828459045",
    "WANDB_API_KEY": "w-1414213562373095",
    "PGPASSWORD": "p-1732050807568877",
}


def test_no_secret_of_the_environment_is_written_or_shown(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    runs = ["--runs", tmp_path / "runs"]
    password = "s-2236067977499789"
    url = f"postgresql+psycopg://user:{password}@127.0.0.1:1/database"
    train = ["train", tiny_folder, "--model", "dense", "--epochs", "1", *runs]
    shown = ""
    for words, status in (
        (train, 0),
        (["report", tiny_folder, *runs], 0),
        (["submit", tiny_folder, "--output", tmp_path / "submission.csv", *runs], 0),
        (["train", tmp_path / "nowhere", *runs], 2),
        (["tune", tiny_folder, "--storage", url, "--show", *runs], 2),
        (["tune", tiny_folder, "--storage", url.replace("psycopg", "none"), "--show", *runs], 2),
        (["tune", tiny_folder, "--storage", url.replace(":1/", ":x/"), "--show", *runs], 2),
    ):
        done = CliRunner().invoke(main, ["--debug", *map(str, words)])
        assert done.exit_code == status, done.output
        assert status == 0 or "Traceback" in done.stderr
        shown += done.output
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"dense" in written
    for secret in (*SECRETS.values(), password):
        assert secret not in shown
        assert secret.encode() not in written


PAYLOADS = (
    "<script>boom()</script>", "<img src=x onerror=boom()>", "\"><svg onload=boom()>", "'><b>",
    "</title><script>", "</style><i>", "</text></svg><i>", "javascript:boom()", "<!-- ", "]]>",
    "&lt;i&gt;", "{{ 7 * 7 }}",
)  # fmt: skip


class Elements(HTMLParser):
    """The elements of a page with the names of their attributes, and its links."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.kinds: set[tuple[str, tuple[str, ...]]] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.kinds.add((tag, tuple(sorted(name for name, _ in attributes))))
        self.links += [value or "" for name, value in attributes if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


def pages(run: Path, tiny_folder: Path, tmp_path: Path, text: str) -> list[Elements]:
    """The pages of a competition whose classes, folders and run have a text in their names."""
    name = text.replace("/", "\N{DIVISION SLASH}")
    data = tmp_path / name
    data.mkdir()
    for file in ("train.csv", "test.csv"):
        rows = [line.split(",") for line in (tiny_folder / file).read_text().splitlines()]
        if file == "train.csv":
            rows = [[*row[:-1], f"{text}{row[-1]}"] for row in rows]
        with open(data / file, "w", newline="") as opened:
            csv.writer(opened).writerows(rows)
    competition = pp.load(data)
    folder = tmp_path / "runs" / name / name
    folder.parent.mkdir(parents=True)
    run.rename(folder)
    record = json.loads((folder / "run.json").read_text())
    record["data"] |= {
        "competition": name,
        "classes": competition.classes,
        "fingerprint": competition.fingerprint,
    }
    record["identity"] |= {"recipe": text, "data": competition.fingerprint}
    record["identity"]["settings"][text] = text
    record["environment"]["processor"] = text
    record["created"] = text
    (folder / "run.json").write_text(json.dumps(record))
    layers = json.loads((folder / "layers.json").read_text())
    layers[0] |= {"name": text, "kind": text}
    (folder / "layers.json").write_text(json.dumps(layers))
    sign(folder)
    first = pp.write_report(competition, runs=tmp_path / "runs")
    return [Elements(path) for path in (first, *sorted(first.parent.glob("pages/*.html")))]


@pytest.fixture(scope="session")
def plain_pages(trained: Any, tiny_folder: Path, tmp_path_factory: Any) -> list[Elements]:
    folder = tmp_path_factory.mktemp("plain")
    copy = folder / "copy"
    copy.mkdir()
    for path in trained.folder.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    return pages(copy, tiny_folder, folder, "plain")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_name_adds_an_element_or_a_handler_to_a_page(
    payload: str, run: Path, tiny_folder: Path, tmp_path: Path, plain_pages: list[Elements]
) -> None:
    found = pages(run, tiny_folder, tmp_path, payload)
    assert len(found) == len(plain_pages) == 2
    for page, plain in zip(found, plain_pages, strict=True):
        assert page.kinds <= plain.kinds
        assert payload in page.text
        assert not [link for link in page.links if link.lower().startswith("javascript:")]
