"""A model and images -> probabilities."""

import keras
import numpy as np

from pipeline.data.images import Images
from pipeline.runs.metrics import Probabilities

BATCH = 128  # larger ones leave the processor's cache, and are slower


def predict(model: keras.Model, inputs: Images) -> Probabilities:
    """(n, ...) images or features -> (n, k) float32."""
    outputs: Probabilities = np.asarray(model.predict(inputs, batch_size=BATCH, verbose=0))
    return outputs.astype(np.float32, copy=False)
