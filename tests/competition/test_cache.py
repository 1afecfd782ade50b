"""What was read is reused while it is true, and only then."""

import ast
import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.competition import cache as cache_module
from pipeline.competition import competition
from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError

LOAD = """
import sys
from pipeline.competition import cache
from pipeline.competition.competition import Competition
cache.TIME_RESOLUTION = -1
print(Competition.load(sys.argv[1]).fingerprint)
"""


@pytest.fixture
def cacheable(folder, monkeypatch, tmp_path_factory):
    """A folder whose files count as cacheable, and a cache of its own."""
    monkeypatch.setattr(cache_module, "TIME_RESOLUTION", -1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    folder.fill()
    return folder


@pytest.fixture
def readings(monkeypatch) -> list[Path]:
    """Grows by one whenever files are read."""
    made: list[Path] = []
    read = competition._read

    def spy(paths, settings, folder) -> None:
        made.append(folder)
        read(paths, settings, folder)

    monkeypatch.setattr(competition, "_read", spy)
    return made


def entries() -> list[Path]:
    return sorted(path for path in cache_module.cache_folder().iterdir() if path.name != ".locks")


def same(one: Competition, two: Competition) -> bool:
    return all(np.array_equal(value, vars(two)[name]) for name, value in vars(one).items())


@pytest.mark.parametrize("sample", [True, False])
def test_a_folder_is_read_once(cacheable, readings, sample) -> None:
    if not sample:
        (cacheable.path / "sample_submission.csv").unlink(missing_ok=True)
    first, again = cacheable.load(), cacheable.load()
    assert len(readings) == 1
    assert same(first, again)
    assert not again.train_pixels.flags.owndata


@pytest.mark.parametrize("name", ["train.csv", "test.csv"])
def test_a_changed_file_is_read_again_though_its_size_and_time_are_the_same(
    cacheable, readings, name
) -> None:
    before = cacheable.load()
    path = cacheable.path / name
    stat = path.stat()
    content = path.read_bytes()
    at = content.rindex(b"0,")
    path.write_bytes(content[:at] + b"1," + content[at + 2 :])
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size
    assert cacheable.load().fingerprint != before.fingerprint
    assert len(readings) == 2
    assert len(entries()) == 1


def test_a_file_written_a_moment_ago_is_read_again(cacheable, readings, monkeypatch) -> None:
    monkeypatch.setattr(cache_module, "TIME_RESOLUTION", 60)
    cacheable.load()
    cacheable.load()
    assert len(readings) == 2
    assert len(entries()) == 1


@pytest.mark.parametrize(
    "name", ["train_pixels.npy", "labels.npy", "competition.json", "files.json"]
)
@pytest.mark.parametrize("damage", ["cut short", "empty", "gone", "of equal size"])
def test_a_damaged_cache_is_read_again(cacheable, readings, name, damage) -> None:
    before = cacheable.load()
    path = entries()[0] / name
    content = path.read_bytes()
    path.unlink()
    if damage != "gone":
        half = content[: len(content) // 2]
        left = {"cut short": half, "empty": b"", "of equal size": half.ljust(len(content), b"1")}
        path.write_bytes(left[damage])
    assert same(cacheable.load(), before)
    assert len(readings) == 2
    assert len(entries()) == 1


def test_other_settings_are_read_apart_where_reading_depends_on_them(cacheable, readings) -> None:
    cacheable.load()
    cacheable.load(planes=False)
    cacheable.load(validation=0.5, split_seed=1)
    assert len(readings) == 2
    assert len(entries()) == 2


def test_the_cache_depends_on_the_modules_that_read_and_on_no_others() -> None:
    package = Path(cache_module.__file__).parents[1]
    reading = {"competition.competition", "competition.schema", "reading.reader"}
    todo = reading | {"competition.labels", "competition.sample", "competition.folds"}
    found: set[Path] = set()
    while todo:
        path = package / (todo.pop().replace(".", "/") + ".py")
        found.add(path)
        if path.stem != "competition":  # it reads, and does much else
            nodes = ast.walk(ast.parse(path.read_text()))
            names = {n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)}
            todo |= {name[9:] for name in names if name.startswith("pipeline.")} - {
                str(p.relative_to(package))[:-3].replace("/", ".") for p in found
            }
    listed = {path for pattern in cache_module.CODE for path in package.glob(pattern)}
    others = {package / f"{name}.py" for name in ("errors", "machine", "reading/__init__")}
    others.add(package / "metrics/metric.py")  # only the type of its names
    assert found - others == listed - others


def test_faults_are_refused_each_time_and_leave_nothing(cacheable, readings) -> None:
    cacheable.put("train.csv", -1, 3, "x")
    assert cacheable.refusal() == cacheable.refusal()
    assert len(readings) == 2
    assert not entries()


def test_a_file_that_changes_while_it_is_read_is_refused(cacheable, monkeypatch) -> None:
    read = competition._read

    def slowly(paths, settings, folder) -> None:
        read(paths, settings, folder)
        paths["train"].write_bytes(paths["train"].read_bytes() + b"\n")

    monkeypatch.setattr(competition, "_read", slowly)
    with pytest.raises(PipelineError, match="changed while it was read"):
        cacheable.load()
    assert not entries()


def test_processes_that_read_at_once_read_the_same_and_store_it_once(cacheable) -> None:
    command = [sys.executable, "-c", LOAD, str(cacheable.path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    printed = {process.communicate()[0] for process in processes}
    assert printed == {cacheable.load().fingerprint + "\n"}
    assert len(entries()) == 1


def test_what_a_killed_process_leaves_is_removed(cacheable) -> None:
    script = LOAD.replace("print(", "competition._read = lambda *_: time.sleep(60)\nprint(")
    script = "import time\nfrom pipeline.competition import competition\n" + script
    process = subprocess.Popen([sys.executable, "-c", script, str(cacheable.path)])
    deadline = time.monotonic() + 30
    root = cache_module.cache_folder()
    while not list(root.glob(".*.tmp")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(root.glob(".*.tmp"))
    cacheable.load()
    assert not list(root.glob(".*.tmp"))
    assert len(entries()) == 1


def test_what_was_not_used_for_a_month_is_removed(cacheable, folder) -> None:
    cacheable.load()
    old, left = entries()[0], cache_module.cache_folder() / ".killed.tmp"
    left.mkdir()
    for path in (old, left):
        os.utime(path, (0, 0))
    cacheable.load(planes=False)
    assert old not in entries()
    assert not left.exists()
    assert len(entries()) == 1


def test_an_expired_entry_that_cannot_be_removed_is_left(cacheable, readings, monkeypatch) -> None:
    cacheable.load()
    (old,) = entries()
    os.utime(old, (0, 0))

    remove = shutil.rmtree

    def fail(path: Path, *words: object, **options: object) -> None:
        if path == old:
            raise PermissionError(13, "Permission denied", str(path))
        remove(path, *words, **options)

    monkeypatch.setattr(shutil, "rmtree", fail)
    for _ in range(2):  # from the files, and from the cache
        cacheable.load(planes=False)
        assert len(entries()) == len(readings) == 2


def test_without_a_usable_cache_a_note_is_printed_and_the_files_are_read(
    cacheable, readings, monkeypatch, capsys
) -> None:
    expected = cacheable.load()
    monkeypatch.setenv("XDG_CACHE_HOME", str(cacheable.path / "train.csv"))
    assert same(cacheable.load(), expected)
    note = capsys.readouterr().err
    assert "the cache folder is unusable: Not a directory. Going on without it." in note
    assert len(readings) == 2
    assert not readings[1].exists()
    assert cacheable.inspect().exit_code == 0


def test_without_a_usable_cache_faults_are_refused_as_always(cacheable, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cacheable.path / "test.csv"))
    cacheable.put("train.csv", -1, 3, "x")
    with pytest.raises(PipelineError, match=r"train\.csv"):
        cacheable.load()


def test_an_entry_is_used_where_the_cache_cannot_be_touched(
    cacheable, readings, monkeypatch
) -> None:
    cacheable.load()

    def no(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "utime", no)
    cacheable.load()
    assert len(readings) == 1
