"""The files of checkpoints: which one is used, and which ones are kept. Nothing is trained."""

import json
import math
import zipfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.checksums import write_checksums
from pipeline.errors import PipelineError
from pipeline.files import WriteError
from pipeline.runs.record import Environment, Identity
from pipeline.training.checkpoints import Checkpoints, State

STATE = State(2, 0, {}, False, False, 1.5, {"BestWeights": {"epoch": 1, "loss": math.inf}})
SETTINGS = {"epochs": 9, "min_steps": 0, "tta_views": 1, "tta_angles": 1, "optimizer": "adam"}
IDENTITY = Identity("dense", SETTINGS, 0, "data", "fold")
ENVIRONMENT = Environment("0.1", "3.11", {"keras": "3"}, "tensorflow", "float32", "x86", 2)
ARRAYS = {"model/00000": np.arange(6.0).reshape(2, 3), "optimizer/00000": np.array(7)}


def open_checkpoints(folder: Path, **changes: Any) -> Checkpoints:
    usual: dict[str, Any] = {"identity": IDENTITY, "environment": ENVIRONMENT}
    return Checkpoints(folder / "dense", **usual | changes)


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    return open_checkpoints(tmp_path)


@pytest.fixture
def saved(checkpoints: Checkpoints) -> list[Path]:
    """Two checkpoints, the older one first."""
    checkpoints.save(replace(STATE, epoch=1), ARRAYS)
    checkpoints.save(STATE, ARRAYS)
    return sorted(checkpoints.folder.iterdir())


def test_there_is_none_at_first(checkpoints: Checkpoints) -> None:
    assert checkpoints.load() is None
    checkpoints.remove()


def test_the_newest_one_is_found_as_it_was_saved(checkpoints: Checkpoints, saved) -> None:
    found = checkpoints.load()
    assert found is not None
    assert found.state == STATE
    assert (found.state.start.epoch, found.state.start.step) == (2, 0)
    assert list(found.arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found.arrays[name], array)
        assert found.arrays[name].dtype == array.dtype
    assert (found.damaged, str(found)) == (0, "continues in epoch 3")


def test_where_it_continues_is_told(checkpoints: Checkpoints, saved) -> None:
    (saved[-1] / "arrays.npz").write_bytes(b"")
    assert str(checkpoints.load()) == "continues in epoch 2 (the newest checkpoint is damaged)"
    checkpoints.save(replace(STATE, ended=True), ARRAYS)
    assert str(checkpoints.load()) == "training is finished, continues with the predictions"


def test_two_are_kept_and_what_comes_after_the_saved_one_is_removed(
    checkpoints: Checkpoints, saved
) -> None:
    def names() -> list[str]:
        return sorted(path.name for path in checkpoints.folder.iterdir())

    for state in (replace(STATE, step=7), replace(STATE, epoch=3)):
        checkpoints.save(state, ARRAYS)
    assert names() == ["00000002-00000007", "00000003-00000000"]
    (checkpoints.folder / ".00000004-00000000.tmp").mkdir()
    checkpoints.save(replace(STATE, step=8), ARRAYS)
    assert names() == ["00000002-00000007", "00000002-00000008"]
    checkpoints.save(replace(STATE, step=8, seconds=9), ARRAYS)
    assert checkpoints.load().state.seconds == 9  # type: ignore[union-attr]
    checkpoints.remove()
    assert not checkpoints.folder.exists()


def test_other_files_in_the_folder_are_no_checkpoints(checkpoints: Checkpoints, saved) -> None:
    (checkpoints.folder / "notes.txt").write_text("")
    found = checkpoints.load()
    assert found is not None
    assert (found.state, found.damaged) == (STATE, 0)
    checkpoints.save(replace(STATE, step=1), ARRAYS)
    assert (checkpoints.folder / "notes.txt").exists()


def test_one_that_was_not_finished_is_not_used(checkpoints: Checkpoints, saved) -> None:
    for folder in saved:
        folder.rename(folder.with_name(f".{folder.name}.tmp"))
    assert checkpoints.load() is None


def test_arrays_are_not_compressed_as_that_takes_longer_than_writing_them(saved) -> None:
    with zipfile.ZipFile(saved[-1] / "arrays.npz") as archive:
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}


def test_one_that_cannot_be_written_leaves_those_before_it(
    checkpoints: Checkpoints, saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space")))
    for state in (replace(STATE, epoch=3), replace(STATE, seconds=9)):
        with pytest.raises(WriteError, match="No space"):
            checkpoints.save(state, ARRAYS)
        assert checkpoints.load().state == STATE  # type: ignore[union-attr]


def test_files_that_cannot_be_opened_are_not_damaged(
    checkpoints: Checkpoints, saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, unreadable = Path.read_bytes, saved[:]

    def fail(path: Path) -> bytes:
        if path.parent in unreadable:
            raise OSError(24, "Too many open files")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(PipelineError, match="Too many open files") as error:
        checkpoints.load()
    assert error.value.found == "its checkpoints cannot be read: Too many open files"
    assert error.value.where == "run dense"
    assert error.value.remedy == (
        f"Run the command again to continue it, or remove {checkpoints.folder} to restart it."
    )
    assert sorted(checkpoints.folder.iterdir()) == saved
    del unreadable[0]
    found = checkpoints.load()
    assert found is not None
    assert found.state.epoch == 1
    unreadable.clear()
    found = open_checkpoints(checkpoints.folder.parent).load()
    assert found is not None
    assert (found.state.epoch, found.damaged) == (2, 0)


def test_damaged_ones_are_not_among_the_two_that_are_kept(checkpoints: Checkpoints, saved) -> None:
    (saved[0] / "state.json").write_text("damaged")
    (saved[1] / "state.json").unlink()
    assert checkpoints.load() is None
    for epoch in (3, 4):
        checkpoints.save(replace(STATE, epoch=epoch), ARRAYS)
    names = ["00000003-00000000", "00000004-00000000"]
    assert sorted(path.name for path in checkpoints.folder.iterdir()) == names
    (checkpoints.folder / names[1] / "state.json").unlink()
    again = open_checkpoints(checkpoints.folder.parent)
    again.load()
    again.save(replace(STATE, epoch=5), ARRAYS)
    names = ["00000003-00000000", "00000005-00000000"]
    assert sorted(path.name for path in checkpoints.folder.iterdir()) == names


def test_a_folder_that_cannot_be_listed_is_named(
    checkpoints: Checkpoints, saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "iterdir", lambda _: (_ for _ in ()).throw(OSError(13, "denied")))
    with pytest.raises(WriteError, match="denied") as error:
        checkpoints.save(STATE, ARRAYS)
    assert error.value.where == checkpoints.folder


def edit(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """A change of the content of state.json."""

    def edit(folder: Path) -> None:
        content = json.loads((folder / "state.json").read_text())
        change(content)
        (folder / "state.json").write_text(json.dumps(content))

    return edit


def set_state(name: str, value: object) -> Callable[[Path], None]:
    return edit(lambda content: content["state"].update({name: value}))


def write(name: str, content: bytes) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return write


def write_archive(compression: int) -> Callable[[Path], None]:
    """An archive of an array that says it is larger than it is."""

    def write(folder: Path) -> None:
        with zipfile.ZipFile(folder / "arrays.npz", "w", compression) as archive:
            shape = b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999,), }"
            archive.writestr("a.npy", b"\x93NUMPY\1\0\x76\0" + shape.ljust(117) + b"\n" + bytes(99))

    return write


def encrypt(folder: Path) -> None:
    """Says that the first array is encrypted."""
    content = bytearray((folder / "arrays.npz").read_bytes())
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    (folder / "arrays.npz").write_bytes(content)


CRAFTED = {
    "an epoch below 0": set_state("epoch", -1),
    "an epoch that is text": set_state("epoch", "2"),
    "an epoch of a thousand digits": set_state("epoch", 10**1000),
    "a step below 0": set_state("step", -1),
    "a time below 0": set_state("seconds", -0.1),
    "an endless time": set_state("seconds", math.inf),
    "a time that is no number": set_state("seconds", math.nan),
    "means that are a list": set_state("means", [1.0]),
    "callbacks that are text": set_state("callbacks", "BestWeights"),
    "a callback that is a list": set_state("callbacks", {"BestWeights": []}),
    "no state": edit(lambda content: content.pop("state")),
    "no identity": edit(lambda content: content.pop("identity")),
    "threads that are text": edit(lambda content: content["environment"].update(threads="2")),
    "no JSON": write("state.json", b"{"),
    "brackets without an end": write("state.json", b"[" * 100_000),
    "a number that is too long": write("state.json", b"1" * 10_000),
    "bytes that are no text": write("state.json", b'"\xff"'),
    "no archive": write("arrays.npz", b"PK\3\4"),
    "a huge array": write_archive(zipfile.ZIP_STORED),
    "a huge array that is compressed": write_archive(zipfile.ZIP_DEFLATED),
    "an LZMA archive": write_archive(zipfile.ZIP_LZMA),
    "a bzip2 archive": write_archive(zipfile.ZIP_BZIP2),
    "an encrypted array": encrypt,
}


@pytest.mark.parametrize("kind", CRAFTED)
def test_one_of_other_values_with_right_checksums_is_left_out(
    kind: str, checkpoints: Checkpoints, saved
) -> None:
    CRAFTED[kind](saved[-1])
    (saved[-1] / "SHA256SUMS").unlink()
    write_checksums(saved[-1])
    found = checkpoints.load()
    assert found is not None
    assert (found.state.epoch, found.damaged) == (1, 1)


def test_a_state_that_is_too_large_is_left_out(
    checkpoints: Checkpoints, saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = (saved[-1] / "state.json").stat().st_size
    monkeypatch.setattr("pipeline.training.checkpoints.MAX_SIZE", size)
    assert checkpoints.load() is not None
    monkeypatch.setattr("pipeline.training.checkpoints.MAX_SIZE", size - 1)
    assert checkpoints.load() is None  # both are as large


@pytest.mark.parametrize("name", ["state.json", "arrays.npz", "SHA256SUMS"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_one_is_left_out(name: str, damage: str, checkpoints: Checkpoints, saved) -> None:
    for folder in saved:
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).unlink()
        if damage != "remove":
            (folder / name).write_bytes(content if damage == "flip" else content[:-1])
    assert checkpoints.load() is None


CHANGED = {
    "learning rate": ({"identity": replace(IDENTITY, settings=SETTINGS | {"optimizer": "sgd"})},
                      "optimizer: adam, now sgd"),
    "seed": ({"identity": replace(IDENTITY, seed=1)}, "the seed"),
    "GPU": ({"environment": replace(ENVIRONMENT, gpu="Tesla T4")}, "gpu: None, now Tesla T4"),
    "packages": ({"environment": replace(ENVIRONMENT, packages={"keras": "4"})},
                 "keras: 3, now 4"),
    "variables": ({"environment": replace(ENVIRONMENT, variables={"TF32": "0"})},
                  "TF32: None, now 0"),
    "threads": ({"environment": replace(ENVIRONMENT, threads=4)}, "threads: 2, now 4"),
    "epochs": ({"identity": replace(IDENTITY, settings=SETTINGS | {"epochs": 5})},
               "epochs: 9, now 5"),
}  # fmt: skip


def test_a_training_is_continued_on_another_model_of_gpu(tmp_path: Path) -> None:
    for gpu in ("Tesla T4", "NVIDIA H200"):
        checkpoints = open_checkpoints(tmp_path, environment=replace(ENVIRONMENT, gpu=gpu))
        if gpu == "Tesla T4":
            checkpoints.save(STATE, ARRAYS)
        assert checkpoints.load() is not None


@pytest.mark.parametrize("kind", CHANGED)
def test_one_of_another_training_is_an_error_unless_it_is_replaced(
    kind: str, tmp_path: Path, saved
) -> None:
    changes, said = CHANGED[kind]
    with pytest.raises(PipelineError) as error:
        open_checkpoints(tmp_path, **changes).load()
    assert error.value.details == (said,)
    assert error.value.where == "run dense"
    assert error.value.found == "its unfinished training used other settings or versions"
    assert error.value.remedy == (
        "Use these again to continue it. To restart it, use --fresh, or remove "
        f"{tmp_path / 'dense'}."
    )
    assert open_checkpoints(tmp_path, replace=True, **changes).load() is None
    timed = open_checkpoints(tmp_path, timed=True, **changes).load()
    assert (timed is not None) == (kind == "epochs")


def test_settings_that_change_no_weight_do_not_matter(tmp_path: Path, saved) -> None:
    other = replace(IDENTITY, settings=SETTINGS | {"tta_views": 5, "tta_angles": 9})
    assert open_checkpoints(tmp_path, identity=other).load() is not None
    assert open_checkpoints(tmp_path, replace=True).load() is not None


def test_what_is_compared_is_in_the_file(saved) -> None:
    content = json.loads((saved[-1] / "state.json").read_text())
    assert content.keys() == {"state", "identity", "environment"}
    assert content["environment"] == asdict(ENVIRONMENT)
