"""The run folder: the one module that knows its files, and that writes and verifies them."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from pipeline.arrays import Labels, Probabilities, Rows
from pipeline.checksums import (
    CHECKSUMS,
    MISSING,
    ChangedError,
    read_checksums,
    read_verified,
    sha256,
    write_checksums,
)
from pipeline.config import MAX_NAME, RESERVED
from pipeline.documents import read_small
from pipeline.errors import PipelineError
from pipeline.files import (
    LockedError,
    array_bytes,
    arrays_bytes,
    lock,
    new_folder,
    remove_folder,
    reserved_space,
    write_bytes,
)
from pipeline.runs.record import LayerRecord, RunRecord, encode

if TYPE_CHECKING:
    import pandas as pd

RECORD = "run.json"
MODEL, BACKBONE, HISTORY, LOG = "model.keras", "backbone.keras", "history.csv", "log.txt"
VALIDATION, TEST = "validation.npy", "test.npy"
ROWS, LABELS = "validation_rows.npy", "validation_labels.npy"
LAYERS, EXPLANATION, MEMBERS = "layers.json", "explanation.npz", "members.csv"
TUNING, CHECKPOINTS = "tuning", "checkpoints"  # folders beside runs
TUNED = "-tuned"  # end of the name of a run with the best settings of a tuning
PROBABILITIES = (VALIDATION, ROWS, LABELS, TEST)  # verified when a run is loaded


@dataclass(frozen=True)
class Validation:
    """A run on its validation rows.

    Attributes:
        rows: (n,) indices of `Competition.train_pixels`: row numbers of the training file, from 0,
            where locked rows are not counted; `Competition.file_rows[rows]` counts them.
        labels: (n,) class indices.
        probabilities: (n, k) float32.
    """

    rows: Rows
    labels: Labels
    probabilities: Probabilities

    def fits(self, train_rows: int) -> bool:
        """Whether its rows and labels exist."""
        limits = ((self.rows, train_rows), (self.labels, self.probabilities.shape[1]))
        return all(((values >= 0) & (values < limit)).all() for values, limit in limits)


class RunWriter:
    """Writes the files of one run, see `write_run`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def record(self, record: RunRecord) -> None:
        self.write(RECORD, encode(record).encode())

    @contextmanager
    def reserve(self, size: int) -> Iterator[None]:
        """Keeps space for the run's files, which are written after the block.

        Args:
            size: bytes.

        Raises:
            WriteError: there is not enough.
        """
        with reserved_space(self.folder / "reserved", size):
            yield

    def probabilities(self, validation: Validation, test: Probabilities) -> None:
        arrays: dict[str, npt.NDArray[Any]] = {
            ROWS: validation.rows,
            LABELS: validation.labels,
            VALIDATION: validation.probabilities,
            TEST: test,
        }
        for name, array in arrays.items():
            self.write(name, array_bytes(array))

    def history(self, history: "pd.DataFrame") -> None:
        self.write(HISTORY, history.to_csv(index_label="epoch").encode())

    def members(self, table: "pd.DataFrame") -> None:
        """The runs that an ensemble could choose from, see `Run.candidates`."""
        self.write(MEMBERS, table.to_csv(index=False).encode())

    def log(self, lines: Sequence[str]) -> None:
        self.write(LOG, "".join(f"{line}\n" for line in lines).encode())

    def model(self, content: bytes) -> None:
        self.write(MODEL, content)

    def backbone(self, content: bytes) -> None:
        """The trained backbone alone, for `--weights`."""
        self.write(BACKBONE, content)

    def explanation(
        self, layers: Sequence[LayerRecord], arrays: Mapping[str, npt.NDArray[Any]]
    ) -> None:
        self.write(LAYERS, encode(layers).encode())
        self.write(EXPLANATION, arrays_bytes(arrays))

    def write(self, name: str, content: bytes) -> None:
        """A file of any name."""
        write_bytes(self.folder / name, content)


@contextmanager
def write_run(folder: Path) -> Iterator[RunWriter]:
    """A writer for a run's folder, which is created on success.

    A run of that name is replaced. `sha256sum -c SHA256SUMS` in the folder verifies it.

    Raises:
        PipelineError: another process writes this run, or something else has its name.
    """
    with lock(folder):
        check_run_name(folder.name)
        if os.path.lexists(folder) and not is_run(folder):
            raise PipelineError(
                "it is not a run, so it is not replaced",
                where=folder,
                remedy="Rename or remove it.",
            )
        with new_folder(folder) as unfinished:
            yield RunWriter(unfinished)
            write_checksums(unfinished)


def copy_run(source: Path, folder: Path) -> None:
    """Copies a run's folder to another name, and replaces the run of that name.

    Raises:
        PipelineError: a file of it is damaged, or see `write_run`.
    """
    checksums = checksums_of(source)
    with write_run(folder) as writer:
        for name in checksums:
            writer.write(name, read_file(source, checksums, name))


def read_files(folder: Path) -> dict[str, bytes]:
    """The content of all files of a run, by name, to send them to another machine."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes a run that another machine sent, see `read_files` and `write_run`."""
    with write_run(folder) as writer:
        for name in files.keys() - {CHECKSUMS}:
            writer.write(name, files[name])


def check_run_name(name: str) -> None:
    """Checks that a run can have the name: it is that of a folder in `runs/<competition>`.

    Raises:
        PipelineError: it cannot.
    """
    plain = (
        name and Path(name).name == name and "\\" not in name and not name.startswith((".", "-"))
    )
    if not plain or not name.isprintable() or len(name) > MAX_NAME or name in RESERVED:
        raise PipelineError(
            f"a run cannot have the name {name[:MAX_NAME]!r}",
            expected=f"a file name of at most {MAX_NAME} characters, not {' or '.join(RESERVED)}",
        )


def checkpoints_path(folder: Path) -> Path:
    """The folder of the checkpoints of a run that is not finished.

    Args:
        folder: the run's folder.
    """
    return folder.parent / CHECKPOINTS / folder.name


def remove_checkpoints(folder: Path) -> None:
    """Removes the checkpoints of a run that is finished, but not those of training it again.

    Args:
        folder: the run's folder.
    """
    if not (left := checkpoints_path(folder)).exists():
        return
    with suppress(LockedError), lock(folder):
        times = [path.stat().st_mtime for path in left.rglob("*") if path.is_file()]
        if max(times, default=0) <= folder.stat().st_mtime:
            remove_folder(left)


def tuning_page_path(folder: Path, study: str) -> Path:
    """The page of a tuning.

    Args:
        folder: the competition's runs.
    """
    return folder / TUNING / f"{study}.html"


def tuning_pages(folder: Path) -> list[Path]:
    """The pages of all tunings of a competition."""
    return sorted((folder / TUNING).glob("*.html"))


def journal_names(folder: Path) -> list[str]:
    """The tunings of a competition that have a journal."""
    return sorted(path.stem for path in (folder / TUNING).glob("*.journal"))


def journal_path(folder: Path, study: str) -> Path:
    """The file with the trials of a tuning.

    Args:
        folder: the competition's runs.
    """
    return folder / TUNING / f"{study}.journal"


def remove_run(folder: Path) -> None:
    """Removes a run."""
    with lock(folder):
        if folder.exists():
            remove_folder(folder)


def is_run(folder: Path) -> bool:
    """Whether a finished run, perhaps a damaged one, is in that folder."""
    try:
        found = any((folder / name).exists() for name in (RECORD, CHECKSUMS))
    except PermissionError:  # it may be one, so that an error is reported when it is loaded
        found = True
    return found and not folder.name.startswith(".")


def checksums_of(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of a run, by name.

    Raises:
        PipelineError: they cannot be read, or one that is needed is missing.
    """
    with _reading(folder, CHECKSUMS):
        checksums = read_checksums(folder)
    for name in (RECORD, *PROBABILITIES):
        if name not in checksums:
            raise damaged(folder, f"{name} has no checksum in {CHECKSUMS}")
    for name in checksums:
        if Path(name).name != name:
            raise damaged(folder, f"{CHECKSUMS} names {name!r}, which is in another folder")
    return checksums


def verify(folder: Path, checksums: Mapping[str, str], name: str) -> Path:
    """The path of a file of a run, whose content has its checksum.

    Raises:
        PipelineError: it is missing or damaged.
    """
    path = folder / name
    check_exists(folder, name)
    with _reading(folder, name):
        if sha256(path) != checksums[name]:
            raise ChangedError(name)
    return path


def check_exists(folder: Path, name: str) -> None:
    """Checks that a run has a file.

    Raises:
        PipelineError: it does not.
    """
    with _reading(folder, name):
        if not (folder / name).is_file():
            raise damaged(folder, f"{name} is missing, which {CHECKSUMS} lists")


def read_file(folder: Path, checksums: Mapping[str, str], name: str) -> bytes:
    """The content of a file of a run, which has its checksum.

    Raises:
        PipelineError: it is missing or damaged.
    """
    check_exists(folder, name)
    with _reading(folder, name):
        return read_verified(folder, checksums, name)


def read_record(folder: Path, checksums: Mapping[str, str]) -> bytes:
    """The content of run.json, see `verify`.

    Raises:
        PipelineError: it is missing, damaged or too large.
    """
    check_exists(folder, RECORD)
    with _reading(folder, RECORD):
        content = read_small(folder / RECORD)
        if hashlib.sha256(content).hexdigest() != checksums[RECORD]:
            raise ChangedError(RECORD)
    return content


class OtherVersionError(PipelineError):
    """A run that another version of the pipeline wrote."""

    def __init__(self, folder: Path, found: str) -> None:
        self.folder = folder
        super().__init__(
            f"{found}; another version of the pipeline wrote it",
            where=f"run {folder}",
            remedy="Rename the folder, or retrain it with --fresh.",
        )


class UnreadableRunError(PipelineError):
    """A run that may be whole, with a file that cannot be read."""

    def __init__(self, folder: Path, name: str, error: OSError) -> None:
        self.folder = folder
        super().__init__(
            f"{name} cannot be read: {error.strerror}",
            where=f"run {folder}",
            remedy="Check the permissions of the folder and its files, and the disk.",
        )


@contextmanager
def _reading(folder: Path, name: str) -> Iterator[None]:
    """In the block, errors of the system or of the content become errors of the run."""
    try:
        yield
    except ChangedError as error:
        raise damaged(folder, str(error)) from None
    except (*MISSING, ValueError) as error:
        raise damaged(folder, f"{name} cannot be read: {error}") from None
    except OSError as error:
        raise UnreadableRunError(folder, name, error) from None


def damaged(folder: Path, found: str) -> PipelineError:
    """The error for a damaged run."""
    remedy = "Train it again, or remove the folder."
    return PipelineError(found, where=f"run {folder}", remedy=remedy)
