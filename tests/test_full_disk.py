"""A full disk ends a command with one message and status 2, and leaves nothing unfinished."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.runs.run import list_runs

NO_SPACE = "No space left on device"
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a small disk. Only root may."""
    path = tmp_path / "disk"

    def mount(size: str) -> Path:
        path.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
        if os.getuid() or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("mounting is not permitted")
        return path

    yield mount
    if path.is_mount():
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.fixture
def run_command() -> Command:
    def run(*words: object, **environment: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pipeline", *map(str, words)],
            env=os.environ | {name: str(value) for name, value in environment.items()},
            capture_output=True,
            text=True,
        )

    return run


def test_the_cache(folder, disk, run_command) -> None:
    folder.fill(rows=1400, side=28, scale="0..255")  # 1.1 MB, and the same again as an array
    cache = disk("2m")
    result = run_command("inspect", folder.path, XDG_CACHE_HOME=cache)
    assert result.returncode == 2, result.stderr
    assert f"the cache folder is unusable: {NO_SPACE}. Expected 1.1 MB of free" in result.stderr
    assert not list(cache.rglob("*.npy"))


def test_a_run_and_its_temporary_files(tiny_folder, disk, run_command) -> None:
    runs = disk("48k")
    words = ("train", tiny_folder, "--model", "dense", "--epochs", 1, "--engine", "inline")
    result = run_command(*words, "--runs", runs, TMPDIR=runs)
    assert result.returncode == 2, result.stderr
    assert f"it cannot be written: {NO_SPACE}" in result.stderr
    assert not [path for path in (runs / "tiny").iterdir() if path.name != ".locks"]


def test_the_report(tiny_folder, tmp_path, disk, run_command) -> None:
    words = ("--runs", disk("1m"))
    train = ("train", tiny_folder, "--model", "dense", "--epochs", 1, "--engine", "inline")
    assert run_command(*train, *words).returncode == 0
    (runs,) = (tmp_path / "disk").iterdir()
    with pytest.raises(OSError, match=NO_SPACE):
        (runs / "filling").write_bytes(bytes(1 << 20))
    result = run_command("report", tiny_folder, *words)
    assert result.returncode == 2, result.stderr
    assert f"it cannot be written: {NO_SPACE}" in result.stderr
    assert [run.name for run in list_runs(runs)] == ["dense-epochs=1"]
