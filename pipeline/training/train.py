"""Job -> run: trains, predicts, explains, and writes the run's folder."""

import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays import Images, Pixels, Probabilities
from pipeline.competition.competition import Competition
from pipeline.competition.folds import groups_of_equal_rows
from pipeline.competition.layout import describe_layouts
from pipeline.files import WriteError
from pipeline.images.resize import fit_to, to_images
from pipeline.networks.backend import keras
from pipeline.networks.build import Network
from pipeline.networks.predict import predict
from pipeline.networks.saving import model_bytes
from pipeline.runs.environment import describe_environment
from pipeline.runs.folder import RunWriter, Validation, checkpoints_path, write_run
from pipeline.runs.metrics import score
from pipeline.runs.record import Data, FoldRecord, RunRecord, Scores, Training, recorded
from pipeline.runs.run import Run, load_run
from pipeline.training.checkpoints import Checkpoints
from pipeline.training.explain import explain
from pipeline.training.fit import DivergedError, FitResult, fit
from pipeline.training.job import Job
from pipeline.training.progress import Observer

if TYPE_CHECKING:
    import pandas as pd

OTHER_FILES = 200_000  # bytes of a run's record, history and explanation


def train(
    job: Job,
    competition: Competition,
    folder: Path,
    observer: Observer = lambda _: None,
    replace: bool = False,
) -> Run:
    """Trains a job and writes its run, completely or not at all.

    The same job on the same machine with the same number of threads gives the same bytes, also if
    it was stopped and continued. On a GPU, each repetition is slightly different.

    Args:
        folder: the competition's runs; the run's folder is made in it.
        observer: receives the progress.
        replace: whether checkpoints with other settings or versions are replaced. If not, they
            are an error.

    Raises:
        PipelineError: pretrained weights are unavailable, the training diverged, another process
            writes this run, or its checkpoints are of other settings, data or versions.
    """
    path = folder / job.name
    with write_run(path) as writer:
        checkpoints = checkpoints_of(job, competition, folder, replace)
        network, images = prepare(job, competition)
        with writer.reserve(_size(job, network, competition)):
            try:
                result = fit(network, job, images, competition.labels, observer, checkpoints)
            except DivergedError:
                checkpoints.remove()
                raise
        job, parameters = job.as_trained(result.pace), network.model.count_params()
        network = network.with_plain_layers()
        validation, test, speed = _predict(job, network, competition, images)
        copies = groups_of_equal_rows(competition.train_pixels[validation.rows])[1]
        writer.log(result.lines)
        writer.history(history_table(result))
        writer.probabilities(validation, test)
        _write_model(network, writer)
        writer.explanation(*explain(job, network.model, images, competition, validation))
        writer.record(
            RunRecord(
                identity=job.identity(competition),
                data=describe_data(competition),
                fold=describe_fold(job),
                scores=score(validation.probabilities, validation.labels, copies),
                parameters=parameters,
                fit_seconds=result.seconds,
                predict_images_per_second=speed,
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                published=job.recipe.published,
                training=Training(
                    epochs=len(result.history["loss"]),
                    best_epoch=result.best_epoch,
                    image_shape=job.recipe.image_shape(competition.schema.shape),
                    without_tta=_score_without_tta(job, network, images, validation, copies),
                ),
                environment=describe_environment(job.recipe.precision),
            )
        )
    with suppress(WriteError):  # the next command removes them
        checkpoints.remove()
    return load_run(path)


def checkpoints_of(
    job: Job, competition: Competition, folder: Path, replace: bool = False
) -> Checkpoints:
    """The checkpoints of a job.

    Args:
        folder: the competition's runs.
        replace: as for `train`.
    """
    return Checkpoints(
        checkpoints_path(folder / job.name),
        job.identity(competition),
        describe_environment(job.recipe.precision),
        timed=job.deadline is not None,
        replace=replace,
    )


def _size(job: Job, network: Network, competition: Competition) -> int:
    """Approximate size of a run's files in bytes."""
    parts = [network.model, *([network.backbone] if network.backbone_layers else [])]
    rows = len(job.fold.validation) + len(competition.test_pixels)
    weights = sum(4 * part.count_params() for part in parts)
    return weights + rows * (4 * len(competition.classes) + 16) + OTHER_FILES


def prepare(job: Job, competition: Competition) -> tuple[Network, Images]:
    """The network of a job before its training, and the images of all training rows for it."""
    keras.utils.set_random_seed(job.seed)
    network = job.build(competition)
    return network, job_images(job, competition, competition.train_pixels)


def describe_data(competition: Competition) -> Data:
    """What run.json says of the competition."""
    schema = competition.schema
    return Data(
        competition=competition.name,
        fingerprint=competition.fingerprint,
        classes=competition.classes,
        shape=schema.shape,
        planes=schema.planes,
        transpose=schema.transpose,
        low=schema.low,
        high=schema.high,
        dtype=competition.train_pixels.dtype.name,
        train_rows=len(competition.train_pixels),
        test_rows=len(competition.test_pixels),
        files=describe_layouts(schema, competition.train_source, competition.test_source),
        metric=recorded(competition.metric),
    )


def describe_fold(job: Job) -> FoldRecord:
    """What run.json says of the fold."""
    fold = job.fold
    return FoldRecord(fold.name, fold.fingerprint, len(fold.train), len(fold.validation), fold.part)


def history_table(result: FitResult) -> "pd.DataFrame":
    """A row for each epoch, from 1."""
    import pandas as pd

    table = pd.DataFrame(result.history)
    table.index += 1
    return table


def job_images(job: Job, competition: Competition, pixels: Pixels) -> Images:
    """Pixels of the competition -> images (n, height, width, channels) as the job takes them."""
    schema = competition.schema
    images = to_images(pixels, schema.shape, schema.planes, schema.transpose)
    return fit_to(images, *job.recipe.image_shape(schema.shape))


def _predict(
    job: Job, network: Network, competition: Competition, images: Images
) -> tuple[Validation, Probabilities, float]:
    """Probabilities of the validation and the test rows; images per second.

    Without a test file there are no test rows, and the speed is that of the validation rows.
    """
    rows, recipe = job.fold.validation, job.recipe
    predicted = partial(
        predict, network.model, tta_views=recipe.tta_views, tta_angles=recipe.tta_angles
    )
    start = time.perf_counter()
    probabilities = predicted(images, rows)
    speed = len(rows) / (time.perf_counter() - start)
    test = np.empty((0, probabilities.shape[1]), np.float32)
    if competition.has_test:
        test_images = job_images(job, competition, competition.test_pixels)
        start = time.perf_counter()
        test = predicted(test_images)
        speed = len(test) / (time.perf_counter() - start)
    return Validation(rows, competition.labels[rows], probabilities), test, speed


def _score_without_tta(
    job: Job, network: Network, images: Images, validation: Validation, copies: int
) -> Scores | None:
    if job.recipe.views == 1:
        return None
    probabilities = predict(network.model, images, validation.rows)
    return score(probabilities, validation.labels, copies)


def _write_model(network: Network, writer: RunWriter) -> None:
    writer.model(model_bytes(network.model))
    if network.backbone is not None and network.backbone_layers:  # it was trained
        writer.backbone(model_bytes(network.backbone))
