"""Two tiny competitions, one with a header and one without, and runs trained on them once."""

from pathlib import Path

import numpy as np
import pytest

import pipeline as pp
from pipeline.evaluation.ensemble import make_ensemble
from pipeline.runs.record import Identity

CLASSES = ("left", "right", "top")
PIXELS = [f"pixel{index}" for index in range(64)]
ROWS, TEST_ROWS = 60, 12


def draw(count: int, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """(count, 64) integers in 0..255, and labels: which half is bright."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 60, (count, 8, 8))
    labels = [CLASSES[row % 3] for row in range(count)]
    for image, label in zip(images, labels, strict=True):
        half = {"left": image[:, :4], "right": image[:, 4:], "top": image[:4]}[label]
        half += 150
    images[0, 0, 0], images[0, 0, 1] = 0, 255  # the ends of the range
    return images.reshape(count, 64), labels


def write_csv(path: Path, *columns: object, header: list[str] | None = None) -> Path:
    """Writes columns side by side, each (n,) or (n, k)."""
    cells = np.hstack([np.array(c, object).reshape(len(c), -1) for c in columns])  # type: ignore[arg-type]
    lines = [header] if header else []
    lines += cells.tolist()
    path.write_text("".join(",".join(map(str, line)) + "\n" for line in lines))
    return path


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data/named and data/plain, and the runs of both.

    named: ids, words as labels, a header, 0..255. plain: digits as labels in the last column, ids
    in the test file, no header, 0..16.
    """
    workspace = tmp_path_factory.mktemp("predict")
    pixels, labels = draw(ROWS + TEST_ROWS)
    train, test = pixels[:ROWS], pixels[ROWS:]
    grey = np.minimum(pixels // 15, 16)
    named, plain = workspace / "data" / "named", workspace / "data" / "plain"
    for folder in (named, plain):
        folder.mkdir(parents=True)
    ids, test_ids = list(range(1, ROWS + 1)), [f"t{row}" for row in range(TEST_ROWS)]
    head = ["id", "label", *PIXELS]
    write_csv(named / "train.csv", ids, labels[:ROWS], train, header=head)
    write_csv(named / "test.csv", test_ids, test, header=["id", *PIXELS])
    digits = [CLASSES.index(label) for label in labels[:ROWS]]
    write_csv(plain / "train.csv", grey[:ROWS], digits)
    write_csv(plain / "test.csv", list(range(501, 501 + TEST_ROWS)), grey[ROWS:])
    return workspace


@pytest.fixture(scope="session")
def competition(workspace: Path) -> pp.Competition:
    return pp.load(workspace / "data" / "named")


@pytest.fixture(scope="session")
def run(workspace: Path, competition: pp.Competition) -> pp.Run:
    """A run on the competition with a header."""
    return pp.train(competition, "dense", epochs=2, runs=workspace / "runs", progress=False)


@pytest.fixture(scope="session")
def plain_run(workspace: Path) -> pp.Run:
    """A run on the competition without a header."""
    competition = pp.load(workspace / "data" / "plain")
    return pp.train(competition, "dense", epochs=2, runs=workspace / "runs", progress=False)


@pytest.fixture(scope="session")
def ensemble(workspace: Path, competition: pp.Competition, run: pp.Run) -> pp.Run:
    """An ensemble of two runs that differ by seed."""
    other = pp.train(
        competition, "dense", seed=1, epochs=2, runs=workspace / "runs", progress=False
    )
    first = run.record.identity
    digests = first.digest, other.record.identity.digest
    identity = Identity("pair", first.settings, 0, first.data, first.fold, members=digests)
    return make_ensemble(run.folder.parent / "pair", [run, other], identity)
