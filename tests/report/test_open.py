"""`pipeline report --open`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.runs.run import Run


@pytest.fixture
def runs(hostile_folder: Path, hostile_runs: list[Run], tmp_path: Path) -> Path:
    """A folder of runs of the hostile competition."""
    (tmp_path / hostile_folder.name).symlink_to(hostile_runs[0].folder.parent)
    return tmp_path


def report(data: Path, runs: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", "report", data, "--runs", runs, "--open"]
    hidden = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "TERM")
    inherited = {name: value for name, value in os.environ.items() if name not in hidden}
    environment = inherited | environment
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_the_first_page_is_opened_in_the_browser(
    hostile_folder: Path, runs: Path, tmp_path: Path
) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{opened}"\n')
    browser.chmod(0o755)
    result = report(hostile_folder, runs, BROWSER=str(browser))
    page = Path(result.stdout.splitlines()[-1])
    assert opened.read_text().strip() == page.resolve().as_uri()
    assert result.stderr == ""


def test_without_a_browser_the_page_is_named(hostile_folder: Path, runs: Path) -> None:
    result = report(hostile_folder, runs, PATH="")
    page = Path(result.stdout.splitlines()[-1])
    assert result.returncode == 0
    assert str(page.resolve()) in result.stderr
    assert "No browser could be opened" in result.stderr
