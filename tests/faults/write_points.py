"""Counts the write points of a process, and at one of them kills it or lets the write fail.

A write point is a call of the system that changes files: opening for writing, a write, a sync, a
rename, and so on. Python's functions are replaced, so that the product needs no code for it. What
libraries in C write by themselves (HDF5, SQLite, pages of a memory map) is not seen.

`run_pipeline` does this in a real process and in the worker processes that it starts; `injected`
does it in this process.
"""

import builtins
import errno
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[2]
VARIABLE = "WRITE_FAULT"  # of the environment, for `sitecustomize`
RECORD = 256  # bytes of a line of the log
BY_PATH = ("mkdir", "unlink", "remove", "rmdir", "utime", "chmod", "truncate", "symlink")
BY_TWO_PATHS = ("replace", "rename", "link")
BY_HANDLE = ("fsync", "fdatasync", "ftruncate", "posix_fallocate")
FULL = ("ENOSPC", "EDQUOT")
REMOVING = ("unlink", "remove", "rmdir")  # work on a full disk
real_open, real_os = io.open, {name: getattr(os, name) for name in ("open", "write", "readlink")}


@dataclass(frozen=True)
class Fault:
    """What happens at a write point.

    Attributes:
        at: the number of the write point, from 1.
        error: the name of an error of the system, such as "ENOSPC"; None kills the process with
            SIGKILL. Half of what is written at the point is on the disk then.
        lasting: whether the write points after it fail too. On a full disk, removing works.
    """

    at: int
    error: str | None = None
    lasting: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a command did.

    Attributes:
        status: its exit status; negative if a signal ended it.
        points: the write points that were reached, such as "write runs/tiny/.dense.tmp/run.json",
            with paths relative to the folder that is watched.
    """

    status: int
    stdout: str
    stderr: str
    points: tuple[str, ...]


def run_pipeline(
    *words: object, under: Path, fault: Fault | None = None, before: str = "", **environment: object
) -> Outcome:
    """Runs `pipeline` with these words in a process, with a fault or to count its write points.

    Args:
        under: the folder whose files are watched.
        before: Python code that is run first.
        environment: variables.
    """
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        log.touch()
        settings = {"under": str(under), "log": str(log), "fault": fault and asdict(fault)}
        start = f"{before}\nfrom pipeline.cli import main; main(prog_name='pipeline')"
        result = subprocess.run(
            [sys.executable, "-c", start, *map(str, words)],
            env=os.environ
            | {"PYTHONPATH": f"{Path(__file__).parent}{os.pathsep}{ROOT}"}
            | {name: str(value) for name, value in environment.items()}
            | {VARIABLE: json.dumps(settings)},
            capture_output=True,
            text=True,
        )
        return Outcome(result.returncode, result.stdout, result.stderr, read_log(log))


def inject_from_environment() -> None:
    """Injects the fault of `run_pipeline`: in each Python process of a command as it starts."""
    settings = json.loads(os.environ[VARIABLE])
    fault = settings["fault"] and Fault(**settings["fault"])
    _Injection(Path(settings["under"]), Path(settings["log"]), fault).begin()


@contextmanager
def injected(under: Path, log: Path, fault: Fault | None = None) -> Iterator[None]:
    """The fault happens in the block, in this process.

    Args:
        under: the folder whose files are watched.
        log: a file outside of it, for `read_log`.
    """
    log.write_bytes(b"")
    injection = _Injection(under, log, fault)
    injection.begin()
    try:
        yield
    finally:
        injection.end()


def read_log(log: Path) -> tuple[str, ...]:
    """The write points that were reached."""
    return tuple(line.rstrip() for line in log.read_text(errors="replace").splitlines())


class _Injection:
    def __init__(self, under: Path, log: Path, fault: Fault | None) -> None:
        self.under, self.fault = os.path.realpath(under), fault
        self.log = real_os["open"](log, os.O_WRONLY | os.O_APPEND)
        self.numbering = threading.Lock()
        self.replaced: list[tuple[Any, str, Any]] = []

    def point(self, name: str, path: Any, before: Callable[[], object] = lambda: None) -> None:
        """A write point is reached.

        Args:
            path: a path, or the number of an open file.
            before: what has happened when the fault happens.
        """
        path = real_os["readlink"](f"/proc/self/fd/{path}") if isinstance(path, int) else path
        path = os.path.abspath(os.fsdecode(path))
        if os.path.commonpath([path, self.under]) != self.under:
            return
        if name == "mkdir" and os.path.isdir(path):
            return  # the system says that it exists before it says anything else
        line = f"{name} {os.path.relpath(path, self.under)}".encode()[: RECORD - 1]
        with self.numbering:
            real_os["write"](self.log, line.ljust(RECORD - 1) + b"\n")
            number = os.lseek(self.log, 0, os.SEEK_CUR) // RECORD  # all processes append to it
        if self.fault and number == self.fault.at:
            before()
            self._fail(path)
        if self.fault and number > self.fault.at and self._lasts(name):
            self._fail(path)

    def begin(self) -> None:
        """Replaces the functions that write."""
        for name in BY_PATH + BY_TWO_PATHS:
            self._replace(os, name, self._by_path(name, getattr(os, name)))
        for name in BY_HANDLE:
            if hasattr(os, name):
                self._replace(os, name, self._by_handle(name, getattr(os, name)))
        self._replace(os, "open", self._os_open)
        self._replace(os, "write", self._os_write)
        for module in (builtins, io):
            self._replace(module, "open", self._open)

    def end(self) -> None:
        for module, name, function in self.replaced:
            setattr(module, name, function)
        os.close(self.log)

    def _lasts(self, name: str) -> bool:
        assert self.fault
        return self.fault.lasting and not (self.fault.error in FULL and name in REMOVING)

    def _fail(self, path: str) -> None:
        assert self.fault
        if self.fault.error is None:
            os.kill(os.getpid(), signal.SIGKILL)
        number = getattr(errno, str(self.fault.error))
        raise OSError(number, os.strerror(number), path)

    def _replace(self, module: Any, name: str, function: Any) -> None:
        old = getattr(module, name)
        for supported in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
            if old in supported:
                supported.add(function)  # shutil asks, and works in another way without
        self.replaced.append((module, name, old))
        setattr(module, name, function)

    def _by_path(self, name: str, function: Any) -> Any:
        def call(path: Any, *others: Any, **options: Any) -> Any:
            where = others[0] if name in BY_TWO_PATHS else path
            folder = options.get("dir_fd")
            if folder is not None and not isinstance(where, int):
                where = os.path.join(real_os["readlink"](f"/proc/self/fd/{folder}"), where)
            self.point(name, where)
            return function(path, *others, **options)

        return call

    def _by_handle(self, name: str, function: Any) -> Any:
        def call(file: Any, *others: Any) -> Any:
            self.point(name, file if isinstance(file, int) else file.fileno())
            return function(file, *others)

        return call

    def _os_open(self, path: Any, flags: int, *others: Any, **options: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            self.point("open", path)
        return int(real_os["open"](path, flags, *others, **options))

    def _os_write(self, handle: int, data: Any) -> int:
        half = memoryview(data)[: len(data) // 2]
        self.point("write", handle, lambda: real_os["write"](handle, half))
        return int(real_os["write"](handle, data))

    def _open(
        self,
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        if not set(mode) & set("wax+"):
            return real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
        if not isinstance(file, int) and opener is None:
            self.point("open", file)
        raw = _File(file, mode.replace("b", "").replace("t", ""), closefd, opener)
        raw.injection = self
        if "b" in mode and not buffering:
            return raw
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        if "b" in mode:
            return buffered
        return io.TextIOWrapper(buffered, encoding, errors, newline, line_buffering=buffering == 1)


class _File(io.FileIO):
    """An open file whose writes are write points."""

    injection: _Injection

    def write(self, data: Any) -> int:
        half = memoryview(data).cast("B")[: memoryview(data).nbytes // 2]
        self.injection.point("write", self.fileno(), lambda: super(_File, self).write(half))
        return super().write(data)

    def truncate(self, size: int | None = None) -> int:
        self.injection.point("truncate", self.fileno())
        return super().truncate(size)


def every(points: Sequence[str]) -> range:
    """The numbers of write points, from 1."""
    return range(1, len(points) + 1)
