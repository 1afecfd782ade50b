"""New pixels or images -> the images that a run's model expects."""

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Images, Pixels
from pipeline.errors import PipelineError
from pipeline.runs.record import Data


def prepare(inputs: Pixels | Images, data: Data, image_shape: tuple[int, int, int]) -> Images:
    """Reshapes and resizes inputs as the training images were.

    Args:
        inputs: pixels (n, pixels), or images (n, height, width) or (n, height, width, channels).
        data: the competition that the run was trained on.
        image_shape: (height, width, channels) that the model expects.

    Raises:
        PipelineError: the inputs have another shape or values out of range.
    """
    from pipeline.images.resize import fit_to, to_images  # OpenCV

    inputs = _checked(np.asarray(inputs), data)
    if inputs.ndim == 2:
        inputs = to_images(inputs, data.shape, data.planes, data.transpose)
    elif inputs.ndim == 3:
        inputs = inputs[..., None]
    return fit_to(inputs, *image_shape)


def _checked(inputs: npt.NDArray[Any], data: Data) -> npt.NDArray[Any]:
    """The inputs in the dtype of the training data."""
    if inputs.dtype.kind not in "biuf":
        raise PipelineError(f"an array of {inputs.dtype}", where="inputs", expected="numbers")
    pixels = data.pixels
    fits = {2: inputs.shape[-1:] == (pixels,), 3: True, 4: inputs.shape[-1:] in ((1,), (3,))}
    if not fits.get(inputs.ndim, False) or 0 in inputs.shape[1:]:
        raise PipelineError(
            f"an array of shape {inputs.shape}",
            where="inputs",
            expected=f"pixels (n, {pixels}), or images (n, height, width, 1 or 3)",
        )
    if inputs.size and not (data.low <= inputs.min() and inputs.max() <= data.high):
        raise PipelineError(
            f"values from {inputs.min():g} to {inputs.max():g}",
            where="inputs",
            expected=f"values in {data.low:g}..{data.high:g}, as the training data has them",
        )
    if data.dtype == "uint8" and np.array_equal(inputs, inputs.astype(np.uint8)):
        return inputs.astype(np.uint8)
    return inputs.astype(np.float32)
