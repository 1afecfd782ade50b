"""A folder of runs that someone else has made, and what must not happen when it is used."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from folders import tree

import pipeline as pp
from pipeline.cli import main
from pipeline.runs.run import Run

SECONDS, MEMORY = 5.0, 1 << 20  # and kB


@pytest.fixture(scope="session")
def trained(tiny, tmp_path_factory) -> Run:
    runs = tmp_path_factory.mktemp("trained")
    return pp.train(tiny, "dense", epochs=1, runs=runs, progress=False)


@pytest.fixture
def run(trained: Run, tmp_path: Path) -> Path:
    """A copy of a run, to be changed; `sign` makes its checksums fit again."""
    folder = tmp_path / "runs" / "tiny" / "dense"
    folder.mkdir(parents=True)
    for path in trained.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Path]:
    """A file that code of an input would write; and limits of time and memory."""
    path = tmp_path / "canary"
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before, began = _peak(), time.process_time()
    yield path
    assert not path.exists()
    assert time.process_time() - began < SECONDS
    assert _peak() - before < MEMORY


def _peak() -> int:
    """The most memory that this process has had, in kB."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1])


@pytest.fixture
def refuse(tmp_path: Path) -> Callable[..., str]:
    """The one message of a command that must refuse its input, and writes and removes nothing."""

    def run_command(*words: object, stays: Path | None = None) -> str:
        before = tree(stays or tmp_path)
        result = CliRunner().invoke(main, [str(word) for word in words])
        assert result.exit_code == 2, (result.output, result.exception)
        assert result.stderr.count("Error: ") == 1
        assert "Traceback" not in result.output
        assert tree(stays or tmp_path) == before
        return result.stderr

    return run_command
