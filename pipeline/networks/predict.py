"""A model and images -> probabilities, batch by batch: images may be larger than memory."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pipeline.arrays import Images, Probabilities, Rows
from pipeline.images.views import make_views
from pipeline.networks.backend import keras

BATCH = 128  # larger batches leave the processor's cache and gain nothing
# While one batch is prepared, another computes. Of Keras' backends only TensorFlow's lets two
# threads use a model.
WORKERS = 2 if keras.backend.backend() == "tensorflow" else 1


def predict(
    model: keras.Model,
    inputs: Images,
    rows: Rows | None = None,
    tta_views: int = 1,
    tta_angles: int = 1,
) -> Probabilities:
    """Computes a model's outputs, averaged over TTA views.

    Args:
        inputs: (n, ...) images or features; may be a memory map.
        rows: the rows to predict; None for all of them.
        tta_views, tta_angles: number of shifts and of angles, see `make_views`.

    Returns:
        (n, k) float32.
    """
    count = len(inputs if rows is None else rows)
    outputs = np.empty((count, *model.output_shape[1:]), np.float32)

    def fill(first: int) -> None:
        part = slice(first, first + BATCH)
        batch = inputs[part] if rows is None else inputs[rows[part]]
        views = [model.predict_on_batch(v) for v in make_views(batch, tta_views, tta_angles)]
        np.mean(views, axis=0, dtype=np.float32, out=outputs[part])

    model.make_predict_function()  # once, not in each thread
    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(fill, range(0, count, BATCH)):
            pass
    return outputs
