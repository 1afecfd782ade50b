"""A write that fails, at any write point: what was there is whole, and the next command works."""

import math
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result
from figures import Figures
from finished_runs import finish
from write_points import FULL, REMOVING, Fault, every, injected, read_log

import pipeline as pp
from pipeline import files
from pipeline.cli import main
from pipeline.competition import cache as cache_module
from pipeline.planning import speed, spend
from pipeline.planning.plan import read_plan
from pipeline.runs import folder as run_folder
from pipeline.runs.folder import is_run
from pipeline.runs.run import load_run
from pipeline.search import budget, engine
from pipeline.tuning.journal import check_journal

BUDGET = "submit {tiny} --budget 3s --runs {runs} --output {sent}/timed.csv"
TRAIN = "train {tiny} --model dense --engine inline --runs {runs}"
CASES = {  # the folder whose write points fail, and the command
    "inspect": ("cache/pixel-pipeline", "inspect {tiny} --format json"),
    "submit": ("sent", "submit {tiny} --run dense-epochs=1 --runs {runs} --output {sent}/best.csv"),
    "predict": ("sent", "predict {runs}/tiny/dense-epochs=1 {tiny}/test.csv --output {sent}/p.csv"),
    "report": ("runs", "report {tiny} --runs {runs}"),
    "ensemble": ("runs", "ensemble {tiny} --runs {runs}"),
    "train": ("runs", TRAIN + " --epochs 2"),
    "train --fresh": ("runs", TRAIN + " --epochs 1 --fresh"),
    "train --folds 2": ("runs", TRAIN + " --epochs 1 --folds 2"),
    "tune": ("runs", TRAIN.replace("train", "tune") + " --epochs 1 --trials 2 --seed 2"),
    "submit --budget": ("runs", BUDGET),
}
RUNS = ("dense-epochs=1", "dense-epochs=1-seed=1")
ERRORS = [("ENOSPC", True), ("EROFS", True), ("EACCES", False), ("EDQUOT", False)]
COUNTS = {"train": 2, "train --fresh": 2, "report": 2} | dict.fromkeys(  # of these errors
    ("train --folds 2", "tune", "submit --budget"), 3
)
STEPS = {"train --folds 2": 3, "tune": 3, "submit --budget": 5}  # between points that fail
# Files whose content depends on the clock, and what raises an error if they are not whole.
TIMED: dict[str, Callable[[Path], object]] = {
    "*.journal": check_journal,
    "tuning/*.html": lambda path: path.read_text().rstrip().endswith("</html>") or 1 / 0,
    "plan-*.json": read_plan,
    "timed.csv": lambda path: (
        path.read_text() == "old\n" or pp.check(pp.load(path.parents[1] / "tiny"), path)
    ),
}
FailEverywhere = Callable[..., int]


@dataclass
class Place:
    """A competition with finished runs, and what was made of them."""

    root: Path

    def run(self, command: str, fault: Fault | None = None) -> Result:
        watched, words = CASES[command]
        names = {path.name: path for path in self.root.iterdir()}
        with injected(self.root / watched, self.log, fault):
            return CliRunner().invoke(main, words.format_map(names).split())

    @property
    def log(self) -> Path:
        return self.root.with_suffix(".log")

    def files(self) -> dict[str, bytes]:
        """The content of all files by path, without locks, and times and fonts in the cache."""
        paths = [path for path in self.root.rglob("*") if path.is_file()]
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in paths
            if not {".locks", "matplotlib", "files.json"} & set(path.parts)
        }

    def copy(self, root: Path) -> "Place":
        shutil.rmtree(root, ignore_errors=True)
        return Place(Path(shutil.copytree(self.root, root)))


@pytest.fixture(scope="module")
def written(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A competition with two runs that are not trained, and a submission."""
    place = new_place(tiny_folder, tmp_path_factory.mktemp("written") / "place")
    competition = pp.load(place.root / "tiny")
    for draw, name in enumerate(RUNS):
        finish(competition, place.root / "runs" / "tiny" / name, 1.0, draw=draw, seed=draw)
    return place


@pytest.fixture(scope="module")
def trained(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A competition with two trained runs, a report, a submission and predictions."""
    place = new_place(tiny_folder, tmp_path_factory.mktemp("trained") / "place")
    words = {"sweep": {"epochs": [1]}, "seeds": [0, 1], "engine": "inline", "progress": False}
    pp.train_all(pp.load(place.root / "tiny"), "dense", runs=place.root / "runs", **words)
    assert place.run("report").exit_code == 0
    return place


def new_place(tiny_folder: Path, root: Path) -> Place:
    shutil.copytree(tiny_folder, root / "tiny")
    for name in ("cache", "elsewhere", "sent", "runs"):
        (root / name).mkdir()
    for name in ("best.csv", "p.csv", "timed.csv"):
        (root / "sent" / name).write_text("old\n")
    return Place(root)


@pytest.fixture
def fail_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FailEverywhere:
    """Lets a command fail at each of its write points, or some; returns how many there are."""
    monkeypatch.setattr(cache_module, "TIME_RESOLUTION", -1)
    # A short budget, in this process: it measures, and makes the first submission.
    monkeypatch.setattr(budget, "SHORTEST", 1)
    monkeypatch.setattr(speed, "SECONDS", 0.1)
    monkeypatch.setattr(spend, "AT_LEAST", 1)
    monkeypatch.setattr(engine, "count_side_by_side", lambda: 1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "place" / "cache"))

    def check(template: Place, command: str, error: str, lasting: bool, step: int = 1) -> int:
        reference = template.copy(tmp_path / "place")
        assert reference.run(command).exit_code == 0
        points, complete = read_log(reference.log), reference.files()
        for at in every(points)[::step]:
            place = template.copy(tmp_path / "place")
            result = place.run(command, Fault(at, error, lasting))
            try:
                check_failed(result, error)
                check_whole(place, template.files(), complete)
                removing = points[at - 1].split()[0] in REMOVING
                if not removing and (error in FULL or not lasting):
                    check_nothing_unfinished(place)
                end_this_process(place)
                again = place.run(command)
                assert again.exit_code == 0, again.stderr
                assert place.files().keys() == complete.keys()
                check_whole(place, complete, complete)
            except AssertionError as problem:
                problem.add_note(f"{error} at {at}: {points[at - 1]}\n{result.stderr}")
                raise
        return len(points)

    return check


def check_failed(result: Result, error: str) -> None:
    """The command ended with a message that names the path, one for each training that failed, or
    did its work all the same."""
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert result.exit_code in (0, 1, 2)
    if result.exit_code:
        trainings = result.stderr.count(": failed\n")
        assert 1 <= result.stderr.count("Error: ") <= max(1, trainings)
        assert re.search(r"Error: \S*place/\S+: ", result.stderr)
        assert "MB of free space" in result.stderr or error not in FULL


def check_whole(place: Place, before: dict[str, bytes], complete: dict[str, bytes]) -> None:
    """Each file is the old one or the new one, and each run is whole."""
    after = place.files()
    for name, content in before.items():
        assert name in after, f"{name} is lost"
        run = place.root.joinpath(*Path(name).parts[:3])
        if is_run(run):
            load_run(run).verify()
        elif timed := [check for pattern, check in TIMED.items() if Path(name).match(pattern)]:
            timed[0](place.root / name)
        else:
            assert after[name] in (content, complete[name]), f"{name} is neither old nor new"


def end_this_process(place: Place) -> None:
    """Lets what could not be removed look as if its process had ended."""
    for left in list(place.root.rglob(f".*.{os.getpid()}.*.tmp")):
        left.rename(left.with_name(left.name.replace(f".{os.getpid()}.", f".{1 << 30}.")))


def check_nothing_unfinished(place: Place) -> None:
    assert not [name for name in place.files() if "/." in name]


@pytest.mark.parametrize("command", ["inspect", "submit", "ensemble"])
def test_nothing_is_lost_or_half_written(
    written: Place, fail_everywhere: FailEverywhere, command: str
) -> None:
    assert fail_everywhere(written, command, "ENOSPC", True, step=1 if command == "submit" else 4)


def write_in_place(path: Path, parts: Iterable[bytes], size: int = 0) -> None:
    with files.write_errors(path, size), open(path, "wb", buffering=0) as file:
        for part in parts:
            file.write(part)


@contextmanager
def fill_in_place(path: Path) -> Iterator[Path]:
    shutil.rmtree(path, ignore_errors=True)
    with files.write_errors(path):
        path.mkdir(parents=True)
        yield path


@pytest.mark.parametrize(
    ("module", "name", "plain", "command", "problem"),
    [
        (files, "write_parts", write_in_place, "submit", "neither old nor new"),
        (run_folder, "new_folder", fill_in_place, "ensemble", "is not replaced"),
    ],
)
def test_plain_writes_would_be_noticed(
    written: Place,
    fail_everywhere: FailEverywhere,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    name: str,
    plain: Callable[..., object],
    command: str,
    problem: str,
) -> None:
    """The negative control: without atomic writes, the test above fails."""
    monkeypatch.setattr(module, name, plain)
    with pytest.raises(AssertionError, match=problem):
        fail_everywhere(written, command, "ENOSPC", False)


@pytest.mark.faults
@pytest.mark.parametrize(
    ("command", "error", "lasting"),
    [(command, *error) for command in CASES for error in ERRORS[: COUNTS.get(command)]],
)
def test_nothing_is_lost_or_half_written_by_any_command(
    trained: Place,
    fail_everywhere: FailEverywhere,
    figures: Figures,
    command: str,
    error: str,
    lasting: bool,
) -> None:
    step = STEPS.get(command, 1)
    count = math.ceil(fail_everywhere(trained, command, error, lasting, step) / step)
    row = f"`{command}`, {error}" + ", and all writes after it" * lasting
    figures.add("A write that fails", row, "nothing lost or half-written", count)
