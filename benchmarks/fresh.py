"""Competitions whose test labels are known: labelled rows that no choice is made on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import pipeline as pp
from pipeline.arrays import Images, Labels, Pixels, Probabilities
from pipeline.competition.folds import hold_out
from pipeline.competition.schema import Schema
from pipeline.images.resize import to_images
from pipeline.metrics.metric import accuracy, log_loss

Score = tuple[float, float]
"""Accuracy in percent, and log loss."""


@dataclass(frozen=True)
class Fresh:
    """The labelled rows of a competition, divided.

    Attributes:
        pixels, labels: rows to train with.
        fresh_pixels, fresh: rows that only score.
    """

    schema: Schema
    pixels: Pixels
    labels: Labels
    fresh_pixels: Pixels
    fresh: Labels

    @classmethod
    def divide(
        cls, whole: pp.Competition, fresh: float, rows: int | None = None, seed: int = 0
    ) -> "Fresh":
        """Divides some rows, or all: equal shares of each class, copies of an image together.

        Args:
            fresh: share of the rows that score.
            seed: random seed of the division.
        """
        order = np.random.default_rng(seed).permutation(len(whole.labels))[:rows]
        pixels, labels = whole.train_pixels, whole.labels
        fold = hold_out(whole.groups[order], labels[order], fresh, seed)
        kept, scoring = order[fold.train], order[fold.validation]
        return cls(whole.schema, pixels[kept], labels[kept], pixels[scoring], labels[scoring])

    @property
    def images(self) -> Images:
        """Those of the rows to train with, (n, height, width, channels)."""
        schema = self.schema
        return to_images(self.pixels, schema.shape, schema.planes, schema.transpose)

    def write(self, folder: Path, pseudo_labels: Labels | None = None) -> pp.Competition:
        """A competition with these rows; the scoring ones are its test rows, without labels.

        Args:
            pseudo_labels: of the scoring rows, which then are training rows too, after the others.
        """
        pixels, labels = self.pixels, self.labels
        if pseudo_labels is not None:
            pixels = np.concatenate([pixels, self.fresh_pixels])
            labels = np.concatenate([labels, pseudo_labels])
        folder.mkdir(exist_ok=True)
        schema = self.schema
        (folder / "competition.toml").write_text(
            f"shape = {list(schema.shape)}\nrange = [{schema.low}, {schema.high}]\n"
            f"planes = {str(schema.planes).lower()}\ntranspose = {str(schema.transpose).lower()}\n"
        )
        train = pd.DataFrame(pixels).add_prefix("pixel")
        train.insert(0, "label", labels)
        train.to_csv(folder / "train.csv", index=False)
        pd.DataFrame(self.fresh_pixels).add_prefix("pixel").to_csv(folder / "test.csv", index=False)
        return pp.load(folder)

    def score(self, probabilities: Probabilities) -> Score:
        """Of probabilities (n, k) for the scoring rows."""
        return 100 * accuracy(probabilities, self.fresh), log_loss(probabilities, self.fresh)
