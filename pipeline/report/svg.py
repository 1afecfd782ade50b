"""matplotlib figures as SVG that lives inside a page and takes the page's colours and letters."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Each stands for a colour of the page, which knows whether it is day or night.
INK, SOFT, LINE, TRUTH, WRONG = "#010101", "#010102", "#010103", "#010104", "#010105"
COLOURS = {
    INK: "currentColor",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
    TRUTH: "var(--truth)",
    WRONG: "var(--wrong)",
}
# What matplotlib writes again and again, and the class of the page's style that says the same.
CLASSES = {
    "stroke: var(--line); stroke-width: 0.7": "grid",
    "fill: var(--truth); fill-opacity: 0.2; stroke: var(--truth); stroke-width: 1.4": "area truth",
    "fill: var(--wrong); fill-opacity: 0.2; stroke: var(--wrong); stroke-width: 1.4": "area wrong",
    "fill: var(--truth); stroke: var(--truth)": "mark truth",
    "fill: var(--wrong); stroke: var(--wrong)": "mark wrong",
    "font-size: 10px; text-anchor: middle; fill: currentColor": "axis",
    "font-size: 10px; text-anchor: middle; fill: var(--soft)": "tick",
    "font-size: 10px; text-anchor: end; fill: var(--soft)": "tick left",
}
# What a page does not need of matplotlib's SVG, in the order in which it goes.
SLIMMER = (
    (r"(?s)<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->|<defs>\s*</defs>", ""),
    (r' id="[\w.]+_\d+"| transform="rotate\(-?0 [^"]*\)"', ""),
    (r'<g id="show-', '<g class="show-'),
    (r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px"),
    (r" font-family: [^;\"]*;", ""),
    (r'<path d="[^"]*" style="fill: none"/>', ""),
    (f' clip-path="[^"]*"(?= style="fill: none; stroke: {LINE})', ""),
    (r'(?<=style=")fill: none; |; stroke-width: 1\.6|; stroke-linecap: square', ""),
    (r"stroke-dashoffset: 0; |; stroke-linejoin: miter", ""),
    (r"\s*\n\s*", " "),
    (r"(?<=>) +(?=<)", ""),
    *[(r"<g>(<(?:path|use)[^<>]*/>|<text[^<>]*>[^<]*</text>|)</g>", r"\1")] * 3,
    (r'(<svg[^>]*?) width="[\d.]+pt" height="[\d.]+pt"', r"\1"),
)
STYLE = {
    "svg.fonttype": "none",
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
SIZE = 5.4, 3.3  # inches; on a phone as wide as the page


@contextmanager
def chart(width: float = SIZE[0], height: float = SIZE[1]) -> Iterator[tuple[Figure, Axes]]:
    """A figure with one pair of axes, to be drawn and taken out with `inline` in the block."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height))
        figure.subplots_adjust(left=0.13, bottom=0.5 / height, right=0.96, top=1 - 0.1 / height)
        yield figure, figure.add_subplot()


def inline(figure: Figure, name: str, label: str) -> Markup:
    """The figure as an <svg> element.

    Elements with a gid keep it as their class, so that a page can show and hide them.

    Args:
        name: unlike that of any other figure of the page, so that references stay inside.
        label: what is to be seen, for those who cannot see it.
    """
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = re.sub(r"<[^>]+>", _round, text[text.index("<svg") :])
    for pattern, replacement in SLIMMER:
        text = re.sub(pattern, replacement, text)
    for placeholder, colour in COLOURS.items():
        text = text.replace(placeholder, colour)
    for style, name_of_class in CLASSES.items():
        text = text.replace(f'style="{style}"', f'class="{name_of_class}"')
    opening = f'<svg role="img" aria-label="{Markup.escape(label)}"'
    return Markup(text.replace("<svg", opening, 1))


def _round(tag: re.Match[str]) -> str:
    """Numbers to a tenth of a point, lines as steps. The text between tags stays as it is."""
    rounded = re.sub(r"(\d+\.\d)\d+", r"\1", tag[0])
    return re.sub(r' d="([^"CQ]+)"', lambda path: f' d="{_steps(path[1])}"', rounded)


def _steps(path: str) -> str:
    """'M 1 2 L 4 2 L 4 9.5' -> 'M1 2h3v7.5': the same line in half as many letters."""
    steps, last = [], (0, 0)
    for letter, *numbers in re.findall(r"([MLz]) *([-\d.]*) *([-\d.]*)", path):
        if letter == "z":
            steps.append("z")
            continue
        x, y = (round(10 * float(number)) for number in numbers)  # in tenths nothing adds up
        across, down = x - last[0], y - last[1]
        last = x, y
        if letter == "M":
            steps.append(f"M{x / 10:g} {y / 10:g}")
        elif across and down:
            steps.append(f"l{across / 10:g} {down / 10:g}")
        elif across or down:
            steps.append(f"h{across / 10:g}" if across else f"v{down / 10:g}")
    return "".join(steps)
