"""A small valid competition as rows of cells, which the corpus damages before it is saved."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

DIGITS = Path(__file__).parents[2] / "data/digits"
FILES = TRAIN, TEST, SAMPLE = "train.csv", "test.csv", "sample_submission.csv"
Rows = list[list[str]]


@dataclass
class Draft:
    """The files of a competition in Kaggle's form: label first, pixels in 0..255, numbered rows.

    Attributes:
        rows: file name -> rows of cells, the header first. Line n of a file is row n - 1.
        contents: file name -> bytes that are saved instead of rows, or beside them.
    """

    rows: dict[str, Rows]
    contents: dict[str, bytes] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The file as it would be saved."""
        return "".join(",".join(row) + "\n" for row in self.rows[name])

    def content(self, name: str) -> bytes:
        return self.contents[name] if name in self.contents else self.text(name).encode()

    def rewrite(self, name: str, change: Callable[[str], str | bytes]) -> None:
        """Saves what the function makes of the file's text."""
        changed = change(self.text(name))
        self.contents[name] = changed.encode() if isinstance(changed, str) else changed

    def put(self, name: str, line: int, column: str, cell: str) -> None:
        """Changes the cell at a line, counted from 1, and at a column with this name."""
        self.rows[name][line - 1][self.rows[name][0].index(column)] = cell

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in {**self.rows, **self.contents}:
            (folder / name).write_bytes(self.content(name))


def draft(copies: int = 1) -> Draft:
    """40 training rows and 12 test rows of real digits, 8 x 8; more copies for a larger file."""
    train = np.loadtxt(DIGITS / "train_data.csv", delimiter=",", dtype=int, max_rows=52)
    grey = train[:, :-1] * 15
    grey[0, 20] = grey[40, 20] = 255
    pixels = [f"pixel{index}" for index in range(64)]
    images = [[str(value) for value in row] for row in grey.tolist()]
    labelled = [[str(row[-1]), *image] for row, image in zip(train, images, strict=True)]
    tests = images[40:] * copies
    numbers = [[str(row), "0"] for row in range(1, len(tests) + 1)]
    return Draft(
        {
            TRAIN: [["label", *pixels], *(row[:] for row in labelled[:40] * copies)],
            TEST: [pixels[:], *(row[:] for row in tests)],
            SAMPLE: [["ImageId", "Label"], *numbers],
        }
    )
