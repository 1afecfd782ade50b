"""The pixels' values: their range, their order in colour images, and cells that cannot be."""

import numpy as np
import numpy.typing as npt

from pipeline.data.reader import Fault, Pixels, Table, is_bytes, locate, refuse
from pipeline.data.settings import Settings
from pipeline.data.source import NUMBER
from pipeline.errors import PipelineError

RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 16.0), (0.0, 255.0), (0.0, 65535.0))


def numbers(table: Table, columns: tuple[int, ...], low: float, high: float) -> Pixels:
    """The pixels' columns as an array (n, pixels) that owns its memory.

    Raises:
        PipelineError: a cell of them is no number, or lies outside the range.
    """
    texts = {c: _to_numbers(table, c) for c in columns if c in table.texts}
    whole = table.values.dtype == np.uint8 and all(is_bytes(text) for text in texts.values())
    values = table.values if whole else table.values.astype(np.float32, copy=False)
    side_by_side = columns == tuple(range(columns[0], columns[-1] + 1))
    pixels = values[:, columns[0] : columns[-1] + 1] if side_by_side else values[:, columns]
    pixels = np.ascontiguousarray(pixels)
    for column, text in texts.items():
        pixels[:, columns.index(column)] = text
    _refuse_odd(table, pixels, columns, low, high)
    return pixels


def _to_numbers(table: Table, column: int) -> npt.NDArray[np.float64]:
    text = table.texts[column]
    source = table.source
    if source.delimiter != ",":
        text = np.char.replace(text, ",", ".")
    bad = [row for row, cell in enumerate(text) if not NUMBER.fullmatch(cell)]
    refuse(
        source,
        [
            Fault(
                line,
                source.column(column),
                f"found {cells[column]!r}; expected a number"
                if cells[column].strip()
                else "the cell is empty; expected a number",
            )
            for _, line, cells in locate(source, bad[:5])
        ],
        total=len(bad),
    )
    return text.astype(np.float64)


def stored_by_plane(
    train: Table, pixels: tuple[int, ...], shape: tuple[int, int, int], settings: Settings
) -> bool:
    """Whether the colours are stored plane by plane: images are smooth in the right order only."""
    if settings.planes is not None:
        return settings.planes
    height, width, channels = shape
    some = train.values[:500][:, pixels].astype(np.float32)
    mixed = some.reshape(-1, height, width, channels)
    plane = some.reshape(-1, channels, height, width)
    rough_mixed = float(np.abs(np.diff(mixed, axis=2)).mean())
    rough_plane = float(np.abs(np.diff(plane, axis=3)).mean())
    return rough_plane < rough_mixed


def common_range(train: Table, test: Table) -> tuple[float, float]:
    mine, theirs = _range(train), _range(test)
    if mine != theirs:
        raise PipelineError(
            f"{train.source.path} and {test.source.path} are on different scales: "
            f"{mine[0]:g}..{mine[1]:g} and {theirs[0]:g}..{theirs[1]:g}. Bring both to one, or, "
            "if they are meant so, say it with --range LOW HIGH."
        )
    return mine


def _range(table: Table) -> tuple[float, float]:
    """The smallest usual range that holds the values, but for a few odd cells.

    Where only a handful of cells in the whole file lie outside, these are faults, which `numbers`
    names, and no reason to take the images for something else.
    """
    values = table.values
    least, most = float(values.min()), float(values.max())
    few = _few(table)
    for low, high in RANGES:
        if low <= least and most <= high:
            return low, high
        if np.count_nonzero(values > high) <= few and np.count_nonzero(values < low) <= few:
            return low, high
    raise PipelineError(
        f"{table.source.path}: its pixels go from {least:g} to {most:g}, which is none of the "
        "usual ranges (0..1, 0..16, 0..255). Say which with --range LOW HIGH."
    )


def _few(table: Table) -> int:
    """So many odd cells are faults; more are the way the file is."""
    return max(3, len(table) // 100)


def _refuse_odd(
    table: Table, pixels: Pixels, columns: tuple[int, ...], low: float, high: float
) -> None:
    """Refuses cells outside the range, and a few broken numbers among whole ones."""
    odd = (pixels < low) | (pixels > high) if pixels.min() < low or pixels.max() > high else None
    expected = f"a pixel in {low:g}..{high:g}"
    if odd is None and pixels.dtype == np.float32 and high > 1:
        broken = pixels != np.round(pixels)
        if 0 < broken.sum() <= _few(table):
            odd, expected = broken, f"a whole number in {low:g}..{high:g}, as everywhere else"
    if odd is None:
        return
    places = np.argwhere(odd)
    found = {
        row: (line, cells) for row, line, cells in locate(table.source, places[:5, 0].tolist())
    }
    faults = []
    for row, pixel in places[:5].tolist():
        line, cells = found[row]
        column = columns[pixel]
        what = f"found {cells[column]!r}; expected {expected}"
        faults.append(Fault(line, table.source.column(column), what))
    refuse(table.source, faults, total=len(places))
