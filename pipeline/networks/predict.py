"""A model and images -> probabilities, batch by batch: images may be larger than memory."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np

from pipeline.arrays import Images, Probabilities, Rows

BATCH = 128  # larger ones leave the processor's cache, and gain nothing
# While one batch is read and dispatched another computes. Of Keras' backends only TensorFlow's
# lets two threads use a model.
THREADS = 2 if keras.backend.backend() == "tensorflow" else 1
# Where views stand, in pixels down and across: the image itself, its neighbours, the diagonals.
SHIFTS = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))


def predict(
    model: keras.Model, inputs: Images, rows: Rows | None = None, views: int = 1
) -> Probabilities:
    """(n, ...) images or features, or those of the rows -> (n, k) float32.

    Args:
        views: of images (n, height, width, channels): how many of SHIFTS the mean is taken over.
    """

    count = len(inputs if rows is None else rows)
    outputs = np.empty((count, *model.output_shape[1:]), np.float32)

    def fill(first: int) -> None:
        part = slice(first, first + BATCH)
        batch = inputs[part] if rows is None else inputs[rows[part]]
        found = [model.predict_on_batch(shifted(batch, *shift)) for shift in SHIFTS[:views]]
        np.mean(found, axis=0, dtype=np.float32, out=outputs[part])

    model.make_predict_function()  # once, not in each thread
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(fill, range(0, count, BATCH)):
            pass
    return outputs


def shifted(images: Images, down: int, across: int) -> Images:
    """(n, height, width, channels) images moved by a pixel at most; what comes in is the edge."""
    if not down and not across:
        return images
    framed = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = images.shape[1:3]
    return framed[:, 1 - down : 1 - down + height, 1 - across : 1 - across + width]
