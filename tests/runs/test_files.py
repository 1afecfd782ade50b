"""Files and folders are complete, or not there."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline import files
from pipeline.errors import PipelineError
from pipeline.tables import write_csv


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "submission.csv"
    files.write_text(path, "old")
    pid = os.fork()
    if pid == 0:  # the limit holds for the child alone
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            files.write_text(path, "new" * 10_000)
        except PipelineError as error:
            os._exit(7 if error.expected == "0.1 MB of free space" else 1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_kept_and_its_target_replaced(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to("target.csv")
    for content in ("old", "new"):
        files.write_text(tmp_path / "link.csv", content)
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "target.csv").read_text() == "new"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    files.write_text(tmp_path / "pipe", "new")
    assert os.read(reader, 10) == b"new"
    os.close(reader)


@pytest.mark.parametrize(
    "system",
    [
        "del os.posix_fallocate",
        "def no(*_): raise OSError(errno.EOPNOTSUPP, '')\nos.posix_fallocate = no",
    ],
    ids=["missing", "unsupported"],
)
def test_a_new_array_has_its_space_where_the_system_cannot_reserve_it(
    system: str, tmp_path: Path
) -> None:
    path = tmp_path / "new.npy"
    script = "from pathlib import Path; from pipeline.large_arrays import new_array\n"
    script += "new_array(Path(sys.argv[1]), (3, 1_000_001), 'uint8')"
    script = f"import errno, os, sys\n{system}\n{script}"
    subprocess.run([sys.executable, "-W", "error", "-c", script, str(path)], check=True)
    array = np.load(path)
    assert array.shape == (3, 1_000_001)
    assert not array.any()
    assert path.stat().st_blocks * 512 >= array.nbytes  # not sparse


def test_lines_are_appended_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"one\ntw")  # a process was killed
    files.append_lines(path, b"three\nfour\n")
    assert path.read_bytes() == b"one\nthree\nfour\n"
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
        try:
            files.append_lines(path, b"five\nsix\n")
        except PipelineError as error:
            os._exit(7 if str(path) in str(error) else 1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    assert path.read_bytes() == b"one\nthree\nfour\n"


def test_a_table_holds_no_formulas(tmp_path: Path) -> None:
    cells = ["=1+1", "+a", "-b", "@c", "-1", "+2.5", "a=b", -3]
    write_csv(tmp_path / "issues.csv", ["label"], [[cell] for cell in cells])
    lines = (tmp_path / "issues.csv").read_text().splitlines()
    assert lines[1:] == ["'=1+1", "'+a", "'-b", "'@c", "-1", "+2.5", "a=b", "-3"]


def test_a_new_folder_is_atomic(tmp_path: Path) -> None:
    def fail() -> None:
        with files.new_folder(tmp_path / "run") as folder:
            (folder / "weights").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []
    for content in ("one", "two"):
        with files.new_folder(tmp_path / "run") as folder:
            (folder / "weights").write_text(content)
            assert not folder.name.startswith("run")
    assert (tmp_path / "run" / "weights").read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_leftovers_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    pid = os.fork()
    if pid == 0:
        with files.new_folder(tmp_path / "run"):
            os._exit(0)
    os.waitpid(pid, 0)
    assert [path.name for path in tmp_path.iterdir()] == [".run.tmp"]
    with files.new_folder(tmp_path / "run"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def cut_short(work) -> None:
    """Does the work in another process, which ends in the middle without cleaning up."""
    pid = os.fork()
    if pid == 0:
        os.replace = lambda *_: os._exit(0)
        work()
    os.waitpid(pid, 0)


def test_leftovers_of_other_folders_are_removed_unless_a_process_fills_them(tmp_path: Path) -> None:
    def make(name: str) -> None:
        with files.lock(tmp_path / name), files.new_folder(tmp_path / name):
            os._exit(0)

    cut_short(lambda: make("one"))
    with files.lock(tmp_path / "two"), files.new_folder(tmp_path / "two") as two:
        with files.lock(tmp_path / "three"), files.new_folder(tmp_path / "three"):
            assert sorted(path.name for path in tmp_path.glob(".*.tmp")) == [".three.tmp", two.name]
        assert two.exists()


def test_leftovers_of_a_file_are_removed_unless_its_process_runs(tmp_path: Path) -> None:
    cut_short(lambda: files.write_text(tmp_path / "a.csv", "half"))
    cut_short(lambda: files.write_text(tmp_path / "a.csv.1", "of another file"))
    running = tmp_path / f".a.csv.{os.getpid()}.abc.tmp"
    running.write_text("")
    assert len(list(tmp_path.iterdir())) == 3
    files.write_text(tmp_path / "a.csv", "whole")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names[0].startswith(".a.csv.1.")
    assert names[1:] == [running.name, "a.csv"]


@pytest.mark.parametrize("killed", [False, True])
def test_a_replacement_cut_short_between_its_two_steps_loses_nothing(
    tmp_path: Path, monkeypatch, killed
) -> None:
    def replace(content: str) -> None:
        with files.new_folder(tmp_path / "run") as folder:
            (folder / "weights").write_text(content)

    def stop(source: Path, target: Path) -> None:
        if source.name == ".run.tmp":
            if killed:
                os._exit(0)
            raise KeyboardInterrupt
        rename(source, target)

    replace("old")
    monkeypatch.setattr(files, "_exchange", lambda *_: False)
    rename = os.rename
    pid = os.fork()
    if pid == 0:
        monkeypatch.setattr(os, "rename", stop)
        with pytest.raises(KeyboardInterrupt):
            replace("new")
        os._exit(0)
    os.waitpid(pid, 0)
    with pytest.raises(ZeroDivisionError), files.new_folder(tmp_path / "run"):
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert (tmp_path / "run" / "weights").read_text() == "old"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems need two steps")
def test_a_folder_is_replaced_in_one_step(tmp_path: Path, monkeypatch) -> None:
    def replace(content: str) -> None:
        with files.new_folder(tmp_path / "run") as folder:
            (folder / "weights").write_text(content)

    replace("old")
    monkeypatch.setattr(os, "rename", None)  # would be one of two steps
    replace("new")
    assert (tmp_path / "run" / "weights").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_folders_whose_names_begin_alike_are_made_at_once(tmp_path: Path) -> None:
    with (
        files.new_folder(tmp_path / "run-zoom=0.1") as one,
        files.new_folder(tmp_path / "run-zoom=0"),
    ):
        assert one.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run-zoom=0", "run-zoom=0.1"]


def test_a_folder_is_made_by_one_process_at_a_time(tmp_path: Path) -> None:
    with (
        files.lock(tmp_path / "run"),
        pytest.raises(PipelineError, match="another process"),
        files.lock(tmp_path / "run"),
    ):
        pass
    with files.lock(tmp_path / "run"):
        pass
