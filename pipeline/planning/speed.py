"""How fast this machine trains a recipe on these images."""

import itertools
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.competition.competition import Competition
from pipeline.networks.backend import uses_accelerator
from pipeline.networks.build import compile_network
from pipeline.networks.normalization import speed_up_normalization
from pipeline.runs.run import Run
from pipeline.training.batches import Batches
from pipeline.training.job import Job
from pipeline.training.progress import Observer
from pipeline.training.train import job_images, train

SECONDS = 1.5
WARM_UP = 2  # steps that are not measured: the first one prepares the computation


@dataclass(frozen=True)
class Speed:
    """Images per second of a training.

    Attributes:
        now: speed with the current load of the machine.
        alone: speed without other load, estimated from the processor time.
    """

    now: float
    alone: float


@dataclass(frozen=True)
class Measurement:
    """Measures the speed of trainings, one after another."""

    jobs: tuple[Job, ...]
    name: str = "speed"


Speeds = dict[str, Speed]
"""By the name of the recipe."""


def train_or_measure(
    competition: Competition, folder: Path, job: Job | Measurement, observer: Observer
) -> Run | Speeds:
    """Runs a job of a budget: a training, or a measurement."""
    if isinstance(job, Measurement):
        return {each.recipe.name: measure_speed(each, competition) for each in job.jobs}
    return train(job, competition, folder, observer)


def measure_speed(job: Job, competition: Competition) -> Speed:
    """The speed of training steps, measured for some seconds."""
    rows = job.fold.train[: 4 * job.recipe.batch_size]
    images = job_images(job, competition, competition.train_pixels[rows])
    batches = Batches(images, competition.labels[rows], np.arange(len(rows)), job.recipe.batch_size)
    model = job.build(competition).model
    speed_up_normalization(model)
    compile_network(model, job.recipe)
    began, used, seen = 0.0, 0.0, 0
    for step in itertools.count():
        if step == WARM_UP:
            began, used, seen = time.perf_counter(), time.process_time(), 0
        inputs, labels = batches.batch(batches.rows, 0, step % len(batches))
        model.train_on_batch(inputs, labels)
        seen += len(labels)
        if step > WARM_UP and time.perf_counter() - began > SECONDS:
            break
    seconds, used = time.perf_counter() - began, time.process_time() - used
    # Several threads use more processor time than real time. With a GPU, the processor is idle.
    alone = seconds if uses_accelerator() else min(seconds, used)
    return Speed(seen / seconds, seen / alone)
