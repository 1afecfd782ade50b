"""Places that cannot be written are refused before a training; locks of dead processes are free."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from figures import Figures

from pipeline import files
from pipeline.errors import PipelineError

ROOT = Path(__file__).parents[2]
START = "from pipeline.cli import main; main()"
TRAIN = ("--model", "dense", "--epochs", "1", "--engine", "inline")
HOLD = """
import sys, time
from pathlib import Path
from pipeline import files
with files.lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""
WITHOUT_FLOCK = """
import errno, fcntl, warnings
warnings.simplefilter("ignore")
def flock(*_): raise OSError(errno.ENOSYS, "not implemented")
fcntl.flock = flock
"""


def start(
    code: str, *words: object, prefix: Sequence[str] = (), **options: Any
) -> subprocess.Popen[str]:
    command = [*prefix, sys.executable, "-c", code, *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, stdout=-1, stderr=-1, text=True, **options)


@pytest.fixture
def holding() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a process that holds the lock of a path."""
    processes = []

    def hold(path: Path, before: str = "") -> subprocess.Popen[str]:
        processes.append(start(before + HOLD, path))
        assert processes[-1].stdout.readline() == "held\n"
        return processes[-1]

    yield hold
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("before", ["", WITHOUT_FLOCK], ids=["", "without flock"])
def test_a_lock_keeps_others_out_until_its_process_is_dead(
    holding, tmp_path: Path, before: str
) -> None:
    path = tmp_path / "run"
    process = holding(path, before)
    second = start(before + HOLD, path)
    assert "another process is writing it" in second.communicate()[1]
    process.kill()
    process.wait()
    holding(path, before)


def test_a_second_training_of_the_same_run_is_refused(holding, tiny_folder, tmp_path) -> None:
    from click.testing import CliRunner

    from pipeline.cli import main

    holding(tmp_path / "tiny" / "dense-epochs=1")
    result = CliRunner().invoke(main, ["train", str(tiny_folder), *TRAIN, "--runs", str(tmp_path)])
    assert result.exit_code == 2, result.output
    assert "dense-epochs=1: another process is writing it. Wait until it ends" in result.stderr


@pytest.mark.parametrize("kind", ["folder", "device", "pipe", "new"])
def test_a_submission_that_cannot_be_written_is_refused_beforehand(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
        with pytest.raises(PipelineError, match="Is a directory"):
            files.check_replaceable(path)
        return
    if kind == "pipe":
        os.mkfifo(path)
    files.check_replaceable(Path("/dev/null") if kind == "device" else path)
    assert path.exists() == (kind == "pipe")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder that is mounted read-only, seen through a process that holds the mount."""
    if sys.platform != "linux":
        pytest.skip("the mount needs Linux")
    folder = tmp_path / "read-only"
    folder.mkdir()
    become_root = ["--map-root-user"] if os.getuid() else []
    script = (
        f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder} && "
        f"cd {folder} && echo ready && cat"
    )
    with subprocess.Popen(
        ["unshare", *become_root, "--mount", "sh", "-c", script],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as holder:  # fmt: skip
        if holder.stdout.readline() != b"ready\n":
            pytest.skip("mounting is not permitted")
        yield Path(f"/proc/{holder.pid}/cwd")


def refused(*words: object, **options: Any) -> str:
    """What a command prints that must be refused at once, without a traceback."""
    process = start(START, *words, **options)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 2, stderr
    assert "Traceback" not in stderr
    assert "epoch 1/" not in stderr
    return stderr


@pytest.mark.faults
def test_a_read_only_disk_is_refused_before_training(
    read_only: Path, tiny_folder: Path, tmp_path: Path, figures: Figures
) -> None:
    message = refused("train", tiny_folder, *TRAIN, "--runs", read_only / "runs")
    assert f"{read_only}/runs/tiny: it cannot be written: Read-only file system" in message
    message = refused("submit", tiny_folder, "--runs", tmp_path, "--output", read_only / "s.csv")
    assert "it cannot be written: Read-only file system" in message
    message = refused("submit", tiny_folder, "--budget", "60s", "--runs", tmp_path,
                      "--output", read_only / "s.csv")  # fmt: skip
    assert "it cannot be written: Read-only file system" in message
    process = start(START, "inspect", tiny_folder, "--format", "json",
                    env=os.environ | {"XDG_CACHE_HOME": str(read_only)})  # fmt: skip
    _, stderr = process.communicate()
    assert (process.returncode, stderr.count("Note: ")) == (0, 1), stderr
    figures.add("Real disks", "read-only: runs, submission, cache", "refused before training", 4)


@pytest.mark.faults
def test_a_folder_without_permission_is_refused_before_training(
    tiny_folder: Path, tmp_path: Path, figures: Figures
) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    plain_user = []
    if not os.getuid():  # root writes everywhere, unless it gives that up
        if not shutil.which("setpriv"):
            pytest.skip("root cannot give up its permissions")
        plain_user = ["setpriv", "--bounding-set", "-dac_override"]
    for words in (
        ("train", tiny_folder, *TRAIN, "--runs", folder / "runs"),
        ("submit", tiny_folder, "--runs", tmp_path / "none", "--output", folder / "s.csv"),
    ):
        message = refused(*words, prefix=plain_user)
        assert "it cannot be written: Permission denied" in message
    figures.add("Real disks", "no permission: runs, submission", "refused before training", 2)


@pytest.mark.faults
@pytest.mark.parametrize("limit", [100_000, 20_000, 1000, 1])
def test_a_limit_of_the_size_of_files_ends_no_command_by_a_signal(
    limit: int, tiny_folder: Path, tmp_path: Path, figures: Figures
) -> None:
    (tmp_path / "cache").mkdir()
    process = start(
        START, "train", tiny_folder, *TRAIN, "--runs", tmp_path / "runs",
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    _, stderr = process.communicate()
    assert process.returncode == 2, stderr
    assert "File too large. Expected 0." in stderr
    assert "Raise the limit on the size of files (ulimit -f)." in stderr
    assert not [path for path in (tmp_path / "runs").rglob("*") if path.is_file()] or limit > 1
    figures.add("Real disks", f"files of at most {limit:,} bytes", "refused before training", 1)


@pytest.mark.faults
def test_a_table_that_pandas_writes_in_place_on_a_full_disk_is_half_there(
    tmp_path: Path, figures: Figures
) -> None:
    """The baseline, and the same with `files.write_text`."""
    import pandas as pd

    table = pd.DataFrame(
        {"ImageId": range(1, 28_001), "Label": [index % 10 for index in range(28_000)]}
    )
    text = table.to_csv(index=False)
    limit = len(text) // 2
    write = {
        "pandas": lambda path: table.to_csv(path, index=False),
        "ours": lambda path: files.write_text(path, text),
    }
    for name in write:
        path = tmp_path / f"{name}.csv"
        path.write_text("old\n")
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            try:
                write[name](path)
            except (OSError, PipelineError):
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    rows = len(pd.read_csv(tmp_path / "pandas.csv"))
    assert 0 < rows < 28_000
    assert (tmp_path / "ours.csv").read_text() == "old\n"
    left = f"{rows:,} rows are left, and parse"
    figures.add("Real disks", "baseline: pandas' `to_csv` in place, full disk", left, "28,000")
    figures.add("Real disks", "the same by the pipeline", "the old file is whole", "28,000")
