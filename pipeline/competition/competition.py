"""A competition: the files of a folder, understood and held as arrays."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Pixels
from pipeline.competition.cache import cached
from pipeline.competition.columns import text_columns
from pipeline.competition.folds import Fold, hold_out
from pipeline.competition.labels import classes_of
from pipeline.competition.overrides import AFTER_READING, FILE, Settings, load_overrides
from pipeline.competition.sample import Sample, check_same_ids, check_unique_ids, read_sample
from pipeline.competition.schema import Schema, infer_schema
from pipeline.competition.values import chunks
from pipeline.errors import PipelineError
from pipeline.files import write_array, write_text
from pipeline.machine import release_memory
from pipeline.reading.reader import read
from pipeline.reading.source import Source, open_source

NAMES = {
    "train": ("train.csv", "train_data.csv"),
    "test": ("test.csv", "test_data.csv"),
    "sample": ("sample_submission.csv", "sampleSubmission.csv"),
}
PARTS = "competition.json"
ENDINGS = ("", ".gz", ".zip")


@dataclass(frozen=True)
class Competition:
    """All that a competition's folder holds.

    Attributes:
        train_pixels, test_pixels: (n, pixels) uint8 in 0..255, or float32, in file order.
        labels: (n,) integers in 0..k-1, indices into `classes`.
        classes: the k classes as the training file spells them.
        test_ids: the test rows' ids as written, or None where the test file has none.
        fingerprint: SHA-256 of the content, whatever the files' form; runs carry it.
    """

    name: str
    folder: Path
    settings: Settings
    schema: Schema
    train_source: Source
    test_source: Source
    train_pixels: Pixels
    labels: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    test_pixels: Pixels
    test_ids: tuple[str, ...] | None
    sample: Sample | None
    fingerprint: str

    @classmethod
    def load(cls, folder: Path | str, **options: Any) -> "Competition":
        """Reads the folder's files.

        Args:
            folder: the competition's folder.
            options: settings (see `Settings`) that stand above those of competition.toml.

        Raises:
            PipelineError: a file is missing, or has faults, or cannot be understood.
        """
        folder = Path(folder)
        name = folder.resolve().name
        paths, settings = find_files(folder, options)
        told = {n: value for n, value in asdict(settings).items() if n not in AFTER_READING}
        with cached(name, paths, told, lambda into: _read(paths, settings, into)) as place:
            return cls(name, folder, settings, **_recall(paths, place))

    def split(self) -> Fold:
        """Which of its rows train and which validate, for every run the same.

        Raises:
            PipelineError: no row can validate.
        """
        share, seed = self.settings.validation, self.settings.split_seed
        split = hold_out(self.train_pixels, self.labels, share, seed)
        if not len(split.validation):
            raise PipelineError(
                f"{self.train_source.path} has no class with two different images: none can "
                "validate. Expected two or more of at least one class."
            )
        return split


def _read(paths: dict[str, Path], settings: Settings, into: Path) -> None:
    """Reads the files, and leaves all that a competition holds in the folder."""
    sources = [
        open_source(paths[role], settings.separator, settings.header) for role in ("train", "test")
    ]
    sample = read_sample(paths["sample"]) if "sample" in paths else None
    sample_id = sample.header[0] if sample else None
    train, test = (
        read(source, text_columns(source, other, settings, sample_id), into / f"{role}.raw")
        for role, source, other in zip(("train", "test"), sources, sources[::-1], strict=True)
    )
    schema, train_pixels, test_pixels = infer_schema(train, test, settings, sample_id, into)
    for role in ("train", "test"):
        (into / f"{role}.raw").unlink()
    classes, labels = classes_of(train, schema.label)
    ids = None
    if schema.test_id is not None:
        ids = tuple(str(text) for text in test.texts[schema.test_id])
        check_unique_ids(test.source, schema.test_id, ids)
    check_same_ids(test.source, sample, ids, len(test))
    write_array(into / "labels.npy", labels)
    parts = {
        "schema": asdict(schema),
        "train_source": asdict(train.source),
        "test_source": asdict(test.source),
        "classes": classes,
        "test_ids": ids,
        "sample": {"header": sample.header, "ids": sample.ids} if sample else None,
        "fingerprint": _fingerprint(schema, classes, labels, train_pixels, test_pixels),
    }
    write_text(into / PARTS, json.dumps(parts, default=str))
    release_memory()


def _recall(paths: dict[str, Path], place: Path) -> dict[str, Any]:
    """What `_read` has left there, its arrays mapped into memory."""
    parts = json.loads((place / PARTS).read_text())
    arrays = {
        name: np.asarray(np.load(place / f"{name}.npy", mmap_mode="r"))
        for name in ("train_pixels", "labels", "test_pixels")
    }
    for role in ("train", "test"):
        parts[f"{role}_source"] = Source(**parts[f"{role}_source"] | {"path": paths[role]})
    parts["schema"] = Schema(**_with_tuples(parts["schema"]))
    if parts["sample"]:
        parts["sample"] = Sample(**_with_tuples(parts["sample"]) | {"path": paths["sample"]})
    return _with_tuples(parts) | arrays


def _with_tuples(parts: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists for tuples."""
    return {name: tuple(v) if isinstance(v, list) else v for name, v in parts.items()}


def find_files(folder: Path, options: dict[str, Any]) -> tuple[dict[str, Path], Settings]:
    """The training, test and perhaps sample file of a folder, by role; and what is told of it.

    Raises:
        PipelineError: the folder or one of the first two is missing.
    """
    if not folder.is_dir():
        found = "is not a folder" if folder.exists() else "does not exist"
        raise PipelineError(
            f"The competition folder {folder} {found}. Expected a folder with "
            f"{NAMES['train'][0]} and {NAMES['test'][0]}."
        )
    settings = load_overrides(folder, options)
    paths = {}
    for role, names in NAMES.items():
        told = getattr(settings, role)
        if told:
            paths[role] = folder / told
        elif path := _find(folder, names):
            paths[role] = path
        elif role != "sample":
            present = sorted(path.name for path in folder.iterdir())
            raise PipelineError(
                f"{folder} has no {role} file. Looked for {' and '.join(names)}, also with "
                f"{' or '.join(ENDINGS[1:])}; found {', '.join(present[:10]) or 'nothing'}. "
                f'Rename the file, or name it in {folder / FILE}: {role} = "..."'
            )
    return paths, settings


def _find(folder: Path, names: Sequence[str]) -> Path | None:
    present = {path.name.lower(): path for path in folder.iterdir()}
    wanted = [name + ending for name in names for ending in ENDINGS]
    wanted += [name.removesuffix(".csv") + ".zip" for name in names]
    return next((present[w.lower()] for w in wanted if w.lower() in present), None)


def _fingerprint(
    schema: Schema,
    classes: tuple[str, ...],
    labels: npt.NDArray[np.int64],
    *pixels: Pixels,
) -> str:
    form = (schema.shape, schema.planes, schema.low, schema.high, classes)
    digest = hashlib.sha256(repr(form).encode())
    for array in (labels, *pixels):
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        for rows in chunks(len(array)):
            digest.update(np.ascontiguousarray(array[rows]).data)
    return digest.hexdigest()
