"""Each folder of the corpus is refused: one message that names the fault, and nothing written."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from bad_folders import BAD, Bad
from click.testing import CliRunner
from drafts import SAMPLE, TEST, TRAIN, draft

import pipeline as pp
from pipeline.cli import main
from pipeline.errors import PipelineError

QUICK = [name for name, bad in BAD.items() if not bad.slow]
SLOW = [name for name, bad in BAD.items() if bad.slow]
HANGS = 120  # seconds
NOBODY = 65534


@pytest.fixture(autouse=True)
def guard() -> Iterator[None]:
    """Ends a test that waits for a pipe, or reads a device without an end."""

    def stop(number: int, frame: object) -> None:
        raise TimeoutError(f"no result after {HANGS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANGS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "cache/pixel-pipeline").mkdir(parents=True)
    return tmp_path


def tree(folder: Path) -> list[tuple[str, int]]:
    """All that is in a folder, but the files that keep two processes apart."""
    paths = (path for path in folder.rglob("*") if not {".locks", "matplotlib"} & {*path.parts})
    return sorted((str(path), path.lstat().st_size) for path in paths)


def load(folder: Path) -> PipelineError:
    with pytest.raises(PipelineError) as error:
        pp.load(folder)
    return error.value


def check_message(bad: Bad, error: PipelineError, folder: Path) -> None:
    where = str(error.where or "").replace(f"{folder}/", "").replace(str(folder), "")
    found = error.found.replace(f"{folder}/", "")
    assert where == bad.where
    assert bad.found in found
    assert bad.expected in (error.expected or "")
    assert error.remedy
    assert len(str(error)) < 1500
    if bad.faults > 1:
        assert found == f"{bad.faults} faults"
        assert len(error.details) == 6
        assert all("line" in fault and "expected" in fault for fault in error.details[:5])
        assert error.details[5] == f"... and {bad.faults - 5} more"


def check_refused(name: str, workplace: Path) -> None:
    """Loads, inspects and trains on the folder."""
    folder = workplace / "competition"
    BAD[name].write(folder)
    before = tree(workplace)
    error = load(folder)
    check_message(BAD[name], error, folder)
    for words in (["inspect"], ["train", "--model", "dense", "--epochs", "1"]):
        result = CliRunner().invoke(main, [words[0], str(folder), *words[1:]])
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == f"Error: {error}\n"
    assert tree(workplace) == before


def test_the_draft_of_the_corpus_is_valid(workplace: Path) -> None:
    draft().save(workplace / "competition")
    competition = pp.load(workplace / "competition")
    assert (len(competition.labels), len(competition.test_pixels)) == (40, 12)


@pytest.mark.parametrize("name", QUICK)
def test_a_bad_folder_is_refused(name: str, workplace: Path) -> None:
    check_refused(name, workplace)


@pytest.mark.faults
@pytest.mark.parametrize("name", SLOW)
def test_a_bad_folder_that_takes_seconds_is_refused(name: str, workplace: Path) -> None:
    check_refused(name, workplace)


def test_inverted_images_are_accepted_with_a_range(workplace: Path) -> None:
    BAD["pairs: test images that are inverted"].write(workplace / "competition")
    competition = pp.load(workplace / "competition", range=(0, 255))
    assert competition.test_pixels.mean() > 2 * competition.train_pixels.mean()


@contextmanager
def without_privileges() -> Iterator[None]:
    """In the block, root is nobody: permissions do not stop root."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("name", [TRAIN, TEST, SAMPLE, "competition.toml", ""])
def test_a_file_or_folder_without_permission_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pytest's own folders can be entered by their owner alone.
    with TemporaryDirectory(dir="/tmp") as made:
        workplace = Path(made)
        monkeypatch.setenv("XDG_CACHE_HOME", f"{made}/cache")
        monkeypatch.chdir(workplace)
        drawn = draft()
        drawn.contents["competition.toml"] = b"transpose = false\n"
        drawn.save(workplace / "competition")
        (workplace / "cache").mkdir()
        for path in (workplace, workplace / "cache"):
            path.chmod(0o777)
        # What is imported late must be imported now: it may be in root's own folder.
        assert CliRunner().invoke(main, ["inspect", "competition"]).exit_code == 0
        shutil.rmtree(workplace / "cache" / "pixel-pipeline")
        (workplace / "competition" / name).chmod(0o000)
        try:
            with without_privileges():
                error = load(Path("competition"))
                result = CliRunner().invoke(main, ["inspect", "competition"])
        finally:
            (workplace / "competition" / name).chmod(0o700)
    assert str(error.where) == str(Path("competition", name))
    assert error.found.endswith("cannot be read: Permission denied")
    assert error.remedy
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


@pytest.mark.faults
def test_the_time_to_refuse_larger_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rates = {}
    for number, name in enumerate(BAD):
        folder = tmp_path / str(number) / "competition"
        BAD[name].write(folder, copies=200)
        files = [path for path in folder.iterdir() if os.path.isfile(path)]
        megabytes = sum(path.stat().st_size for path in files) / 1e6
        start = time.perf_counter()
        with pytest.raises(PipelineError):
            pp.load(folder)
        rates[name] = (time.perf_counter() - start) / max(megabytes, 1)
        signal.alarm(HANGS)
    slowest = sorted(rates, key=rates.__getitem__)[-5:]
    with capsys.disabled():
        print(f"\n{len(rates)} folders of 1 to 40 MB. Seconds a MB of the slowest:")
        print("\n".join(f"{rates[name]:6.2f}  {name}" for name in slowest))
