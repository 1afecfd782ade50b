"""A full disk ends a command with one message and status 2, and leaves nothing unfinished."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.runs.run import list_runs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the disks need Linux")
NO_SPACE = "No space left on device"
START = "from pipeline.cli import main; main()"
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def disk() -> Iterator[Callable[[str], Path]]:
    """Makes a small disk, which lives as long as a process that ends with this one."""
    with ExitStack() as stack:

        def make(size: str) -> Path:
            become_root = ["--map-root-user"] if os.getuid() else []
            script = f"mount -t tmpfs -o size={size} tmpfs /mnt && cd /mnt && echo ready && cat"
            holder = stack.enter_context(
                subprocess.Popen(
                    ["unshare", *become_root, "--mount", "sh", "-c", script],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
            )
            if holder.stdout.readline() != b"ready\n":
                pytest.skip("mounting is not permitted")
            return Path(f"/proc/{holder.pid}/cwd")

        yield make


@pytest.fixture
def run_command() -> Command:
    def run(
        *words: object, before: str = "", **environment: object
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", f"{before}\n{START}", *map(str, words)],
            env=os.environ | {name: str(value) for name, value in environment.items()},
            capture_output=True,
            text=True,
        )

    return run


@pytest.mark.parametrize("before", ["", "import os; del os.posix_fallocate"], ids=["", "macOS"])
def test_the_cache(before: str, folder, disk, run_command) -> None:
    folder.fill(rows=1400, side=28, scale="0..255")  # 1.1 MB, and the same again as an array
    cache = disk("2m")
    result = run_command("inspect", folder.path, before=before, XDG_CACHE_HOME=cache)
    assert result.returncode == 2, result.stderr
    assert f"the cache folder is unusable: {NO_SPACE}. Expected 1.1 MB of free" in result.stderr
    assert not list(cache.rglob("*.npy"))


def test_the_model_of_a_run_and_its_temporary_files(tiny_folder, disk, run_command) -> None:
    runs = disk("48k")
    words = ("train", tiny_folder, "--model", "dense", "--epochs", 1, "--engine", "inline")
    result = run_command(*words, "--runs", runs, TMPDIR=runs)
    assert result.returncode == 2, result.stderr
    assert f"model.keras: it cannot be written: {NO_SPACE}" in result.stderr
    assert not [path for path in (runs / "tiny").iterdir() if path.name != ".locks"]


def test_the_report(tiny_folder, disk, run_command) -> None:
    space = disk("1m")
    words = ("--runs", space)
    train = ("train", tiny_folder, "--model", "dense", "--epochs", 1, "--engine", "inline")
    assert run_command(*train, *words).returncode == 0
    (runs,) = space.iterdir()
    with pytest.raises(OSError, match=NO_SPACE):
        (runs / "filling").write_bytes(bytes(1 << 20))
    result = run_command("report", tiny_folder, *words)
    assert result.returncode == 2, result.stderr
    assert f"it cannot be written: {NO_SPACE}" in result.stderr
    assert [run.name for run in list_runs(runs)] == ["dense-epochs=1"]
