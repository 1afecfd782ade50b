"""The other files of a run are data too: no pickle, bounded sizes and depths, names beside it."""

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from folders import sign

import pipeline as pp
from pipeline.errors import PipelineError
from pipeline.runs.run import Run, load_run

Attack = Callable[[Path, Path], object]


class Touch:
    """An object whose unpickling writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


def npy(dtype: str, shape: tuple[int, ...], content: bytes = b"") -> bytes:
    """A .npy file that says what it holds."""
    file = io.BytesIO()
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + content


def objects(path: Path, canary: Path) -> None:
    path.write_bytes(npy("|O", (1,), pickle.dumps([Touch(canary)])))


def packed_zeros(path: Path, canary: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("filters.npy", bytes(270 << 20))


def huge_array_in_archive(path: Path, canary: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("filters.npy", npy("<f4", (10**12,)))


def objects_in_archive(path: Path, canary: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("filters.npy", npy("|O", (1,), pickle.dumps([Touch(canary)])))


def edited(**changes: Any) -> Attack:
    """A run.json with other values, named by their path."""

    def change(path: Path, canary: Path) -> None:
        record = json.loads(path.read_text())
        for name, value in changes.items():
            *parts, last = name.split("__")
            place = record
            for part in parts:
                place = place[part]
            place[last] = value
        path.write_text(json.dumps(record))

    return change


def content(value: bytes) -> Attack:
    return lambda path, canary: path.write_bytes(value)


def large(path: Path, canary: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(3 << 30)  # sparse


def nested(path: Path, canary: Path) -> None:
    text = path.read_text().replace('"settings": {', '"settings": {"deep": ' + "[" * 10**5, 1)
    path.write_text(text)


def a_pipe(path: Path, canary: Path) -> None:
    path.unlink()
    os.mkfifo(path)


READ = {
    "run.json": lambda run: (run.validation, run.members),
    "test.npy": lambda run: run.test_probabilities,
    "validation.npy": lambda run: run.validation,
    "validation_rows.npy": lambda run: run.validation,
    "validation_labels.npy": lambda run: run.validation,
    "explanation.npz": lambda run: run.explanation,
    "layers.json": lambda run: run.layers,
    "history.csv": lambda run: run.history,
    "SHA256SUMS": lambda run: run,
}
ATTACKS: list[tuple[str, Attack]] = [
    ("test.npy", objects),
    ("validation_labels.npy", objects),
    ("test.npy", content(pickle.dumps([1]))),
    ("test.npy", content(npy("<f4", (10**12, 3)))),
    ("test.npy", content(npy("<f4", (-1, 3)))),
    ("test.npy", content(npy("<f8", (12, 3), bytes(288)))),
    ("test.npy", content(npy("<f4", (3, 12), bytes(144)))),
    ("test.npy", content(b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535)),
    ("test.npy", content(b"\x93NUMPY\x02\x00\xff\xff\xff\xff")),
    ("validation_rows.npy", content(npy("<i8", (12,), b"\xff" * 96))),
    ("validation_labels.npy", content(npy("<i8", (12,), b"\x09" + bytes(95)))),
    ("explanation.npz", packed_zeros),
    ("explanation.npz", huge_array_in_archive),
    ("explanation.npz", objects_in_archive),
    ("explanation.npz", content(b"PK\x05\x06")),
    ("layers.json", content(b"[" * 10**6)),
    ("layers.json", content(b"{}")),
    ("history.csv", content(b'"')),
    ("history.csv", content(b"\xff\xfe")),
    ("run.json", content(b"[" * 10**6)),
    ("run.json", large),
    ("run.json", nested),
    ("run.json", edited(scores__n=10**30)),
    ("run.json", edited(members=["../../other"])),
    ("run.json", edited(members=["dense"])),
    ("run.json", edited(members=["/etc"], identity__members=["x"])),
    ("run.json", edited(scores__accuracy="1" * 10**6)),
]


@pytest.mark.parametrize(("name", "attack"), ATTACKS)
def test_a_hostile_file_of_a_run_with_valid_checksums_is_refused(
    name: str, attack: Attack, run: Path, canary: Path
) -> None:
    attack(run / name, canary)
    sign(run)
    with pytest.raises(PipelineError) as caught:
        READ[name](load_run(run))
    assert str(caught.value.where) == f"run {run}"
    assert len(caught.value.message) < 1000


@pytest.mark.parametrize(
    "attack",
    [
        large,
        a_pipe,
        lambda path, canary: path.write_text(path.read_text() + f"{'0' * 64}  ../../secret\n"),
        lambda path, canary: path.write_text(path.read_text() + f"{'0' * 64}  /etc/passwd\n"),
        lambda path, canary: path.write_text(path.read_text() + f"{'0' * 64}  ..\n"),
    ],
)
def test_hostile_checksums_are_refused(attack: Attack, run: Path, canary: Path) -> None:
    attack(run / "SHA256SUMS", canary)
    with pytest.raises(PipelineError) as caught:
        load_run(run)
    assert str(caught.value.where) == f"run {run}"


def test_a_hostile_run_does_not_hide_the_others(run: Path, tiny_folder: Path, canary: Path) -> None:
    bad = run.parent / "bad"
    bad.mkdir()
    for path in run.iterdir():
        (bad / path.name).write_bytes(path.read_bytes())
    nested(bad / "run.json", canary)
    sign(bad)
    skipped: list[PipelineError] = []
    table = pp.leaderboard(tiny_folder, runs=run.parent.parent, on_damage=skipped.append)
    assert (table["run"].tolist(), len(skipped)) == (["dense"], 1)


@pytest.mark.parametrize("value", [b"[" * 10**6, b"\xff", b"{}", b'{"budget": 1}', None])
def test_a_hostile_plan_is_refused(
    value: bytes | None, tiny_folder: Path, tmp_path: Path, canary: Path, refuse: Callable[..., str]
) -> None:
    plan = tmp_path / "plan.json"
    if value is None:
        large(plan, canary)
    else:
        plan.write_bytes(value)
    assert str(plan) in refuse("train", tiny_folder, "--plan", plan, "--runs", tmp_path / "runs")


@pytest.mark.parametrize(
    "attack", [content(b"a = " + b"[" * 10**5), content(b"seed = " + b"9" * 5000), large, a_pipe]
)
def test_a_hostile_competition_toml_is_refused(
    attack: Attack, folder: Any, canary: Path, refuse: Callable[..., str]
) -> None:
    folder.fill()
    path = folder.write("competition.toml", "")
    attack(path, canary)
    assert str(path) in refuse("inspect", folder.path)


@pytest.mark.parametrize(
    "value",
    [
        b"\n",
        b"null\n",
        b"[1]\n",
        b'{"op_code": 99}\n',
        b'{"op_code": 0, "worker_id": "x", "study_name": "tiny", "directions": [9]}\n',
        b"[" * 10**5 + b"\n",
        b"cos\nsystem\n(S'touch canary'\ntR.",
        b"\xff\xff\n",
    ],
)
def test_a_hostile_journal_of_a_tuning_is_refused(
    value: bytes, tiny_folder: Path, tmp_path: Path, canary: Path, refuse: Callable[..., str]
) -> None:
    journal = tmp_path / "runs" / "tiny" / "tuning" / "fast.journal"
    journal.parent.mkdir(parents=True)
    journal.write_bytes(value)
    runs = ("--runs", tmp_path / "runs")
    message = refuse("tune", tiny_folder, "--model", "fast", "--show", *runs)
    assert "fast.journal" in message


def test_a_run_as_it_was_written_is_still_read(run: Path, trained: Run) -> None:
    sign(run)
    np.testing.assert_array_equal(load_run(run).test_probabilities, trained.test_probabilities)
    assert load_run(run).layers == trained.layers
    assert load_run(run).explanation.keys() == trained.explanation.keys()
