"""A training that is stopped goes on where it was, and ends in the same bytes."""

import json
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.checksums import write_checksums
from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.recipes import find_recipe
from pipeline.runs.run import Run
from pipeline.training.job import Job, make_job
from pipeline.training.progress import Progress
from pipeline.training.train import train

FILES = ("model.keras", "history.csv", "validation.npy", "test.npy")
# Recipes whose trainings have much to remember: plateau and early stopping, dropout, the cycle of a
# learning rate.
KINDS = {
    "dense": {},
    # With this learning rate the second epoch is worse than the first one.
    "conv-deep": {
        "epochs": 3,
        "learning_rate": 0.05,
        "plateau.patience": 0,
        "early_stopping": 1,
        "restore_best": True,
    },
    "fast": {"epochs": 4},
}


@pytest.fixture(autouse=True)
def interrupts() -> Iterator[None]:
    """SIGINT interrupts, also where the tests run behind `&`, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def job_of(name: str, tiny: Competition, **changes: object) -> Job:
    settings = {"epochs": 4, "batch_size": 16, **KINDS.get(name, {}), **changes}
    return make_job(find_recipe(name), settings, 0, tiny.hold_out)


def at_first_step(progress: Progress) -> bool:
    return not progress.epoch_ended


def at_end_of_epoch(progress: Progress) -> bool:
    return progress.epoch_ended


def stop_when(condition: Callable[[Progress], bool]) -> Callable[[Progress], None]:
    """An observer that interrupts the training, as Ctrl-C does."""

    def observe(progress: Progress) -> None:
        if condition(progress):
            signal.raise_signal(signal.SIGINT)

    return observe


def stopped(
    job: Job, tiny: Competition, folder: Path, *conditions: Callable[[Progress], bool]
) -> list[Path]:
    """The checkpoints of a training that was stopped under each condition, the oldest first."""
    for condition in conditions:
        with pytest.raises(KeyboardInterrupt):
            train(job, tiny, folder, stop_when(condition))
        assert not (folder / job.name).exists()
    return sorted((folder / "checkpoints" / job.name).iterdir())


@pytest.fixture(scope="module")
def stop_in_second_epoch(tiny, tmp_path_factory) -> Callable[[Job, Path], list[Path]]:
    """Makes the checkpoints after the first epoch, and after a step of the second one."""
    folder = tmp_path_factory.mktemp("stopped")

    def stop(job: Job, runs: Path) -> list[Path]:
        made = folder / "checkpoints" / job.name
        if not made.exists():
            stopped(job, tiny, folder, at_end_of_epoch, at_first_step)
        copy = shutil.copytree(made, runs / "checkpoints" / job.name)
        return sorted(copy.iterdir())

    return stop


@pytest.fixture(scope="module")
def whole(tiny, tmp_path_factory) -> Callable[[Job], Run]:
    """The run of a training that was never stopped."""
    folder = tmp_path_factory.mktemp("whole")
    runs: dict[str, Run] = {}

    def find(job: Job) -> Run:
        if job.name not in runs:
            runs[job.name] = train(job, tiny, folder)
        return runs[job.name]

    return find


def same_files(one: Run, other: Run) -> bool:
    return all(one.checksums[name] == other.checksums[name] for name in FILES)


def test_a_training_that_is_stopped_again_and_again_ends_in_the_same_bytes(
    tiny, tmp_path, whole
) -> None:
    job = job_of("dense", tiny)
    stopped(job, tiny, tmp_path, at_first_step, at_first_step, at_end_of_epoch, at_first_step)
    assert same_files(whole(job), train(job, tiny, tmp_path))


@pytest.mark.parametrize("name", KINDS)
def test_a_training_that_is_stopped_after_an_epoch_and_within_one_ends_in_the_same_bytes(
    name: str, tiny, tmp_path, whole, stop_in_second_epoch
) -> None:
    job = job_of(name, tiny)
    stop_in_second_epoch(job, tmp_path)
    again = train(job, tiny, tmp_path)
    assert same_files(whole(job), again)
    assert again.record.training == whole(job).record.training
    assert not list((tmp_path / "checkpoints").iterdir())


@pytest.mark.faults
def test_the_smaller_last_batch_of_an_epoch_is_never_the_first_of_a_process(tiny, tmp_path, whole):
    """TensorFlow would compute the others in another way, with other roundings."""
    job = job_of("lenet5-v2", tiny, epochs=2, batch_size=20)  # 20, 20 and 8 rows
    stopped(job, tiny, tmp_path, at_first_step, at_first_step)
    assert same_files(whole(job), train(job, tiny, tmp_path))


@pytest.mark.faults
def test_a_warm_up_is_continued_and_what_follows_too(tiny, tmp_path, whole) -> None:
    changes = {"epochs": 2, "min_side": 32, "backbone.warm_up_epochs": 2}
    job = job_of("transfer-tuned", tiny, **{"backbone.weights": "none"}, **changes)
    stopped(job, tiny, tmp_path, at_first_step, at_end_of_epoch, at_end_of_epoch)
    stopped(job, tiny, tmp_path, at_first_step, at_end_of_epoch)
    assert same_files(whole(job), train(job, tiny, tmp_path))


def without_variables(group: str) -> Callable[[Path], None]:
    """Sets a part of a checkpoint's arrays to zero."""

    def change(folder: Path) -> None:
        arrays = dict(np.load(folder / "arrays.npz"))
        chosen = [name for name in arrays if name.startswith(group)]
        if group == "seeds":
            chosen = [name for name in arrays if arrays[name].shape == (2,) and "model" in name]
            chosen = [name for name in chosen if arrays[name].dtype.kind == "i"]
        assert chosen
        np.savez(folder / "arrays.npz", **arrays | {n: np.zeros_like(arrays[n]) for n in chosen})

    return change


def without_memory(callback: str, **initial: object) -> Callable[[Path], None]:
    """Lets a callback remember what it does at the beginning of a training."""

    def change(folder: Path) -> None:
        content = json.loads((folder / "state.json").read_text())
        assert content["state"]["callbacks"][callback] != initial
        content["state"]["callbacks"][callback] = initial
        (folder / "state.json").write_text(json.dumps(content))

    return change


NAMES = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
PARTS = {
    "weights": without_variables("model"),
    "dropout": without_variables("seeds"),
    "optimizer": without_variables("optimizer"),
    "best weights": without_variables("best"),
    "best loss": without_memory("BestWeights", epoch=0, loss=float("inf")),
    "early stopping": without_memory(
        "EarlyStopping", wait=0, best=None, best_epoch=0, stopped_epoch=0
    ),
    "plateau": without_memory("ReduceLROnPlateau", wait=0, best=None, cooldown_counter=0),
    "history": without_memory("History", history={name: [9.0] for name in NAMES}),
}


@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_the_state_matters(
    part: str, tiny, tmp_path, whole, stop_in_second_epoch
) -> None:
    job = job_of("conv-deep", tiny, early_stopping=None if part == "plateau" else 1)
    newest = stop_in_second_epoch(job, tmp_path)[-1]
    PARTS[part](newest)
    (newest / "SHA256SUMS").unlink()
    write_checksums(newest)
    assert not same_files(whole(job), train(job, tiny, tmp_path))


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove", "empty"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before_it(
    damage, tiny, tmp_path, whole, stop_in_second_epoch
) -> None:
    job = job_of("dense", tiny)
    newest = stop_in_second_epoch(job, tmp_path)[-1]
    for file in newest.iterdir():
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        if damage == "remove":
            file.unlink()
        else:
            whole_file = {"flip": content, "truncate": content[:-1], "empty": b""}
            file.write_bytes(bytes(whole_file[damage]))
    epochs: list[int] = []
    again = train(job, tiny, tmp_path, lambda progress: epochs.append(progress.epoch))
    assert epochs[0] == 2  # after the first epoch, not from the start
    assert same_files(whole(job), again)


def test_without_a_whole_checkpoint_it_starts_again(
    tiny, tmp_path, whole, stop_in_second_epoch
) -> None:
    job = job_of("dense", tiny)
    for folder in stop_in_second_epoch(job, tmp_path):
        (folder / "arrays.npz").write_bytes(b"")
    assert same_files(whole(job), train(job, tiny, tmp_path))


def test_a_checkpoint_that_cannot_be_written_is_said_and_ends_nothing(
    tiny, tmp_path, whole
) -> None:
    job = job_of("dense", tiny)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / job.name).write_text("a file in the place of the folder")
    notes: list[str] = []

    def observe(progress: Progress) -> None:
        notes.append(progress.note)
        if at_end_of_epoch(progress):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(job, tiny, tmp_path, observe)
    (note,) = filter(None, notes)
    assert note.startswith("the checkpoint could not be saved. ")
    assert str(tmp_path / "checkpoints" / job.name) in note
    (tmp_path / "checkpoints" / job.name).unlink()
    assert same_files(whole(job), train(job, tiny, tmp_path))


def test_at_most_two_checkpoints_are_kept(tiny, tmp_path) -> None:
    job = job_of("dense", tiny)
    kept = stopped(job, tiny, tmp_path, *[at_end_of_epoch] * 3)
    assert [path.name for path in kept] == ["00000002-00000000", "00000003-00000000"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"learning_rate": 0.01}, "learning_rate: 0.001, now 0.01"),
        ({"threads": "3"}, "threads"),
    ],
)
def test_a_changed_training_is_not_continued(
    changed, said, tiny, tmp_path, monkeypatch, stop_in_second_epoch
) -> None:
    job = job_of("dense", tiny)
    checkpoints = stop_in_second_epoch(job, tmp_path)
    before = {path: path.read_bytes() for folder in checkpoints for path in folder.iterdir()}
    if "threads" in changed:
        monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "3")
    else:
        job = replace(job, recipe=job.recipe.change(**changed))
    with pytest.raises(PipelineError) as error:
        train(job, tiny, tmp_path)
    assert said in error.value.message
    assert str(tmp_path / "checkpoints" / job.name) in error.value.message
    assert before == {path: path.read_bytes() for path in before}
    assert train(job, tiny, tmp_path, replace=True).name == job.name


def test_other_views_do_not_keep_a_training_from_going_on(
    tiny, tmp_path, stop_in_second_epoch
) -> None:
    job = job_of("dense", tiny)
    stop_in_second_epoch(job, tmp_path)
    epochs: list[int] = []
    job = replace(job, recipe=job.recipe.change(tta_views=5))
    train(job, tiny, tmp_path, lambda progress: epochs.append(progress.epoch))
    assert epochs[0] == 2


def test_a_training_with_a_deadline_goes_on_with_a_new_one(
    tiny, tmp_path, stop_in_second_epoch
) -> None:
    job = replace(job_of("fast", tiny, epochs=50), deadline=time.time() + 60)
    stop_in_second_epoch(job, tmp_path)
    epochs: list[int] = []
    run = train(
        replace(job, deadline=time.time()),
        tiny,
        tmp_path,
        lambda progress: epochs.append(progress.epoch),
    )
    assert epochs[0] == 2
    pace = run.record.settings["pace"]
    assert pace[0] == 0.02
    assert pace[-1] == 1
    assert len(pace) == len(run.history) < 50


def test_the_log_of_a_continued_training_has_every_epoch(tiny, tmp_path) -> None:
    job = job_of("dense", tiny)
    stopped(job, tiny, tmp_path, at_end_of_epoch, at_end_of_epoch)
    run = train(job, tiny, tmp_path)
    lines = (run.folder / "log.txt").read_text().splitlines()
    assert [int(re.findall(r"epoch (\d+)/", line)[0]) for line in lines] == [1, 2, 3, 4]


def set_value(*path: str, value: object) -> Callable[[Path], None]:
    """Changes a value in the state of a checkpoint."""

    def change(folder: Path) -> None:
        content = json.loads((folder / "state.json").read_text())
        place = content["state"]
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value
        (folder / "state.json").write_text(json.dumps(content))

    return change


def change_array(change: Callable[[dict[str, np.ndarray]], object]) -> Callable[[Path], None]:
    def change_file(folder: Path) -> None:
        arrays = dict(np.load(folder / "arrays.npz"))
        change(arrays)
        np.savez(folder / "arrays.npz", **arrays)

    return change_file


FIRST = "model/00000"
CRAFTED = {
    "no callbacks": set_value("callbacks", value={}),
    "text for a number": set_value("callbacks", "BestWeights", "loss", value="low"),
    "no best loss": set_value("callbacks", "BestWeights", value={"epoch": 0}),
    "best weights of no epoch": set_value(
        "callbacks", "BestWeights", value={"epoch": None, "loss": float("inf")}
    ),
    "a best epoch that is to come": set_value("callbacks", "BestWeights", "epoch", value=1),
    "a warm-up": set_value("warm_up", value=True),
    "more epochs than the history": set_value("epoch", value=2),
    "more steps than an epoch has": set_value("step", value=99),
    "no means of the steps": set_value("means", value={}),
    "a history of fewer values": set_value("callbacks", "History", "history", value={}),
    "a history of one more": set_value(
        "callbacks", "History", "history", value={name: [1.0, 1.0] for name in NAMES}
    ),
    "a history that is not finite": set_value(
        "callbacks", "History", "history", value={name: [float("nan")] for name in NAMES}
    ),
    "lines that cannot be written": set_value(
        "callbacks", "ReportProgress", "lines", value=["\ud800"]
    ),
    "an array that is missing": change_array(lambda arrays: arrays.pop(FIRST)),
    "an array of another shape": change_array(lambda a: a.update({FIRST: a[FIRST][:-1]})),
    "an array of another type": change_array(lambda a: a.update({FIRST: a[FIRST].astype(str)})),
    "no best weights": change_array(
        lambda a: [a.pop(name) for name in list(a) if name.startswith("best")]
    ),
}


@pytest.mark.parametrize("kind", CRAFTED)
def test_a_checkpoint_that_no_training_wrote_is_refused(
    kind: str, tiny, tmp_path, stop_in_second_epoch
) -> None:
    """Its checksums are right."""
    job = job_of("dense", tiny)
    newest = stop_in_second_epoch(job, tmp_path)[-1]
    CRAFTED[kind](newest)
    (newest / "SHA256SUMS").unlink()
    write_checksums(newest)
    with pytest.raises(PipelineError) as error:
        train(job, tiny, tmp_path)
    assert error.value.found.startswith("its checkpoint is not one of this training: ")
    assert str(newest.parent) in str(error.value.remedy)
    assert not (tmp_path / job.name).exists()
    assert newest.exists()


@pytest.mark.parametrize("ends", [[1.0], [0.5, 0.5, 1.0]])
def test_a_pace_that_no_training_had_is_refused(ends, tiny, tmp_path, stop_in_second_epoch) -> None:
    job = replace(job_of("fast", tiny, epochs=50), deadline=time.time() + 60)
    newest = stop_in_second_epoch(job, tmp_path)[-1]
    set_value("callbacks", "KeepPace", "ends", value=ends)(newest)
    (newest / "SHA256SUMS").unlink()
    write_checksums(newest)
    with pytest.raises(PipelineError, match="not one of this training: pace"):
        train(job, tiny, tmp_path)
