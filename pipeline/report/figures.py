"""Figures, drawn with matplotlib."""

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def samples(images: npt.NDArray[np.uint8], titles: Sequence[str], columns: int) -> Figure:
    """A grid of images with their titles.

    Args:
        images: (n, height, width, 1 or 3) in 0..255.
    """
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(columns * 0.8, rows * 0.98), layout="constrained")
    for place, (image, title) in enumerate(zip(images, titles, strict=True), start=1):
        axes = figure.add_subplot(rows, columns, place)
        axes.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_title(title, fontsize=9, pad=2, parse_math=False)
        axes.set_axis_off()
    return figure


def png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()
