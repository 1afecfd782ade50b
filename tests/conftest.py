"""Folders of real digits in every format that people use, and the errors that a user gets."""

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import hypothesis
import numpy as np
import pytest
from chromium import CHROMIUM, DRIVER, open_browser
from click.testing import CliRunner, Result

import pipeline as pp
from pipeline.cli import main
from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError

# Machines are shared, so that no test may depend on its time.
hypothesis.settings.register_profile("default", deadline=None, derandomize=True)
hypothesis.settings.load_profile("default")

ROOT = Path(__file__).parent.parent
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
Row = list[Any]


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory) -> Path:
    """A cache of the tests' own, apart from the user's."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["XDG_CACHE_HOME"] = str(folder)
    return folder / "pixel-pipeline"


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """(1437, 8, 8) in 0..1, and their labels."""
    table = np.loadtxt(ROOT / "data/digits/train_data.csv", delimiter=",", dtype=np.float32)
    return table[:, :-1].reshape(-1, 8, 8) / 16, table[:, -1].astype(int)


@dataclass(frozen=True)
class Truth:
    """The content of a folder's files."""

    train: np.ndarray
    labels: list[str]
    test: np.ndarray


class Folder:
    """A competition's folder, and what a user does with it."""

    def __init__(self, path: Path, digits: tuple[np.ndarray, np.ndarray]) -> None:
        self.path, self.digits = path, digits
        path.mkdir(parents=True)

    def fill(
        self,
        rows: int = 40,
        test_rows: int = 12,
        label: str = "last",
        ids: str = "none",
        header: str = "none",
        names: tuple[str, str] = ("id", "label"),
        words: bool = False,
        by_label: bool = False,
        delimiter: str = ",",
        decimal: str = ".",
        seed: int = 0,
        **pixels: Any,
    ) -> Truth:
        """Writes train.csv and test.csv.

        Args:
            label: first, middle or last.
            ids: none, both or test.
            header: none, names, numbers, index (names, and an index without one) or train.
            names: of the ids' and the label's column.
            by_label: whether the training rows are sorted by their label.
            pixels: see `draw`.
        """
        images, classes = self.draw(rows + test_rows, seed, **pixels)
        order = np.argsort(classes[:rows], kind="stable") if by_label else np.arange(rows)
        train, test = images[:rows][order], images[rows:]
        labels = [WORDS[c] if words else str(c) for c in classes[:rows][order]]
        for name, some, answers, start in (("train", train, labels, 1), ("test", test, None, 501)):
            columns = [(f"pixel{number}", cells) for number, cells in enumerate(some.T.tolist())]
            if answers:
                position = {"first": 0, "middle": len(columns) // 2, "last": len(columns)}[label]
                columns.insert(position, (names[1], answers))
            if ids == "both" or ids == name:
                columns.insert(0, (names[0], list(range(start, start + len(some)))))
            if header == "index":
                columns.insert(0, ("", list(range(len(some)))))
            lines: list[Row] = [[cells[row] for _, cells in columns] for row in range(len(some))]
            if header in ("names", "index", name):
                lines.insert(0, [column for column, _ in columns])
            elif header == "numbers":
                lines.insert(0, list(range(len(columns))))
            self.save(f"{name}.csv", lines, delimiter, decimal)
        return Truth(train, labels, test)

    def draw(
        self,
        count: int,
        seed: int = 0,
        side: int = 8,
        scale: str = "0..16",
        noise: bool = False,
        planes: bool | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """(count, pixels) and labels.

        Args:
            scale: "0..16" of integers, "0..16.0" of floats.
            noise: whether the background is random.
            planes: colours, plane by plane or not; None draws grey images.
        """
        random = np.random.default_rng(seed)
        chosen = random.permutation(len(self.digits[0]))[:count]
        images = np.stack([cv2.resize(image, (side, side)) for image in self.digits[0][chosen]])
        if noise:
            images = np.where(images > 0.4, images, random.random(images.shape))
        if planes is not None:
            images = images[..., None] * random.uniform(0.3, 1, (count, 1, 1, 3))
            images = images.transpose(0, 3, 1, 2) if planes else images
        low, high = map(float, scale.split(".."))
        values = low + images.reshape(count, -1).clip(0, 1) * (high - low)
        values = values.round(4) if "." in scale.split("..")[1] else values.round().astype(int)
        return values, self.digits[1][chosen]

    def save(self, name: str, rows: list[Row], delimiter: str = ",", decimal: str = ".") -> None:
        lines = "".join(delimiter.join(map(str, row)) + "\n" for row in rows)
        (self.path / name).write_text(lines.replace(".", decimal), errors="surrogateescape")

    def rows(self, name: str) -> list[Row]:
        return [line.split(",") for line in (self.path / name).read_text().splitlines()]

    def change(self, name: str, change: Callable[[list[Row]], object]) -> None:
        """Changes a file's rows of cells in place."""
        rows = self.rows(name)
        change(rows)
        self.save(name, rows)

    def put(self, name: str, row: int, column: int, cell: object) -> None:
        """Changes one cell, at a row and column counted from 0."""
        self.change(name, lambda rows: rows[row].__setitem__(column, cell))

    def replace_column(self, name: str, column: int, cells: Sequence[object]) -> None:
        """Changes the last cells of a column: all but a header where there is one."""
        rows = self.rows(name)
        for row, cell in zip(rows[-len(cells) :], cells, strict=True):
            row[column] = cell
        self.save(name, rows)

    def insert_first(self, name: str, cells: Sequence[object]) -> None:
        """Gives each row another first cell."""
        rows = self.rows(name)
        self.save(name, [[cell, *row] for cell, row in zip(cells, rows, strict=True)])

    def write(self, name: str, content: str | bytes) -> Path:
        content = content.encode() if isinstance(content, str) else content
        (self.path / name).write_bytes(content)
        return self.path / name

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def load(self, **options: Any) -> Competition:
        return pp.load(self.path, **options)

    def inspect(self, *words: str) -> Result:
        runs = self.path.parent / "runs"
        return CliRunner().invoke(main, ["inspect", str(self.path), "--runs", str(runs), *words])

    def refused(self, **options: Any) -> SimpleNamespace:
        """The fields of the error that loading the folder raises, as texts without its path."""
        before = self.tree()
        with pytest.raises(PipelineError) as error:
            self.load(**options)
        assert self.tree() == before
        fields = {name: getattr(error.value, name) for name in ("found", "where", "expected")}
        fields |= {"remedy": error.value.remedy, "text": str(error.value)}
        texts = {n: str(v or "").replace(f"{self.path}/", "") for n, v in fields.items()}
        return SimpleNamespace(**texts, details=error.value.details)

    def refusal(self, *words: str) -> str:
        """What `inspect` prints for a mistake: one message, with status 2 and no file written."""
        before = self.tree()
        result = self.inspect(*words)
        assert result.exit_code == 2, result.output
        assert isinstance(result.exception, SystemExit)
        assert result.stderr.count("Error: ") == 1
        assert "Traceback" not in result.output
        assert self.tree() == before
        return result.stderr.replace(f"{self.path}/", "").removeprefix("Error: ")

    def tree(self) -> list[tuple[str, int]]:
        return sorted((str(p), p.lstat().st_mtime_ns) for p in self.path.parent.rglob("*"))


@pytest.fixture(scope="session")
def folders(tmp_path_factory, digits):
    """A new folder for each example of a property."""
    root = tmp_path_factory.mktemp("folders")
    return (Folder(root / str(number) / "competition", digits) for number in itertools.count())


@pytest.fixture
def folder(tmp_path: Path, digits: tuple[np.ndarray, np.ndarray]) -> Folder:
    return Folder(tmp_path / "competition", digits)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 + 12 images of 8 x 8 pixels: a bright left, a bright top, or a bright right half."""
    folder = tmp_path_factory.mktemp("data") / "tiny"
    folder.mkdir()
    random = np.random.default_rng(0)
    labels = np.tile([0, 1, 2], 24)
    images = random.integers(0, 60, (72, 8, 8))
    images[labels == 0, :, :4] += 150
    images[labels == 1, :4, :] += 150
    images[labels == 2, :, 4:] += 150
    pixels = images.reshape(72, 64)
    rows = [
        ",".join(map(str, [*image, label])) for image, label in zip(pixels, labels, strict=True)
    ]
    (folder / "train.csv").write_text("\n".join(rows[:60]) + "\n")
    (folder / "test.csv").write_text("\n".join(",".join(map(str, i)) for i in pixels[60:]) + "\n")
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> Competition:
    return pp.load(tiny_folder)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Headless Chromium; without it, the test is skipped."""
    if not (CHROMIUM and DRIVER):
        pytest.skip("Chromium is not installed: make test-browser installs it")
    pytest.importorskip("selenium", reason="selenium is not installed")
    driver = open_browser(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()
