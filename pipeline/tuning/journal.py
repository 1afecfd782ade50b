"""Optuna's journal of a study, with a checksum in each line."""

import json
import zlib
from collections.abc import Generator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from filelock import FileLock
from optuna.storages.journal import JournalFileBackend

from pipeline.errors import PipelineError
from pipeline.files import LOCKS, append_lines, write_errors

CHECKSUM = "crc32"  # of a line's other members


class Journal(JournalFileBackend):
    """Optuna's journal. It ignores the checksums, which are verified here.

    Raises:
        PipelineError: a line is damaged, or the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with write_errors(path):
            super().__init__(str(path), _Lock(path))  # type: ignore[arg-type]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        whole = [log | {CHECKSUM: _checksum(log)} for log in logs]
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in whole)
        self._lock.acquire()
        try:
            append_lines(self.path, lines.encode())
        finally:
            self._lock.release()

    def read_logs(self, log_number_from: int) -> Generator[dict[str, Any], None, None]:
        number = log_number_from
        logs = super().read_logs(log_number_from)
        while True:
            number += 1
            try:
                log = next(logs, None)
            except (ValueError, RecursionError):
                raise _damaged(self.path, number) from None
            if log is None:
                return
            if not _is_whole(log):
                raise _damaged(self.path, number)
            yield log


class _Lock:
    """Optuna's lock of a journal, which the system releases when its process is killed."""

    def __init__(self, journal: Path) -> None:
        self.journal, self.folder = journal, journal.parent / LOCKS
        self.lock = FileLock(self.folder / f"{journal.name}.line.lock")

    def acquire(self) -> bool:
        with write_errors(self.journal):
            self.folder.mkdir(exist_ok=True)
            self.lock.acquire()
        return True

    def release(self) -> None:
        self.lock.release()


def check_journal(path: Path) -> None:
    """Verifies all lines, the last one too unless it is being written.

    Raises:
        PipelineError: a line is damaged.
    """
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], start=1):
        try:
            whole = _is_whole(json.loads(line))
        except (ValueError, RecursionError):
            whole = False
        if not whole:
            raise _damaged(path, number)


def _is_whole(log: Any) -> bool:
    if not isinstance(log, dict):
        return False
    others = {name: value for name, value in log.items() if name != CHECKSUM}
    if CHECKSUM not in log:  # optuna-dashboard writes lines without one
        return not get_close_matches(CHECKSUM, others, cutoff=0.8)
    return bool(log[CHECKSUM] == _checksum(others))


def _checksum(log: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(log, sort_keys=True).encode())


def _damaged(path: Path, number: int) -> PipelineError:
    return PipelineError(
        "it was changed or damaged: its checksum differs",
        where=f"{path} line {number}",
        remedy="Remove the file: the trials are made again. Finished runs stay.",
    )
