"""The array types that modules exchange, with their shapes and ranges."""

import numpy as np
import numpy.typing as npt

Texts = npt.NDArray[np.str_]
"""(n,) cells as written."""

Pixels = npt.NDArray[np.uint8 | np.float32]
"""(n, pixels) as read: uint8 in 0..255, or float32."""

Images = npt.NDArray[np.uint8 | np.float32]
"""(n, height, width, channels), with the values of the pixels."""

GreyLevels = npt.NDArray[np.uint8]
"""Images for display, (n, height, width) or (n, height, width, channels), in 0..255."""

Labels = npt.NDArray[np.int64]
"""(n,) class indices in 0..k-1."""

Rows = npt.NDArray[np.int64]
"""(n,) row numbers of a file, counted from 0."""

Probabilities = npt.NDArray[np.float32]
"""(n, k) float32; each row sums to 1."""
