"""Files and folders are complete, or not there."""

import errno
import io
import os
import resource
import signal
import subprocess
import sys
import threading
import time
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
    files.write_parts(tmp_path / "pipe", (b"ne", b"w"))
    assert os.read(reader, 10) == b"new"
    os.close(reader)


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    files.write_array(tmp_path / "one" / "two" / "array.npy", np.arange(3))
    assert np.load(tmp_path / "one" / "two" / "array.npy").tolist() == [0, 1, 2]


@pytest.mark.parametrize("write", ["write_parts", "write_bytes", "append_lines"])
def test_a_full_disk_is_named_with_the_path_and_the_space(
    write: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, content = tmp_path / "lines", b"x" * 250_001 + b"\n"
    path.write_bytes(b"old\n")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    arguments = ((content,), len(content)) if write == "write_parts" else (content,)
    with pytest.raises(files.WriteError) as error:
        getattr(files, write)(path, *arguments)
    assert (error.value.where, error.value.expected) == (path, "0.3 MB of free space")
    assert path.read_bytes() == b"old\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.ENOSPC])
def test_space_is_written_where_the_system_cannot_reserve_it(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", fail)
    with open(tmp_path / "space", "wb") as file:
        if number == errno.ENOSPC:
            with pytest.raises(OSError, match="No space"):
                files.reserve(file, 3_000_001)
        else:
            files.reserve(file, 3_000_001)
    expected = 0 if number == errno.ENOSPC else 3_000_001
    content = (tmp_path / "space").read_bytes()
    assert (len(content), content.strip(b"\0")) == (expected, b"")


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
        held, free = tmp_path / ".four.tmp", tmp_path / ".five.tmp"
        for path in (held, free):
            path.mkdir()
        (tmp_path / ".locks" / "five.lock").touch()
        with files.lock(tmp_path / "four"), files.new_folder(tmp_path / "six"):
            assert held.exists()
            assert not free.exists()


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


@pytest.mark.skipif(sys.platform != "linux", reason="other systems need two steps")
def test_a_relative_folder_is_replaced_in_one_step(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    test_a_folder_is_replaced_in_one_step(Path(), monkeypatch)


def test_where_the_system_cannot_exchange_folders_two_steps_replace_one(
    tmp_path: Path, monkeypatch
) -> None:
    def no_library(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("ctypes.CDLL", no_library)
    for content in ("old", "new"):
        with files.new_folder(tmp_path / "run") as folder:
            (folder / "weights").write_text(content)
    assert (tmp_path / "run" / "weights").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_an_old_folder_that_was_replaced_is_removed_by_the_next_call(tmp_path: Path) -> None:
    for name in ("run", ".run.old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_text(name)
    with pytest.raises(ZeroDivisionError), files.new_folder(tmp_path / "run"):
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert (tmp_path / "run" / "weights").read_text() == "run"


def test_a_link_to_a_folder_is_kept_and_its_target_replaced(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "run").symlink_to("disk")
    for content in ("old", "new"):
        with files.new_folder(tmp_path / "run") as folder:
            (folder / "weights").write_text(content)
    assert (tmp_path / "disk" / "weights").read_text() == "new"
    assert (tmp_path / "run").readlink() == Path("disk")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "run"]


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


FREE, OTHER = "Free some space, or use another folder.", "Use another file or folder."
LIMIT = "Raise the limit on the size of files (ulimit -f)."


@pytest.mark.parametrize(
    ("code", "size", "expected", "remedy"),
    [
        (errno.ENOSPC, 1, "0.1 MB of free space", FREE),
        (errno.ENOSPC, 100_000, "0.1 MB of free space", FREE),
        (errno.EDQUOT, 100_001, "0.2 MB of free space", FREE),
        (errno.ENOSPC, 2_000_000_000, "2,000.0 MB of free space", FREE),
        (errno.EFBIG, 0, "0.1 MB of free space", LIMIT),
        (errno.EACCES, 100_001, None, OTHER),
    ],
)
def test_the_message_of_a_failed_write_says_what_to_do(
    code: int, size: int, expected: str | None, remedy: str
) -> None:
    with pytest.raises(files.WriteError) as error, files.write_errors(Path("a.csv"), size):
        raise OSError(code, os.strerror(code))
    assert error.value.reason == os.strerror(code)
    assert error.value.found == f"it cannot be written: {os.strerror(code)}"
    assert (error.value.where, error.value.expected) == (Path("a.csv"), expected)
    assert error.value.remedy == remedy


def test_an_error_without_a_text_of_the_system_is_shown_as_it_is() -> None:
    with pytest.raises(files.WriteError, match="it cannot be written: no device"):  # noqa: SIM117
        with files.write_errors(Path("a.csv")):
            raise OSError("no device")


def test_a_new_file_has_the_permissions_of_the_user(tmp_path: Path) -> None:
    before = os.umask(0o026)
    try:
        files.write_text(tmp_path / "new" / "a.csv", "text")
        assert os.umask(0o026) == 0o026
    finally:
        os.umask(before)
    assert (tmp_path / "new" / "a.csv").stat().st_mode & 0o777 == 0o640


def test_the_permissions_of_a_file_stay_and_those_of_others_are_the_users(
    tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "private").write_text("old")
    (tmp_path / "private").chmod(0o600)
    monkeypatch.setattr(os, "umask", None)  # it is that of all threads
    files.write_text(tmp_path / "private", "new")
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o600
    (tmp_path / "plain").write_text("")
    files.write_text(tmp_path / "new", "new")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_new_file_and_a_new_folder_are_flushed_with_the_folders_that_name_them(
    tmp_path: Path, monkeypatch
) -> None:
    fsync, flushed = os.fsync, []

    def note(handle: int) -> None:
        flushed.append(os.readlink(f"/proc/self/fd/{handle}"))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note)
    files.write_text(tmp_path / "a.csv", "new")
    assert Path(flushed[0]).name.startswith(".a.csv.")
    assert flushed[1:] == [str(tmp_path)]
    flushed.clear()
    with files.new_folder(tmp_path / "run"):
        pass
    assert flushed[-1:] == [str(tmp_path)]


def test_lines_that_are_partly_written_are_removed(tmp_path: Path) -> None:
    path, before = tmp_path / "lines", b"one\n" * 5
    path.write_bytes(before)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 6, limits[1]))
        with pytest.raises(files.WriteError, match="File too large"):
            files.append_lines(path, b"two\n" * 5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == before


def test_json_is_indented_and_has_the_letters_of_all_languages(tmp_path: Path) -> None:
    files.write_json(tmp_path / "a.json", {"name": "größe", "list": [1]})
    assert (tmp_path / "a.json").read_text() == (
        '{\n  "name": "größe",\n  "list": [\n    1\n  ]\n}\n'
    )


def test_arrays_hold_no_python_objects_and_are_compressed_or_not() -> None:
    zeros = {"a": np.zeros(9999), "b": np.ones(2)}
    for compress, most in ((True, 1000), (False, 90_000)):
        content = files.arrays_bytes(zeros, compress=compress)
        assert most / 10 < len(content) < most
        assert {name: len(a) for name, a in np.load(io.BytesIO(content)).items()} == {
            "a": 9999,
            "b": 2,
        }
    assert len(files.arrays_bytes(zeros)) < 1000
    for write in (files.array_bytes, lambda array: files.arrays_bytes({"a": array})):
        with pytest.raises(ValueError, match="Object arrays cannot be saved"):
            write(np.array([{}]))


def test_lines_are_appended_to_an_empty_file_and_in_place_of_half_a_line(tmp_path: Path) -> None:
    for before, after in (
        (b"", b"new\n"),
        (b"ha", b"new\n"),
        (b"one\nhalf a line", b"one\nnew\n"),
        (b"\n", b"\nnew\n"),
        (b"one\ntwo\nha", b"one\ntwo\nnew\n"),
        (b"one\n", b"one\nnew\n"),
    ):
        (tmp_path / "lines").write_bytes(before)
        files.append_lines(tmp_path / "lines", b"new\n")
        assert (tmp_path / "lines").read_bytes() == after


def test_space_is_reserved_in_the_block(tmp_path: Path) -> None:
    with files.reserved_space(tmp_path / "space", 3_000_001):
        assert (tmp_path / "space").stat().st_size == 3_000_001
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(files.WriteError), files.reserved_space(tmp_path / "no/space", 1):
        pass


def test_what_can_be_written_is_known_before(tmp_path: Path) -> None:
    files.check_writable(tmp_path / "one" / "two")
    assert list((tmp_path / "one" / "two").iterdir()) == []
    (tmp_path / "file").write_text("")
    files.check_replaceable(tmp_path / "file")
    files.check_replaceable(tmp_path / "three" / "new.csv")
    assert (tmp_path / "three").is_dir()
    files.check_replaceable(Path("/dev/null"))
    for check, path in (
        (files.check_writable, tmp_path / "file" / "folder"),
        (files.check_replaceable, tmp_path / "file" / "a.csv"),
        (files.check_replaceable, tmp_path / "one"),
        (files.remove_folder, tmp_path / "nowhere"),
    ):
        with pytest.raises(files.WriteError) as error:
            check(path)
        assert str(error.value.where).startswith(str(tmp_path))
    with pytest.raises(files.WriteError):
        files.check_writable(Path("/proc"))
    with pytest.raises(files.WriteError) as error:
        files.check_writable(tmp_path / "file")
    assert (
        error.value.found == "it cannot be written: a folder of its path is a file or a broken link"
    )
    with pytest.raises(files.WriteError, match="Is a directory") as error:
        files.check_replaceable(tmp_path / "one")
    assert error.value.where == tmp_path / "one"
    files.remove_folder(tmp_path / "one")
    assert not (tmp_path / "one").exists()


@pytest.mark.parametrize("fault", [None, NotImplementedError])
def test_a_file_system_without_locks_is_known(
    fault: type[Exception] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def acquire(self: object) -> None:
        if fault:
            raise fault

    monkeypatch.setattr(files.FileLock, "acquire", acquire)
    assert not files.supports_locks(tmp_path)


def test_a_lock_is_waited_for_or_refused_after_a_second(tmp_path: Path) -> None:
    held, order = threading.Event(), []

    def hold() -> None:
        with files.lock(tmp_path / "run"):
            held.set()
            time.sleep(0.2)
            order.append("released")

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    with files.lock(tmp_path / "run", wait=True):
        order.append("held")
    thread.join()
    assert order == ["released", "held"]
    assert files.supports_locks(tmp_path)
    began = time.monotonic()
    with files.lock(tmp_path / "run"), pytest.raises(PipelineError) as error:  # noqa: SIM117
        with files.lock(tmp_path / "run"):
            pass
    assert time.monotonic() - began > 0.9
    assert error.value.where == tmp_path / "run"
    assert error.value.remedy == "Wait until it ends, or stop it."


def test_a_file_is_touched(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    os.utime(tmp_path / "file", (1, 1))
    files.touch(tmp_path / "file")
    assert time.time() - (tmp_path / "file").stat().st_mtime < 60
