"""Names that lead out of a folder, or rewrite what a terminal shows."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from folders import sign, tree

import pipeline as pp
from pipeline.cli import main
from pipeline.errors import PipelineError

LEADING_OUT = (
    "..", ".", "", "../x", "../../x", "/tmp/x", "a/b", "..\\x", "a\\b", ".hidden", "-x", "--fresh",
    "a\nb", "a\x1b[31mb", "a\u202eb", "a\u200fb", "a\0b", "x" * 300, "pages", "tuning",
)  # fmt: skip
IN_WORDS = (*(name for name in LEADING_OUT if "\0" not in name), "%2e%2e", "%2e%2e%2fx")
# Colours, a title, a bell, a cleared screen, C1, marks of direction, a forged line.
REWRITING = (
    "\x1b[31mred", "\x1b]0;title\a", "a\rb", "\x1b[2J", "a\x9b31mb", "a\u202eb", "a\u2066b",
    "a\nError: forged", "[bold]a", "\udc80",
)  # fmt: skip
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("name", LEADING_OUT)
def test_an_ensemble_of_a_name_that_is_no_plain_file_is_refused(
    name: str, run: Path, tiny: Any, tmp_path: Path
) -> None:
    shutil.copytree(run, run.parent / "other")
    before = tree(tmp_path)
    with pytest.raises(PipelineError, match="cannot have the name"):
        pp.ensemble(tiny, method="mean", name=name, runs=run.parent.parent, progress=False)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", IN_WORDS)
@pytest.mark.parametrize(
    "command",
    [
        ["submit", "DATA", "--run", "NAME"],
        ["ensemble", "DATA", "--members", "NAME"],
        ["train", "DATA", "--model", "NAME"],
        ["tune", "DATA", "--model", "NAME", "--show"],
        ["predict", "NAME", "DATA/test.csv"],
        ["leaderboard", "NAME"],
        ["models", "NAME"],
    ],
    ids=lambda words: words[0],
)
def test_a_name_that_is_none_is_refused_and_nothing_is_written(
    command: list[str], name: str, run: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    before = tree(tmp_path)
    words = [word.replace("DATA", str(tiny_folder)).replace("NAME", name) for word in command]
    runs = [] if command[0] == "models" else ["--runs", str(run.parent.parent)]
    result = CliRunner().invoke(main, [*words, *runs])
    assert result.exit_code == 2 or (command[0] == "models" and not name), result.output
    assert isinstance(result.exception, SystemExit | None)
    assert not RAW.search(result.output)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", REWRITING)
def test_a_folder_and_a_run_of_any_name_never_rewrite_the_terminal(
    name: str, run: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    data = tmp_path / name
    shutil.copytree(tiny_folder, data)
    hostile = tmp_path / "runs" / name / name
    shutil.copytree(run, hostile)
    record = json.loads((hostile / "run.json").read_text())
    record["data"]["competition"] = "\x1b[31m"
    record["identity"]["recipe"] = "\x1b[31m"
    (hostile / "run.json").write_text(json.dumps(record))
    sign(hostile)
    shutil.copy(tiny_folder / "test.csv", data / f"{name}.csv")
    os.symlink(name, data / "sample_submission.csv")
    runs = ["--runs", str(tmp_path / "runs")]
    for words, status in (
        (["leaderboard", str(data)], 0),
        (["leaderboard", str(data), "--format", "csv"], 0),
        (["leaderboard", str(data / f"{name}2")], 2),
        (["inspect", str(data)], 2),
        (["check", str(data), str(data / name)], 2),
        (["predict", str(hostile), str(data / "nowhere")], 2),
        (["submit", str(data), "--run", name], 2),
        (["train", str(data), "--model", name], 2),
        (["train", str(data), "--set", f"{name}=1"], 2),
    ):
        shown = CliRunner().invoke(main, [*words, *([] if words[0] == "check" else runs)])
        assert shown.exit_code == status, (words, shown.output, shown.exception)
        assert not RAW.search(shown.output), words
        assert "csv" in words or "\nError: forged" not in shown.output  # in quotes there


@pytest.mark.parametrize("name", [name for name in REWRITING if name != "\udc80"])
def test_classes_of_a_hostile_run_never_rewrite_the_terminal(
    name: str, run: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    record = json.loads((run / "run.json").read_text())
    record["data"]["classes"] = [name, f"{name}1", f"{name}2"]
    (run / "run.json").write_text(json.dumps(record))
    sign(run)
    for form in ("csv", "table", "json"):
        words = ["predict", str(run), str(tiny_folder / "test.csv"), "--format", form]
        shown = CliRunner().invoke(main, [*words, "--probabilities"])
        assert shown.exit_code == 0, shown.output
        assert not RAW.search(shown.output)
