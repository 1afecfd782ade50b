"""What a run makes of a drawing: probabilities, what it sees, what decides, what is alike."""

from dataclasses import dataclass

import numpy as np

from pipeline.arrays import GreyLevels, Images, Probabilities, Rows
from pipeline.competition.competition import Competition
from pipeline.drawing.nearest import Neighbours
from pipeline.drawing.strokes import Drawing, to_image
from pipeline.drawing.style import measure_style
from pipeline.images.resize import fit_to, shrink, to_grey_levels, to_images
from pipeline.networks.saliency import Saliency
from pipeline.runs.models import single_runs
from pipeline.runs.run import Run

ALIKE = 8  # training images
SAMPLE = 3000  # training images whose style is measured
SIDE = 64  # larger training images are shrunk to this side
MAX_MAPS = 5  # members of an ensemble whose saliency is averaged
WARM_UP = Drawing([[(0.3, 0.3), (0.7, 0.3), (0.4, 0.8)]])


@dataclass(frozen=True)
class Picture:
    """An image for display.

    Attributes:
        levels: height * width * channels bytes, as in an array (height, width, channels).
    """

    height: int
    width: int
    channels: int
    levels: bytes


@dataclass(frozen=True)
class Neighbour:
    """A training image.

    Attributes:
        row: its number in the training file, from 0.
        label: index of its class.
    """

    row: int
    label: int
    picture: Picture


@dataclass(frozen=True)
class Answer:
    """What a run makes of a drawing.

    Attributes:
        probabilities: of each class, those of `run.predict`.
        seen: the image that the run predicts, from black (0) to white (255).
        between: indices of the two most probable classes.
        saliency: how much each pixel decides between them, from 0 to 255.
        neighbours: the nearest training images, the nearest first.
        compared: how many training images were compared.
        complete: whether these are all; else a later answer knows more.
    """

    probabilities: list[float]
    seen: Picture
    between: tuple[int, int]
    saliency: Picture
    neighbours: list[Neighbour]
    compared: int
    complete: bool


class Reader:
    """Reads drawings with a run. Its models are compiled once, and ready when it is made.

    Not for several threads at the same time.

    Args:
        run: a run whose model, or those of all its members, are on the disk.
        competition: the one that it was trained on.
    """

    def __init__(self, run: Run, competition: Competition) -> None:
        self._run, self._competition = run, competition
        rows = np.random.default_rng(0).permutation(len(competition.labels))[:SAMPLE]
        data = run.record.data
        self._style = measure_style(self._images(rows), data.low, data.high)
        runs = single_runs(run)
        self._maps = [
            (one, Saliency(one.model, (1, *one.model.input_shape[1:]))) for one in runs[:MAX_MAPS]
        ]
        self.neighbours = Neighbours(runs[0], competition)
        self.read(WARM_UP)

    def read(self, drawing: Drawing) -> Answer:
        """The answer for a drawing."""
        data = self._run.record.data
        images = to_image(drawing, self._style, data)[None]
        probabilities = self._run.predict(images)
        first, second = np.argsort(-probabilities[0], kind="stable")[:2].tolist()
        return Answer(
            probabilities=probabilities[0].tolist(),
            seen=_picture(to_grey_levels(images, data.low, data.high)[0]),
            between=(first, second),
            saliency=_picture(self._decisive(images, probabilities, second)),
            neighbours=self._alike(images),
            compared=self.neighbours.count,
            complete=self.neighbours.complete,
        )

    def _decisive(self, images: Images, probabilities: Probabilities, second: int) -> GreyLevels:
        """(height, width, 1) of the image: the mean saliency of the models, each of maximum 1."""
        height, width, _ = self._run.record.data.shape
        total = np.zeros((height, width, 1), np.float32)
        for run, saliency in self._maps:
            (found,) = saliency(run.prepare(images), np.array([second]), probabilities)
            fitted = fit_to(found[None, ..., None], height, width, 1)[0]
            total += fitted / max(float(fitted.max()), 1e-12) / len(self._maps)
        return (total * 255).round().astype(np.uint8)

    def _alike(self, images: Images) -> list[Neighbour]:
        competition, data = self._competition, self._run.record.data
        rows = self.neighbours.find(images, ALIKE)
        levels = shrink(to_grey_levels(self._images(rows), data.low, data.high), SIDE)
        return [
            Neighbour(int(competition.file_rows[row]), int(competition.labels[row]), _picture(one))
            for row, one in zip(rows, levels, strict=True)
        ]

    def _images(self, rows: Rows) -> Images:
        """Training images, (n, height, width, channels)."""
        schema, pixels = self._competition.schema, self._competition.train_pixels[rows]
        return to_images(pixels, schema.shape, schema.planes, schema.transpose)


def _picture(levels: Images) -> Picture:
    """(height, width, channels) of 0..255."""
    height, width, channels = levels.shape
    return Picture(height, width, channels, levels.astype(np.uint8).tobytes())
