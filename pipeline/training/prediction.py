"""A model and images -> probabilities, batch by batch: images may be larger than memory."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np

from pipeline.data.images import Images
from pipeline.data.splits import Rows
from pipeline.runs.metrics import Probabilities

BATCH = 128  # larger ones leave the processor's cache, and gain nothing
# While one batch is read and dispatched another computes. Of Keras' backends only TensorFlow's
# lets two threads use a model.
THREADS = 2 if keras.backend.backend() == "tensorflow" else 1


def predict(model: keras.Model, inputs: Images, rows: Rows | None = None) -> Probabilities:
    """(n, ...) images or features, or those of the rows -> (n, k) float32."""
    return _by_batches(model, model.predict_on_batch, inputs, rows)


def predict_views(model: keras.Model, images: Images, rows: Rows | None = None) -> Probabilities:
    """(n, height, width, channels) images -> (n, k) float32, the mean over each image's views."""

    def mean(batch: Images) -> Probabilities:
        return np.mean([model.predict_on_batch(view) for view in views(batch)], axis=0)

    return _by_batches(model, mean, images, rows)


def views(images: Images) -> Iterator[Images]:
    """The images, and these one pixel down, up, right and left; what comes in is the edge."""
    yield images
    framed = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = images.shape[1:3]
    for down, across in ((0, 1), (2, 1), (1, 0), (1, 2)):
        yield framed[:, down : down + height, across : across + width]


def _by_batches(
    model: keras.Model,
    answer: Callable[[Images], Probabilities],
    inputs: Images,
    rows: Rows | None,
) -> Probabilities:
    def outputs(first: int) -> Probabilities:
        part = slice(first, first + BATCH)
        found: Probabilities = np.asarray(
            answer(inputs[part] if rows is None else inputs[rows[part]])
        )
        return found.astype(np.float32, copy=False)

    model.make_predict_function()  # once, not in each thread
    count = len(inputs if rows is None else rows)
    with ThreadPoolExecutor(THREADS) as pool:
        return np.concatenate(list(pool.map(outputs, range(0, count, BATCH))))
