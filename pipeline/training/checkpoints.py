"""Checkpoints: the saved state of a training, so that the same command can continue it.

The order of rows and their augmentation depend only on seed, epoch and step. So the state is: the
variables of the network (with the seed generators of dropout) and of its optimizer, the best
weights, the state of callbacks, and the history. A continued training gives the same bytes.

Keras' BackupAndRestore overwrites its file in place, and does not save the state of other callbacks
or of dropout.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy.typing as npt

from pipeline.checksums import MISSING, read_checksums, read_verified, write_checksums
from pipeline.documents import parse_arrays
from pipeline.errors import PipelineError
from pipeline.files import (
    arrays_bytes,
    new_folder,
    remove_folder,
    write_bytes,
    write_errors,
    write_json,
)
from pipeline.runs.record import Count, Environment, Identity
from pipeline.training.loop import Start

STATE, ARRAYS = "state.json", "arrays.npz"
KEPT = 2
MAX_SIZE = 1 << 26  # bytes of STATE; the history of a million epochs
MAX_SECONDS = 1e10  # of a training; finite
DAMAGE = (*MISSING, ValueError, KeyError, RecursionError, msgspec.MsgspecError)
NOT_TRAINED = ("tta_views", "tta_angles")  # settings that do not change the weights
TIMED = ("epochs", "min_steps")  # settings that a deadline replaces

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class State:
    """The state of a training between two steps, without its arrays.

    Attributes:
        epoch, step, means: where to continue, see `Start`.
        warm_up: whether it is in the warm-up.
        ended: whether its last epoch has ended.
        seconds: training time so far.
        callbacks: attributes of callbacks, by class and name.
    """

    epoch: Count
    step: Count
    means: dict[str, float]
    warm_up: bool
    ended: bool
    seconds: Annotated[float, msgspec.Meta(ge=0, le=MAX_SECONDS)]
    callbacks: dict[str, dict[str, Any]]

    @property
    def start(self) -> Start:
        return Start(self.epoch, self.step, self.means)


@dataclass(frozen=True)
class Checkpoint:
    """What is in the file STATE of a checkpoint.

    Attributes:
        identity, environment: of the training that wrote it.
    """

    state: State
    identity: Identity
    environment: Environment


@dataclass(frozen=True)
class Found:
    """The checkpoint from which a training continues.

    Attributes:
        damaged: how many newer checkpoints cannot be read.
    """

    state: State
    arrays: Arrays
    damaged: int = 0

    def __str__(self) -> str:
        """Where the training continues, in words."""
        text = f"continues in epoch {self.state.epoch + 1}"
        if self.state.ended:
            text = "training is finished, continues with the predictions"
        return f"{text} (the newest checkpoint is damaged)" if self.damaged else text


class Checkpoints:
    """The checkpoints of one training. Hold the lock of its run to write them.

    Args:
        folder: for these checkpoints alone.
        identity, environment: of the training. It is continued only where both are the same.
        timed: whether a deadline decides its number of epochs.
        replace: whether checkpoints of another training are replaced. If not, they are an error.
    """

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        environment: Environment,
        timed: bool = False,
        replace: bool = False,
    ) -> None:
        self.folder, self.identity, self.environment = folder, identity, environment
        self.timed, self.replace = timed, replace
        self._unusable: set[str] = set()  # names of checkpoints that cannot be read

    def load(self) -> Found | None:
        """The newest checkpoint that is not damaged, if there is one.

        Raises:
            PipelineError: it is of a training with other settings, data, versions or threads, or
                none can be read, but they may not be damaged.
        """
        unreadable = None
        for folder in reversed(self._folders()):
            try:
                found, arrays = _read(folder)
            except (*DAMAGE, OSError) as error:
                self._unusable.add(folder.name)
                if not isinstance(error, DAMAGE):  # such as too many open files
                    unreadable = error
                continue
            if not (differences := self._differences(found)):
                return Found(found.state, arrays, len(self._unusable))
            if self.timed or self.replace:
                return None
            raise PipelineError(
                "its unfinished training used other settings or versions",
                where=f"run {self.folder.name}",
                remedy="Use these again to continue it. To restart it, use --fresh, or remove "
                f"{self.folder}.",
                details=differences,
            )
        if unreadable:
            raise PipelineError(
                f"its checkpoints cannot be read: {unreadable.strerror}",
                where=f"run {self.folder.name}",
                remedy=f"Run the command again to continue it, or remove {self.folder} to restart "
                "it.",
            )
        return None

    def save(self, state: State, arrays: Arrays) -> None:
        """Writes a checkpoint, and removes all but the newest that can be read.

        Raises:
            WriteError: it cannot be written. Those before it stay.
        """
        name = f"{state.epoch:08}-{state.step:08}"
        with write_errors(self.folder):
            self._remove_others(name)
            with new_folder(self.folder / name) as folder:
                write_bytes(folder / ARRAYS, arrays_bytes(arrays, compress=False))
                content = Checkpoint(state, self.identity, self.environment)
                write_json(folder / STATE, asdict(content))
                write_checksums(folder)
            self._unusable.discard(name)
            folders = self._folders()
            usable = [folder for folder in folders if folder.name not in self._unusable]
            for old in folders:
                if old not in usable[-KEPT:]:
                    remove_folder(old)

    def remove(self) -> None:
        """Removes all checkpoints."""
        if self.folder.exists():
            remove_folder(self.folder)

    def _folders(self) -> list[Path]:
        """The checkpoints, the oldest first."""
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        return sorted(path for path in found if path.is_dir() and not path.name.startswith("."))

    def _remove_others(self, name: str) -> None:
        """Removes later checkpoints, which are damaged or of another training, and unfinished
        ones of killed processes."""
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            if path.is_dir() and (path.name > name or path.name.startswith(".")):
                remove_folder(path)

    def _differences(self, found: Checkpoint) -> list[str]:
        """What differs between a checkpoint's training and this one, in words."""
        ignored = {*NOT_TRAINED, *(TIMED if self.timed else ())}
        before, now = (_without(each, ignored) for each in (found.identity, self.identity))
        old, new = (_flat(each) for each in (found.environment, self.environment))
        if old["gpu"] and new["gpu"]:  # a job may get any GPU of the machine
            old["gpu"] = new["gpu"]
        return before.differences(now) + [
            f"{name}: {old.get(name)}, now {new.get(name)}"
            for name in old | new
            if old.get(name) != new.get(name)
        ]


def _read(folder: Path) -> tuple[Checkpoint, Arrays]:
    """Raises one of DAMAGE if it is damaged, or another OSError."""
    checksums = read_checksums(folder)
    state, content = (read_verified(folder, checksums, name) for name in (STATE, ARRAYS))
    if len(state) > MAX_SIZE:
        raise ValueError(f"{STATE} is too large")
    checkpoint = msgspec.convert(json.loads(state), Checkpoint)  # it may have infinite numbers
    return checkpoint, parse_arrays(content, len(content))


def _flat(environment: Environment) -> dict[str, Any]:
    """The values by name, with each package and each variable as one of them."""
    values = asdict(environment)
    packages, variables = (values.pop(name) for name in ("packages", "variables"))
    return values | packages | variables


def _without(identity: Identity, ignored: set[str]) -> Identity:
    settings = {name: each for name, each in identity.settings.items() if name not in ignored}
    return replace(identity, settings=settings)
