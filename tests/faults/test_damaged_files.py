"""Damaged files: every flipped bit and every truncation is found, named, and worked around."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import optuna
import pytest
from damage import flips, truncations
from figures import Figures
from finished_runs import finish

import pipeline as pp
from pipeline.checksums import CHECKSUMS
from pipeline.competition import cache as cache_module
from pipeline.competition.competition import Competition
from pipeline.documents import seal
from pipeline.errors import PipelineError
from pipeline.planning.plan import Plan, PlannedTraining, read_plan, write_plan
from pipeline.runs.fold_file import load_folds
from pipeline.runs.record import Environment, Identity, encode
from pipeline.runs.reveal import REVEAL, Reveal, load_reveal
from pipeline.runs.run import Run, load_run
from pipeline.training.checkpoints import ARRAYS, STATE, Checkpoints, State
from pipeline.tuning.study import Place

FEW, MANY = (12, 4), (200, 60)  # flipped bits and truncations of a file
AMOUNTS = [
    pytest.param(FEW, id="some"),
    pytest.param(MANY, id="many", marks=pytest.mark.faults),
]
RUN_FILES = ["run.json", "SHA256SUMS", "validation.npy", "validation_rows.npy",
             "validation_labels.npy", "test.npy", "model.keras", "history.csv", "layers.json",
             "explanation.npz", "log.txt"]  # fmt: skip


def damages(path: Path, amount: tuple[int, int]) -> Iterator[bytes]:
    content = path.read_bytes()
    yield from flips(content, amount[0])
    yield from truncations(content, amount[1])
    path.write_bytes(content)


def count_found(
    path: Path, amount: tuple[int, int], use: Callable[[], object], named: str
) -> tuple[int, int]:
    """How many of the damages are refused with an error that names the file, and of how many."""
    found = total = 0
    for damaged in damages(path, amount):
        path.write_bytes(damaged)
        total += 1
        try:
            use()
        except PipelineError as error:
            found += named in str(error)
    return found, total


@pytest.fixture(scope="module")
def run(tiny: Competition, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run, whose model is noise: its content does not matter."""
    folder = tmp_path_factory.mktemp("runs") / "tiny" / "dense"
    noise = np.random.default_rng(0).bytes(2000)
    return finish(tiny, folder, 1.0, draw=0, model=noise)


@pytest.mark.parametrize("amount", AMOUNTS)
@pytest.mark.parametrize("name", RUN_FILES)
def test_damage_of_a_run_is_found(
    run: Run, name: str, amount: tuple[int, int], figures: Figures
) -> None:
    path = run.folder / name
    found, total = count_found(path, amount, lambda: load_run(run.folder).verify(), name)
    assert found == total
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(PipelineError, match=name):
        load_run(run.folder).verify()
    path.write_bytes(content)
    load_run(run.folder).verify()
    figures.add("Damaged files", f"`{name}` of a run", "all found and named", total + 1)


@pytest.mark.parametrize("amount", AMOUNTS)
def test_damage_of_a_plan_is_found(
    tmp_path: Path, amount: tuple[int, int], figures: Figures
) -> None:
    path = tmp_path / "plan-30m.json"
    training = PlannedTraining("dense-pace=8", "dense", {"epochs": 12, "l2": 1e-3}, 3, 2, 1200)
    plan = Plan("30m", "0" * 64, 2, 1234.5, (training,) * 3)
    write_plan(path, plan)
    assert read_plan(path) == plan
    found, total = count_found(path, amount, lambda: read_plan(path), path.name)
    assert found == total
    figures.add("Damaged files", "`plan-30m.json`", "all found and named", total)


@pytest.mark.parametrize("amount", AMOUNTS)
def test_damage_of_a_revealed_score_is_found(
    tiny_folder: Path, tmp_path: Path, amount: tuple[int, int], figures: Figures
) -> None:
    competition = pp.load(tiny_folder, holdout=0.2)
    run = finish(competition, tmp_path / "dense", 1.0, draw=0)
    made = Reveal("dense", "0" * 64, competition.fingerprint, 0.2, run.scores, "2026-11-21")
    path = tmp_path / REVEAL
    path.write_text(seal(encode(made)))
    assert load_reveal(competition, tmp_path) == made
    found, total = count_found(path, amount, lambda: load_reveal(competition, tmp_path), path.name)
    assert found == total
    figures.add("Damaged files", "`reveal.json`", "all found and named", total)


@pytest.mark.parametrize("amount", AMOUNTS)
def test_damaged_folds_are_made_again(
    tiny: Competition, tmp_path: Path, amount: tuple[int, int], figures: Figures
) -> None:
    before = load_folds(tiny, 3, tmp_path)
    total = 0
    paths = sorted(tmp_path.iterdir())
    contents = [path.read_bytes() for path in paths]
    for path in paths:
        for damaged in [*damages(path, amount), None]:
            path.write_bytes(damaged) if damaged is not None else path.unlink()
            total += 1
            again = load_folds(tiny, 3, tmp_path)
            assert [fold.digest for fold in again] == [fold.digest for fold in before]
            assert [path.read_bytes() for path in paths] == contents
            if path.suffix == ".csv" and damaged is not None:
                assert "made again" in again[0].notes[-1]
    figures.add("Damaged files", "`folds-3-….csv` and its checksum", "all made again", total)


@pytest.mark.parametrize("amount", AMOUNTS)
@pytest.mark.parametrize("name", [STATE, ARRAYS, CHECKSUMS])
def test_a_damaged_checkpoint_gives_way_to_the_one_before_it(
    tmp_path: Path, name: str, amount: tuple[int, int], figures: Figures
) -> None:
    identity = Identity("dense", {"epochs": 9}, 0, "data", "fold")
    environment = Environment("0.1", "3.11", {"keras": "3"}, "tensorflow", "float32", "x86", 2)
    checkpoints = Checkpoints(tmp_path / "dense", identity, environment)
    callbacks: dict[str, dict[str, object]] = {"BestWeights": {"epoch": 1, "loss": 0.5}}
    for epoch in (1, 2):
        state = State(epoch, 0, {"loss": 0.5}, False, True, 1.5, callbacks)
        checkpoints.save(state, {"model/00000": np.full((2, 3), float(epoch))})
    newest = max((tmp_path / "dense").iterdir())
    used = total = 0
    for damaged in [*damages(newest / name, amount), None]:
        (newest / name).unlink() if damaged is None else (newest / name).write_bytes(damaged)
        found = checkpoints.load()
        assert found is not None
        assert found.damaged == 1
        used += found.state.epoch == 1 and bool((found.arrays["model/00000"] == 1).all())
        total += 1
    assert used == total
    figures.add("Damaged files", f"`{name}` of a checkpoint", "the one before it is used", total)


@pytest.mark.faults
def test_a_damaged_cache_is_made_again(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figures: Figures
) -> None:
    monkeypatch.setattr(cache_module, "TIME_RESOLUTION", -1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    expected = pp.load(tiny_folder)
    (entry,) = cache_module.cache_folder().glob("[!.]*")
    total = 0
    for name in sorted(path.name for path in entry.iterdir()):
        content = (entry / name).read_bytes()
        for damaged in [*flips(content, MANY[0]), *truncations(content, MANY[1]), None]:
            inode = (entry / "train_pixels.npy").stat().st_ino
            (entry / name).unlink() if damaged is None else (entry / name).write_bytes(damaged)
            found = pp.load(tiny_folder)
            assert np.array_equal(found.train_pixels, expected.train_pixels)
            assert found.fingerprint == expected.fingerprint
            assert (entry / "train_pixels.npy").stat().st_ino != inode  # it was read again
            total += 1
    figures.add("Damaged files", "files of the cache, changed", "all found and made again", total)


@pytest.mark.parametrize("amount", AMOUNTS)
def test_damage_of_the_journal_of_a_tuning_is_found(
    tmp_path: Path, amount: tuple[int, int], figures: Figures
) -> None:
    place = Place("dense", tmp_path / "dense.journal")
    place.prepare()
    study = optuna.create_study(storage=place.open(), study_name=place.name)
    study.optimize(lambda trial: trial.suggest_float("rate", 0, 1) ** 2, n_trials=3)
    lines = place.journal.read_bytes().splitlines(keepends=True)
    assert len(lines) >= 10

    def is_found(damaged: bytes, whole: bytes) -> bool:
        """Whether the damage is named, or all that is whole is kept when a line is added."""
        place.journal.write_bytes(damaged)
        try:
            place.prepare()
            optuna.create_study(storage=place.open(), study_name="other")
        except PipelineError as error:
            return place.journal.name in str(error)
        added = place.journal.read_bytes().removeprefix(whole)
        return added.count(b"\n") == 1 and b'"other"' in added

    found = total = 0
    for damaged in flips(b"".join(lines), amount[0]):
        total += 1
        found += is_found(damaged, b"".join(lines[:-1]))  # the end of its last line
    for damaged in truncations(b"".join(lines), amount[1]):
        total += 1
        found += is_found(damaged, damaged[: damaged.rfind(b"\n") + 1])
    assert found == total
    figures.add("Damaged files", "journal of a tuning", "all found, or only the end lost", total)
