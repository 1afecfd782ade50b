"""Makes the files and images that are measured, from real digits.

python -m benchmarks.data integers|fractions FOLDER TRAIN_ROWS TEST_ROWS
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline.arrays import Images, Labels

SIDE, PIXELS = 28, 784


def digit_images(count: int, channels: int = 1, side: int = SIDE) -> "tuple[Images, Labels]":
    """Real digits of 8 x 8 pixels, enlarged and drawn at random.

    Returns:
        (count, side, side, channels) uint8 in 0..255; (count,) labels in 0..9.
    """
    import cv2
    import numpy as np
    from sklearn.datasets import load_digits

    digits = load_digits()
    large = np.array([cv2.resize(image, (side, side)) for image in digits.images * 255 / 16])
    chosen = np.random.default_rng(0).integers(0, len(large), count)
    images = np.repeat(large[chosen].astype(np.uint8)[..., None], channels, axis=3)
    return images, digits.target[chosen].astype(np.int64)


def write_integers(folder: Path, train_rows: int, test_rows: int) -> None:
    """Files like those of Kaggle's Digit Recognizer: a header, the label first, integers."""
    names = [f"pixel{pixel}" for pixel in range(PIXELS)]
    spelling = [str(level) for level in range(256)]
    cells, labels = _cells(train_rows + test_rows, spelling, noise=False)
    train = [f"{label},{row}" for label, row in zip(labels, cells, strict=True)][:train_rows]
    _write(folder / "train.csv", [",".join(["label", *names]), *train])
    _write(folder / "test.csv", [",".join(names), *cells[train_rows:]])


def write_fractions(folder: Path, train_rows: int, test_rows: int) -> None:
    """Digits over noise, as fractions of up to six digits; no header, the label last."""
    spelling = [f"{level / 255:.6g}" for level in range(256)]
    cells, labels = _cells(train_rows + test_rows, spelling, noise=True)
    train = [f"{row},{label}" for label, row in zip(labels, cells, strict=True)][:train_rows]
    _write(folder / "train.csv", train)
    _write(folder / "test.csv", cells[train_rows:])


def _cells(rows: int, spelling: list[str], noise: bool) -> tuple[list[str], list[int]]:
    """The cells of each row, joined by commas; the labels."""
    import numpy as np

    images, labels = digit_images(rows)
    pixels = images.reshape(rows, PIXELS)
    if noise:
        drawn = np.random.default_rng(1).integers(0, 256, pixels.shape)
        pixels = np.maximum(pixels, drawn).astype(np.uint8)
    cells = [",".join([spelling[level] for level in row.tolist()]) for row in pixels]
    return cells, labels.tolist()


def _write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


@click.command()
@click.argument("kind", type=click.Choice(["integers", "fractions"]))
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("train_rows", type=int)
@click.argument("test_rows", type=int)
def main(kind: str, folder: Path, train_rows: int, test_rows: int) -> None:
    write = {"integers": write_integers, "fractions": write_fractions}[kind]
    write(folder, train_rows, test_rows)


if __name__ == "__main__":
    main()
