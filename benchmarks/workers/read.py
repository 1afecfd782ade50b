"""Loads a competition: with `pipeline.load`, or with pandas as notebooks do.

    python -m benchmarks.workers.read ours|theirs FOLDER

Prints the seconds without the imports. Both sides end with a look at every pixel, so that arrays
which are only mapped into memory are really read.
"""

from pathlib import Path

import click

from benchmarks.measure import Figures, report, timed


def read_ours(folder: Path) -> Figures:
    """Loads the folder with the pipeline, from its cache if that has it."""
    from pipeline import load

    maxima: list[float] = []

    def work() -> None:
        competition = load(folder)
        arrays = (competition.train_pixels, competition.test_pixels)
        maxima.extend(float(pixels.max()) for pixels in arrays)

    return timed(work) | {"maximum": max(maxima)}


def read_theirs(folder: Path) -> Figures:
    """Reads both files with `pandas.read_csv`, and converts them to float32 and labels."""
    import numpy as np
    import pandas as pd

    train_path = folder / "train.csv"
    with open(train_path) as file:
        has_header = file.readline().startswith("label")
    maxima: list[float] = []

    def work() -> None:
        header = 0 if has_header else None
        train, test = (pd.read_csv(folder / name, header=header) for name in FILES)
        labels = train.pop(train.columns[0 if has_header else -1]).to_numpy()
        assert len(labels) == len(train)
        images, test_images = (table.to_numpy().astype(np.float32) for table in (train, test))
        if has_header:  # integers in 0..255
            images /= 255
            test_images /= 255
        maxima.extend(float(pixels.max()) for pixels in (images, test_images))

    return timed(work) | {"maximum": max(maxima)}


FILES = ("train.csv", "test.csv")
SIDES = {"ours": read_ours, "theirs": read_theirs}


@click.command()
@click.argument("side", type=click.Choice(list(SIDES)))
@click.argument("folder", type=click.Path(path_type=Path))
def main(side: str, folder: Path) -> None:
    report(SIDES[side](folder))


if __name__ == "__main__":
    main()
