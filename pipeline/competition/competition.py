"""A competition: the content of a folder's files as arrays, with their schema."""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Labels, Pixels, Rows
from pipeline.competition.cache import cached, cached_array
from pipeline.competition.columns import text_columns
from pipeline.competition.folder import choose_metric, find_files
from pipeline.competition.folds import (
    Fold,
    choose_locked,
    given_hold_out,
    groups_of_similar_rows,
    hold_out,
)
from pipeline.competition.labels import classes_of, labels_of, with_label
from pipeline.competition.overrides import Overrides, affects_reading
from pipeline.competition.sample import (
    Sample,
    check_same_ids,
    check_unique_ids,
    class_columns,
    read_sample,
)
from pipeline.competition.schema import Schema, infer_schema
from pipeline.competition.values import chunks, take_out
from pipeline.errors import PipelineError
from pipeline.files import write_array, write_text
from pipeline.machine import release_memory
from pipeline.metrics.metric import Metric
from pipeline.reading.pixel_strings import PixelStrings
from pipeline.reading.reader import Table, read
from pipeline.reading.source import Source, open_source

PARTS = "competition.json"


@dataclass(frozen=True, eq=False)
class LockedRows:
    """Rows of the training file that nothing uses until `reveal` scores one run on them, once.

    Validation rows compare runs and choose epochs; the score of the run that won is too good.
    Locked rows have no part in any choice, so that their score is not. Only what is inferred of
    the file's format, its range of values and its classes depends on them.

    Attributes:
        pixels: (n, pixels), as `Competition.train_pixels`.
        labels: (n,) class indices.
        rows: (n,) their row numbers in the training file, from 0, in ascending order.
    """

    pixels: Pixels
    labels: Labels
    rows: Rows


@dataclass(frozen=True, eq=False, repr=False)
class Competition:
    """The content of a competition's folder.

    Attributes:
        name: name of the folder.
        folder: its path.
        overrides: schema overrides.
        schema: what each column is, the shape of an image, the range of its values.
        train_source, test_source: the CSV files and their format; test_source is None if there
            is no test file.
        train_pixels, test_pixels: (n, pixels) uint8 in 0..255, or float32, in file order. Without
            a test file, test_pixels has no rows. Locked rows are not among them.
        labels: (n,) int64 in 0..k-1, indices into `classes`.
        classes: the k classes as the training file spells them.
        test_ids: the ids of the test rows as written; None if the test file has no ids.
        test_labels: (n,) int64 in 0..k-1 if the test file has labels, else None. They score a
            finished run, and are used for nothing else.
        sample: the sample submission, if there is one.
        validation_rows: how many of the last training rows are from a validation file.
        locked: the rows that `holdout` locks; None without it.
        fingerprint: SHA-256 of the content without locked rows, independent of the files' format.
    """

    name: str
    folder: Path
    overrides: Overrides
    schema: Schema
    train_source: Source
    test_source: Source | None
    train_pixels: Pixels
    labels: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    test_pixels: Pixels
    test_ids: tuple[str, ...] | None
    test_labels: npt.NDArray[np.int64] | None
    sample: Sample | None
    fingerprint: str
    validation_rows: int = 0
    locked: LockedRows | None = None

    @classmethod
    def load(cls, folder: Path | str, **options: Any) -> "Competition":
        """Reads the folder's files, or loads them from the cache.

        Args:
            folder: the competition's folder.
            options: see `Overrides`; they override those of competition.toml.

        Raises:
            PipelineError: a file is missing, has faults, or cannot be understood.

        Example:
            >>> competition = Competition.load("data/digits")
            >>> competition.train_pixels.shape
            (1437, 64)
        """
        folder = Path(folder)
        paths, overrides = find_files(folder, options)
        name = folder.resolve().name
        read = {n: value for n, value in asdict(overrides).items() if affects_reading(n, value)}
        with cached(name, paths, read, lambda new: _read(paths, overrides, new)) as entry:
            return cls(name, folder, overrides, **_load_cached(paths, entry))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as its folder path; the other process maps the arrays again."""
        return _reload, (self.folder, asdict(self.overrides), self.fingerprint)

    @property
    def has_test(self) -> bool:
        """Whether there is a test file."""
        return self.test_source is not None

    @property
    def metric(self) -> Metric:
        """What it is scored by."""
        return choose_metric(self.overrides, self.sample.header if self.sample else ())

    @cached_property
    def file_rows(self) -> Rows:
        """(n,) row numbers in the training file, from 0, of `train_pixels`.

        They differ from 0..n-1 if rows are locked. Those of a validation file's rows follow.
        """
        if self.locked is None:
            return np.arange(len(self.labels))
        rows = np.arange(len(self.labels) + len(self.locked.rows))
        return np.delete(rows, self.locked.rows)

    @cached_property
    def groups(self) -> Rows:
        """(n,) group numbers of the training rows, equal for copies and near copies of an image.

        Rows of a group stay together wherever rows are divided.
        """
        return cached_array(self.name, self.fingerprint, groups_of_similar_rows, self.train_pixels)

    @cached_property
    def hold_out(self) -> Fold:
        """Training and validation rows, the same for every run.

        Raises:
            PipelineError: the hold-out would be empty.
        """
        share, seed = self.overrides.validation, self.overrides.split_seed
        if isinstance(share, str):
            return given_hold_out(self.train_pixels, self.validation_rows)
        fold = hold_out(self.groups, self.labels, share, seed)
        if not len(fold.validation):
            raise PipelineError(
                "no class has two different images"
                + " besides the locked rows" * (self.locked is not None)
                + ": the hold-out would be empty",
                where=self.train_source.path,
                expected="two or more different images of at least one class",
            )
        return fold

    def __repr__(self) -> str:
        rows = f"{len(self.train_pixels)} + {len(self.test_pixels)} rows"
        return f"Competition({self.name!r}, {rows}, {len(self.classes)} classes)"

    def _repr_html_(self) -> str:
        from pipeline.competition.inspection import html

        return html(self)


def _reload(folder: Path, overrides: dict[str, Any], fingerprint: str) -> Competition:
    """Rebuilds a competition that was sent from another process.

    Raises:
        PipelineError: its files have changed since.
    """
    competition = Competition.load(folder, **overrides)
    if competition.fingerprint != fingerprint:
        raise PipelineError("its files have changed", where=folder, remedy="Run the command again.")
    return competition


def _read(paths: dict[str, Path], overrides: Overrides, folder: Path) -> None:
    """Reads the files, and writes all that a competition holds to the folder."""
    sources = {
        role: open_source(paths[role], overrides.separator, overrides.header)
        for role in ("train", "test", "validation")
        if role in paths
    }
    if "test" not in sources and (by_usage := sources["train"].by_usage()):
        sources["train"], sources["test"] = by_usage
    test_source = sources.get("test")
    if "validation" in sources:
        _check_same_columns(sources["validation"], sources["train"])
    sample = read_sample(paths["sample"]) if "sample" in paths else None
    sample_id = sample.header[0] if sample else None
    tables = {}
    for role, source in sources.items():
        pair = (source, sources["train"]) if role == "test" else (sources["train"], test_source)
        texts = text_columns(*pair, overrides, sample_id)
        tables[role] = read(source, texts, folder / f"{role}.raw")
    train, test, validation = tables["train"], tables.get("test"), tables.get("validation")
    if len(train) == 1:
        raise PipelineError(
            "the file has a single row",
            where=train.source.path,
            expected="a row for each image",
            remedy="If all rows are on one line, save it again with a line end after each.",
        )
    schema, train_pixels, test_pixels = infer_schema(
        train, test, overrides, sample_id, folder, validation
    )
    if schema.one_hot:
        train = with_label(train, schema.one_hot)
        validation = with_label(validation, schema.one_hot) if validation else None
    for role in sources:
        (folder / f"{role}.raw").unlink()
    classes, labels = classes_of(train, schema.label, overrides.classes)
    if validation:
        labels = np.concatenate([labels, labels_of(validation, schema.label, classes)])
    if overrides.holdout:
        labels, train_pixels = _lock(train, labels, train_pixels, overrides.holdout, folder)
    ids = _test_ids(test, schema, sample, overrides.first_id) if test else None
    if test and sample:  # a submission that is impossible is found out before training
        class_columns(sample, classes, overrides.classes)
    write_array(folder / "labels.npy", labels)
    if test and schema.test_label is not None:
        write_array(folder / "test_labels.npy", labels_of(test, schema.test_label, classes))
    parts = {
        "schema": asdict(schema),
        "train_source": asdict(train.source),
        "test_source": asdict(test.source) if test else None,
        "classes": classes,
        "test_ids": ids,
        "sample": {"header": sample.header, "ids": sample.ids} if sample else None,
        "validation_rows": len(validation) if validation else 0,
        "fingerprint": _fingerprint(schema, classes, labels, train_pixels, test_pixels),
    }
    write_text(folder / PARTS, json.dumps(parts, default=str))
    release_memory()


def _check_same_columns(validation: Source, train: Source) -> None:
    if (validation.header, validation.columns) != (train.header, train.columns):
        raise PipelineError(
            f"{validation.columns} columns"
            + " with other names" * (validation.columns == train.columns),
            where=validation.path,
            expected=f"the {train.columns} columns of {train.path.name}",
        )


def _lock(
    train: Table, labels: Labels, pixels: Pixels, share: float, folder: Path
) -> tuple[Labels, Pixels]:
    """Moves the locked rows to files of their own; returns the others' labels and pixels.

    Args:
        labels, pixels: of the training file, and after them those of a validation file.

    Raises:
        PipelineError: there would be no locked rows.
    """
    rows = choose_locked(pixels[: len(train)], labels[: len(train)], share)
    if not len(rows):
        raise PipelineError(
            f"holdout = {share:g} would lock no rows: no class has two different images",
            where=train.source.path,
            expected="two or more different images of at least one class",
        )
    write_array(folder / "locked_rows.npy", rows)
    write_array(folder / "locked_labels.npy", labels[rows])
    return np.delete(labels, rows), take_out(pixels, rows, folder)


def _test_ids(
    test: Table, schema: Schema, sample: Sample | None, first_id: int | None
) -> tuple[str, ...] | None:
    """The ids of the test rows, which are those of the sample; None if there are none."""
    ids = None
    if schema.test_id is not None:
        ids = tuple(str(text) for text in test.written[schema.test_id])
        check_unique_ids(test.source, schema.test_id, ids)
    check_same_ids(test.source, sample, ids, len(test), first_id)
    return ids


def _load_cached(paths: dict[str, Path], folder: Path) -> dict[str, Any]:
    """What `_read` wrote, with the arrays mapped into memory."""
    parts = json.loads((folder / PARTS).read_text())
    arrays: dict[str, Any] = {
        path.stem: np.asarray(np.load(path, mmap_mode="r")) for path in folder.glob("*.npy")
    }
    locked = [arrays.pop(f"locked_{name}", None) for name in ("pixels", "labels", "rows")]
    parts["locked"] = None if locked[0] is None else LockedRows(*locked)
    for role in ("train", "test"):
        if found := parts[f"{role}_source"]:
            strings = found["strings"] and PixelStrings(**found["strings"])
            path = paths.get(role, paths["train"])  # one file may have both
            parts[f"{role}_source"] = Source(**found | {"path": path, "strings": strings})
    parts["schema"] = Schema(**_with_tuples(parts["schema"]))
    if parts["sample"]:
        parts["sample"] = Sample(**_with_tuples(parts["sample"]) | {"path": paths["sample"]})
    return {"test_labels": None} | _with_tuples(parts) | arrays


def _with_tuples(parts: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists for tuples."""
    return {name: tuple(v) if isinstance(v, list) else v for name, v in parts.items()}


def _fingerprint(
    schema: Schema,
    classes: tuple[str, ...],
    labels: npt.NDArray[np.int64],
    *pixels: Pixels,
) -> str:
    content: tuple[Any, ...] = (schema.shape, schema.planes, schema.low, schema.high, classes)
    if schema.transpose:  # else the fingerprint is the one that it was before this setting
        content += ("transpose",)
    digest = hashlib.sha256(repr(content).encode())
    for array in (labels, *pixels):
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        for rows in chunks(len(array)):
            digest.update(np.ascontiguousarray(array[rows]).data)
    return digest.hexdigest()
