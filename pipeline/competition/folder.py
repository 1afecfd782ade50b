"""The files of a competition's folder, by role."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.competition.overrides import FILE, Overrides, load_overrides
from pipeline.errors import PipelineError

NAMES = {
    "train": ("train.csv", "train_data.csv"),
    "test": ("test.csv", "test_data.csv"),
    "sample": ("sample_submission.csv", "sampleSubmission.csv"),
}
# What may come before a training or test file's name, such as `mnist_` or `Kannada `.
PREFIX = r"[^.].*[-_ .]"
ENDINGS = ("", ".gz", ".zip")


def find_files(folder: Path, options: Mapping[str, Any]) -> tuple[dict[str, Path], Overrides]:
    """The files of a folder by role, and the overrides.

    The roles are train, test and sample; only the training file has to be there.

    Args:
        options: they override those of competition.toml. Their files may also be relative to the
            current directory.

    Raises:
        PipelineError: the folder or its training file is missing, or several files may be meant.
    """
    if not folder.is_dir():
        raise PipelineError(
            "not a folder" if folder.exists() else f"the folder {folder} does not exist",
            where=folder,
            expected=f"a folder with {NAMES['train'][0]} and perhaps {NAMES['test'][0]}",
        )
    named = {role: _locate(folder, options[role]) for role in NAMES if options.get(role)}
    overrides = load_overrides(folder, {**options, **named})
    paths = {}
    for role in NAMES:
        if named := getattr(overrides, role):
            paths[role] = folder / named
        elif path := _find(folder, role):
            paths[role] = path
    if "train" not in paths:
        raise _no_training_file(folder)
    return paths, overrides


def ignored_files(folder: Path, used: Iterable[Path]) -> list[str]:
    """The names of the CSV files and archives of a folder that are not used, in order."""
    names = {path.name for path in used if path.parent.resolve() == folder.resolve()}
    tables = (path.name for path in folder.iterdir() if _is_table(path.name))
    return sorted(name for name in tables if name not in names)


def _locate(folder: Path, file: Path | str) -> str:
    """A file relative to the folder; an absolute path if it is relative to the current one."""
    elsewhere = Path(file).exists() and not (folder / file).exists()
    return str(Path(file).absolute() if elsewhere else file)


def _find(folder: Path, role: str) -> Path | None:
    """The file with a name of that role, else the only one whose name ends with one.

    Raises:
        PipelineError: several names end with one.
    """
    present = {path.name.lower(): path for path in sorted(folder.iterdir())}
    wanted = _file_names(role)
    exact = next((present[name] for name in wanted if name in present), None)
    if exact or role == "sample":
        return exact
    pattern = re.compile(f"{PREFIX}({'|'.join(map(re.escape, wanted))})")
    found = [path for name, path in present.items() if pattern.fullmatch(name)]
    if len(found) > 1:
        raise PipelineError(
            f"{len(found)} files may be the {_in_words(role)} file: "
            + ", ".join(path.name for path in found),
            where=folder,
            expected="one of them",
            remedy=f'Choose it with --{role}, or in {folder / FILE}: {role} = "..."',
        )
    return found[0] if found else None


def _file_names(role: str) -> list[str]:
    """The lower-case names of a role's file, in the order in which they are preferred."""
    names = [name.lower() for name in NAMES[role]]
    complete = [name + ending for name in names for ending in ENDINGS]
    return complete + [name.removesuffix(".csv") + ".zip" for name in names]


def _is_table(name: str) -> bool:
    endings = (".zip", *(f".csv{ending}" for ending in ENDINGS))
    return name.lower().endswith(endings) and not name.startswith(".")


def _in_words(role: str) -> str:
    return "training" if role == "train" else role


def _no_training_file(folder: Path) -> PipelineError:
    present = sorted(path.name for path in folder.iterdir())
    return PipelineError(
        f"no training file among {', '.join(present[:10])}"
        if present
        else "no training file: the folder is empty",
        where=folder,
        expected=f"{' or '.join(NAMES['train'])}, perhaps with a prefix such as mnist_ and with "
        f"{' or '.join(ENDINGS[1:])}",
        remedy=f'Rename the file, or name it with --train, or in {folder / FILE}: train = "..."',
    )
