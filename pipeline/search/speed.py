"""How fast this machine trains a recipe on these images."""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.arrays import Images, Labels
from pipeline.competition.competition import Competition
from pipeline.networks.build import compile_network
from pipeline.networks.normalization import speed_up_normalization
from pipeline.training.batches import Batch, Batches
from pipeline.training.job import Job
from pipeline.training.train import job_images

SECONDS = 2.0  # of measured steps
WARM_UP = 2  # steps that are not measured: the first one prepares the computation


@dataclass(frozen=True)
class Speed:
    """Images per second, measured beside whatever else the machine does.

    Attributes:
        training: of training steps without augmentation.
        predicting: of one view.
    """

    training: float
    predicting: float


def measure_speed(job: Job, competition: Competition) -> Speed:
    """Measures a few training steps of a job, and predictions, for some seconds."""
    rows = job.fold.train[: 4 * job.recipe.batch_size]
    images = job_images(job, competition, competition.train_pixels[rows])
    labels = competition.labels[rows]
    batches = Batches(images, labels, np.arange(len(rows)), job.recipe.batch_size)
    model = job.build(competition).model
    speed_up_normalization(model)
    compile_network(model, job.recipe)
    some = [batches.batch(batches.rows, 0, step) for step in range(len(batches))]
    training = _images_per_second(lambda x, y: model.train_on_batch(x, y), some)
    predicting = _images_per_second(lambda x, y: model.predict_on_batch(x), some)
    return Speed(training, predicting)


def _images_per_second(step: Callable[[Images, Labels], Any], batches: Sequence[Batch]) -> float:
    for batch in batches[:WARM_UP]:
        step(*batch)
    began, images = time.perf_counter(), 0
    for batch in itertools.cycle(batches):
        step(*batch)
        images += len(batch[1])
        if time.perf_counter() - began > SECONDS:
            break
    return images / (time.perf_counter() - began)
