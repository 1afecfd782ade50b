"""A run that another process replaces or trains again while it is read or reused."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest
from finished_runs import finish

from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.files import lock
from pipeline.runs.folder import checkpoints_path, copy_run, remove_checkpoints
from pipeline.runs.listing import list_runs
from pipeline.runs.run import load_run


def test_what_is_read_of_a_run_belongs_together(tiny: Competition, tmp_path: Path) -> None:
    folder, stop = tmp_path / "a", threading.Event()
    rows = len(tiny.test_pixels)
    predicted = {seed: np.eye(3, dtype=np.float32)[[seed] * rows] for seed in (0, 1)}

    def replace(seed: int) -> None:
        finish(tiny, folder, 1, draw=seed, seed=seed, test=predicted[seed])

    def replace_often() -> None:
        seed = 1
        while not stop.is_set():
            replace(seed)
            seed = 1 - seed

    replace(0)
    writer = threading.Thread(target=replace_often)
    writer.start()
    try:
        read, errors = 0, []
        for _ in range(300):
            run = list_runs(tmp_path)[0]
            try:
                np.testing.assert_array_equal(
                    run.test_probabilities, predicted[run.record.identity.seed]
                )
                read += 1
            except PipelineError as error:
                errors.append(error.found)
    finally:
        stop.set()
        writer.join()
    assert read > 50
    assert read + len(errors) == 300
    assert {*errors} <= {"the run was replaced while it was read"}


def test_a_run_is_damaged_if_only_its_file_was_changed(tiny: Competition, tmp_path: Path) -> None:
    run = finish(tiny, tmp_path / "a", 1, draw=0)
    (run.folder / "test.npy").write_bytes(b"")
    with pytest.raises(PipelineError, match=r"test\.npy was changed or damaged"):
        run.test_probabilities  # noqa: B018
    with pytest.raises(PipelineError, match=r"test\.npy was changed or damaged"):
        load_run(run.folder)
    (run.folder / "test.npy").unlink()
    with pytest.raises(PipelineError, match=r"test\.npy is missing"):
        copy_run(run.folder, tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_checkpoints_of_a_finished_run_are_removed_unless_it_is_trained_again(
    tiny: Competition, tmp_path: Path
) -> None:
    ended = finish(tiny, tmp_path / "a", 1, draw=0).folder.stat().st_mtime
    checkpoint = checkpoints_path(tmp_path / "a") / "00000001-00000000" / "state.json"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_text("")
    os.utime(checkpoint, (ended + 1, ended + 1))
    remove_checkpoints(tmp_path / "a")
    assert checkpoint.exists()
    os.utime(checkpoint, (ended - 1, ended - 1))
    with lock(tmp_path / "a"):
        remove_checkpoints(tmp_path / "a")
        assert checkpoint.exists()
    remove_checkpoints(tmp_path / "a")
    assert not checkpoint.parent.parent.exists()
