"""matplotlib figures: charts as SVG with the colours of a page, and samples as PNG."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from pipeline.arrays import GreyLevels

if TYPE_CHECKING:
    import pandas as pd

# Placeholders for colours of the page, which differ between its light and its dark theme.
INK, SOFT, LINE, TRUTH, WRONG = "#010101", "#010102", "#010103", "#010104", "#010105"
THEME = {
    INK: "currentColor",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
    TRUTH: "var(--truth)",
    WRONG: "var(--wrong)",
}
STYLE = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",  # for the layout; a page shows its own
    "font.size": 10,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelsize": 10,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.bottom": False,
    "ytick.left": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "lines.linewidth": 1.6,
}
WIDTH, HEIGHT = 5.4, 3.3  # inches; a page scales charts to its width
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
SVG = "http://www.w3.org/2000/svg"
SHOW = "show-"

ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")


@contextmanager
def chart(height: float = HEIGHT, width: float = WIDTH) -> Iterator[tuple[Figure, Axes]]:
    """A figure with one pair of axes, to be drawn and passed to `inline` within the block.

    Args:
        height, width: in inches; a page has space for two charts of the default width.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height))
        figure.subplots_adjust(left=0.13, bottom=0.5 / height, right=0.96, top=1 - 0.1 / height)
        yield figure, figure.add_subplot()


def inline(figure: Figure, name: str, label: str) -> Markup:
    """The figure as an <svg> element of a page.

    Artists whose gid is "show-..." become elements of that class, which a page can hide.

    Args:
        name: unique in the page, so that the identifiers of two charts differ.
        label: text for readers who cannot see the chart.
    """
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata=NO_METADATA)
    svg = ElementTree.fromstring(buffer.getvalue())
    svg.set("role", "img")
    svg.set("aria-label", label)
    for element in svg.iter():
        if element.tag == f"{{{SVG}}}g":  # numbered from 1 in each chart, so not unique in a page
            identifier = element.attrib.pop("id", "")
            if identifier.startswith(SHOW):
                element.set("class", identifier)
        if style := element.get("style"):
            for placeholder, colour in THEME.items():
                style = style.replace(placeholder, colour)
            element.set("style", style)
    return Markup(ElementTree.tostring(svg, encoding="unicode"))


def plot_by_epoch(axes: Axes, values: "pd.Series[float]", **style: Any) -> None:
    """Draws a line, or a dot for a single epoch, and labels the axis of epochs."""
    axes.plot(values.index, values, marker="o" if len(values) == 1 else "", **style)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))


def plot_by_share(axes: Axes, values: "pd.Series[float]", **style: Any) -> None:
    """Draws a line, or a dot for a single epoch, against the share of all epochs."""
    shares = values.index / len(values)
    axes.plot(shares, values, marker="o" if len(values) == 1 else "", **style)
    axes.set_xlabel("share of the run's epochs")
    axes.xaxis.set_major_formatter(PercentFormatter(1))


def samples(images: GreyLevels, titles: Sequence[str], columns: int) -> Figure:
    """A grid of images with their titles.

    Args:
        images: (n, height, width, 1 or 3) in 0..255.
    """
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(columns * 0.8, rows * 0.98), layout="constrained")
    for number, (image, title) in enumerate(zip(images, titles, strict=True), start=1):
        axes = figure.add_subplot(rows, columns, number)
        axes.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_title(title, fontsize=9, pad=2, parse_math=False)
        axes.set_axis_off()
    return figure


def png(figure: Figure) -> bytes:
    """The content of a PNG file."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()
