"""How fast this machine trains a recipe on these images."""

import itertools
import time
from dataclasses import dataclass

import numpy as np

from pipeline.competition.competition import Competition
from pipeline.networks.build import compile_network
from pipeline.networks.normalization import speed_up_normalization
from pipeline.training.batches import Batches
from pipeline.training.job import Job
from pipeline.training.train import job_images

SECONDS = 2.0
WARM_UP = 2  # steps that are not measured: the first one prepares the computation


@dataclass(frozen=True)
class Measurement:
    """Measures the speed of a training."""

    job: Job
    name: str = "speed"


def measure_speed(job: Job, competition: Competition) -> float:
    """Images per second of training steps, measured beside whatever else the machine does."""
    rows = job.fold.train[: 4 * job.recipe.batch_size]
    images = job_images(job, competition, competition.train_pixels[rows])
    batches = Batches(images, competition.labels[rows], np.arange(len(rows)), job.recipe.batch_size)
    model = job.build(competition).model
    speed_up_normalization(model)
    compile_network(model, job.recipe)
    began, seen = 0.0, 0
    for step in itertools.count():
        if step == WARM_UP:
            began, seen = time.perf_counter(), 0
        inputs, labels = batches.batch(batches.rows, 0, step % len(batches))
        model.train_on_batch(inputs, labels)
        seen += len(labels)
        if step > WARM_UP and time.perf_counter() - began > SECONDS:
            break
    return seen / (time.perf_counter() - began)
