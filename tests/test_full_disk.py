"""A full disk ends a command with one message and status 2, and leaves nothing unfinished."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.runs.listing import list_runs

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
    space = disk("2m")
    words = ("inspect", folder.path, "--format", "json")
    result = run_command(*words, before=before, XDG_CACHE_HOME=space)
    assert result.returncode == 0, result.stderr
    assert f"Note: {space}/pixel-pipeline/competition-" in result.stderr
    assert f"the cache folder is unusable: {NO_SPACE}. Going on without it" in result.stderr
    assert not list(space.rglob("*.npy"))


def test_the_cache_and_all_temporary_folders(folder, disk, run_command) -> None:
    folder.fill(rows=1400, side=28, scale="0..255")
    space = disk("2m")
    result = run_command(
        "inspect", folder.path, before=f"import tempfile; tempfile.tempdir = {str(space)!r}",
        XDG_CACHE_HOME=space,
    )  # fmt: skip
    assert result.returncode == 2, result.stderr
    assert f"the cache folder is unusable: {NO_SPACE}. Expected 1.1 MB of free" in result.stderr
    assert not list(space.rglob("*.npy"))


def test_a_run_is_refused_before_it_is_trained(tiny_folder, disk, run_command) -> None:
    runs = disk("48k")
    words = ("train", tiny_folder, "--model", "dense", "--epochs", 1, "--engine", "inline")
    result = run_command(*words, "--runs", runs, TMPDIR=runs)
    assert result.returncode == 2, result.stderr
    assert f"it cannot be written: {NO_SPACE}. Expected 0.3 MB of free space." in result.stderr
    assert "epoch 1/1" not in result.stderr
    assert not [path for path in (runs / "tiny").iterdir() if path.name != ".locks"]


def test_space_that_is_reserved_for_a_run_is_there_in_the_end(
    tiny_folder, disk, run_command
) -> None:
    runs = disk("1m")
    fill = (
        "from pathlib import Path; from pipeline.training import train\n"
        "fit = train.fit\n"
        "def fill_and_fit(*words):\n"
        f"    try: Path({str(runs)!r}, 'other').write_bytes(bytes(1 << 20))\n"
        "    except OSError: return fit(*words)\n"
        "train.fit = fill_and_fit"
    )
    words = ("train", tiny_folder, "--model", "dense", "--epochs", 1, "--engine", "inline")
    result = run_command(*words, "--runs", runs, before=fill)
    assert result.returncode == 0, result.stderr
    (run,) = list_runs(runs / "tiny")
    run.verify()


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
