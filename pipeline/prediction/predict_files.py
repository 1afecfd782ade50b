"""A run's predictions for new files, as a table."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Probabilities
from pipeline.competition.folds import row_digests
from pipeline.competition.overrides import Overrides
from pipeline.config import change
from pipeline.errors import PipelineError
from pipeline.prediction.new_rows import find_images, read_image, read_rows
from pipeline.runs.metrics import score
from pipeline.runs.record import Scores
from pipeline.runs.run import Run

if TYPE_CHECKING:
    import pandas as pd

OTHER_COLUMNS = ("file", "id", "class", "label")
GROUP_IMAGES, GROUP_VALUES = 128, 1 << 26  # of images that are in memory at the same time


def predict_files(
    run: Run,
    files: Sequence[Path],
    *,
    invert: bool = False,
    delimiter: str | None = None,
    header: bool | None = None,
) -> "pd.DataFrame":
    """See `pipeline.predict`."""
    import pandas as pd

    options = {"delimiter": delimiter, "header": header}
    given = change(Overrides(), {k: v for k, v in options.items() if v is not None}, "options")
    tables = []
    scored: dict[str, list[bytes]] = {}  # a hash of each row with a known label, by file
    skipped = {}
    for path in files:
        name = str(path) if len(files) > 1 else ""
        images, others = find_images(path)
        if others:
            skipped[str(path)] = others
        if images:
            table = _table(run, [image.name for image in images], _images(run, images, invert))
        else:
            table, hashes = _rows(run, path, given, invert)
            scored[name] = scored.get(name, []) + hashes
        if name:
            table.insert(0, "file", name)
        tables.append(table)
    if not tables:
        raise PipelineError("no files", where="files", expected="CSV files, images or folders")
    result = pd.concat(tables, ignore_index=True)
    result.attrs["copies"] = {name: len(rows) - len(set(rows)) for name, rows in scored.items()}
    result.attrs["skipped"] = skipped
    return result


def score_files(table: "pd.DataFrame") -> dict[str, Scores]:
    """The scores of the rows whose labels are classes of the run, by file.

    Args:
        table: from `predict_files`. If it is of one file, the name of the file is empty.
    """
    if "label" not in table:
        return {}
    probabilities, labels = table.select_dtypes(np.float32).to_numpy(), _label_indices(table)
    files = table["file"].to_numpy() if "file" in table else np.full(len(table), "")
    scores = {}
    for name in dict.fromkeys(files):
        rows = np.flatnonzero((files == name) & (labels >= 0))
        if len(rows):
            scores[name] = score(probabilities[rows], labels[rows], table.attrs["copies"][name])
    return scores


def find_unknown_labels(table: "pd.DataFrame") -> list[str]:
    """The labels of the rows whose label is not a class of the run, in the order of the table."""
    if "label" not in table:
        return []
    unknown = (_label_indices(table) < 0) & table["label"].notna()  # a file may have no labels
    return [str(label) for label in table["label"][unknown]]


def _label_indices(table: "pd.DataFrame") -> npt.NDArray[np.int64]:
    """(n,) the class of each row's label, -1 if it is none of the run's."""
    indices = {column: index for index, column in enumerate(table.select_dtypes(np.float32))}
    return np.array([indices.get(_column(label), -1) for label in table["label"]], np.int64)


def _column(name: str) -> str:
    """The column of a class: its name, unless another column has this name."""
    return f"class_{name}" if name in OTHER_COLUMNS else name


def _rows(
    run: Run, path: Path, given: Overrides, invert: bool
) -> tuple["pd.DataFrame", list[bytes]]:
    """The predictions for a CSV, chunk by chunk: it may be larger than memory.

    Returns:
        Their table; a hash of each row whose label is a class of the run.
    """
    data = run.record.data
    with TemporaryDirectory() as folder:
        rows = read_rows(path, data, Path(folder), given.separator, given.header)
        known = [label in data.classes for label in rows.labels or ()]
        parts: list[Probabilities] = []
        hashes: list[bytes] = []
        for first, pixels in rows.chunks():
            hashes += row_digests(pixels[np.flatnonzero(known[first : first + len(pixels)])])
            if invert:
                pixels = np.asarray(data.low + data.high - pixels, np.float32)
            parts.append(run.predict(pixels))
        return _table(run, rows.ids, np.concatenate(parts), rows.labels), hashes


def _images(run: Run, paths: Sequence[Path], invert: bool) -> Probabilities:
    """The predictions for images, those of equal size together."""
    probabilities = np.empty((len(paths), len(run.record.data.classes)), np.float32)
    for group in _groups(run, paths, invert):
        shapes = dict.fromkeys(image.shape for image in group.values())
        for shape in shapes:
            rows = [row for row, image in group.items() if image.shape == shape]
            probabilities[rows] = run.predict(np.stack([group[row] for row in rows]))
    return probabilities


def _groups(
    run: Run, paths: Sequence[Path], invert: bool
) -> Iterator[Mapping[int, npt.NDArray[np.float32]]]:
    """Images by their index in `paths`, as many at a time as fit into memory."""
    data = run.record.data
    group: dict[int, npt.NDArray[np.float32]] = {}
    for row, path in enumerate(paths):
        group[row] = read_image(path, data.low, data.high, invert)
        size = sum(image.size for image in group.values())
        if len(group) == GROUP_IMAGES or size >= GROUP_VALUES or row == len(paths) - 1:
            yield group
            group = {}


def _table(
    run: Run,
    ids: Sequence[str],
    probabilities: Probabilities,
    labels: Sequence[str] | None = None,
) -> "pd.DataFrame":
    import pandas as pd

    classes = run.record.data.classes
    best = np.argmax(probabilities, axis=1)
    front = pd.DataFrame({"id": ids, "class": [classes[index] for index in best]})
    parts = [front, pd.DataFrame(probabilities, columns=[_column(name) for name in classes])]
    if labels is not None:
        parts.append(pd.DataFrame({"label": labels}))
    return pd.concat(parts, axis=1)
