"""The files of a competition's folder, by role."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.competition.overrides import FILE, Overrides, load_overrides
from pipeline.errors import PipelineError

NAMES = {
    "train": ("train.csv", "train_data.csv"),
    "test": ("test.csv", "test_data.csv"),
    "sample": ("sample_submission.csv", "sampleSubmission.csv"),
}
ENDINGS = ("", ".gz", ".zip")


def find_files(folder: Path, options: Mapping[str, Any]) -> tuple[dict[str, Path], Overrides]:
    """The files of a folder by role, and the overrides.

    The roles are train, test and sample; only the training file has to be there.

    Raises:
        PipelineError: the folder or its training file is missing.
    """
    if not folder.is_dir():
        raise PipelineError(
            "not a folder" if folder.exists() else f"the folder {folder} does not exist",
            where=folder,
            expected=f"a folder with {NAMES['train'][0]} and perhaps {NAMES['test'][0]}",
        )
    overrides = load_overrides(folder, options)
    paths = {}
    for role, names in NAMES.items():
        named = getattr(overrides, role)
        if named:
            paths[role] = folder / named
        elif path := _find(folder, names):
            paths[role] = path
        elif role == "train":
            present = sorted(path.name for path in folder.iterdir())
            raise PipelineError(
                f"no training file among {', '.join(present[:10])}"
                if present
                else "no training file: the folder is empty",
                where=folder,
                expected=f"{' or '.join(names)}, perhaps with {' or '.join(ENDINGS[1:])}",
                remedy=f'Rename the file, or name it in {folder / FILE}: {role} = "..."',
            )
    return paths, overrides


def _find(folder: Path, names: Sequence[str]) -> Path | None:
    present = {path.name.lower(): path for path in folder.iterdir()}
    wanted = [name + ending for name in names for ending in ENDINGS]
    wanted += [name.removesuffix(".csv") + ".zip" for name in names]
    return next((present[w.lower()] for w in wanted if w.lower() in present), None)
