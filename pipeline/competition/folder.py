"""The files of a competition's folder, by role, and the metric that they name."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.competition.overrides import FILE, Overrides, load_overrides
from pipeline.competition.sample import NO_SAMPLE, Sample, asks_for_probabilities
from pipeline.errors import PipelineError, suggest
from pipeline.metrics.metric import DEFAULT_METRIC, LOG_LOSS, METRICS, Metric
from pipeline.reading.source import open_source
from pipeline.reading.unpack import file_names, file_on_disk

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

    The roles are train, validation, test and sample; only the training file has to be there. If
    the folder holds a single CSV, it is the training file, whatever its name is.

    Args:
        options: they override those of competition.toml. Their files may also be relative to the
            current directory.

    Raises:
        PipelineError: the folder or its training file is missing, or several files may be meant.
    """
    if not folder.is_dir():
        raise _no_folder(folder)
    files = _files_in(folder)
    named = {role: _locate(folder, options[role]) for role in NAMES if options.get(role)}
    if isinstance(options.get("validation"), str):
        named["validation"] = _locate(folder, options["validation"])
    overrides = load_overrides(folder, {**options, **named})
    in_folder = overrides.train or _find(folder, files, "train")
    archived = [] if in_folder else _archived_files(files)
    paths = {}
    for role in NAMES:
        if role == "sample" and overrides.sample == NO_SAMPLE:
            continue
        if name := getattr(overrides, role):
            paths[role] = folder / name
        elif path := _find(folder, files, role) or _find(folder, archived, role):
            paths[role] = path
    if overrides.validation_file:
        paths["validation"] = folder / overrides.validation_file
    if not paths and len(only := _tables(files, archived)) == 1:
        paths["train"] = only[0]
    if "train" not in paths:
        raise _no_training_file(folder)
    return paths, overrides


def used_files(folder: Path, overrides: Overrides) -> tuple[Path, ...]:
    """The files that a competition is read from, and its competition.toml, which may be missing."""
    paths, _ = find_files(folder, asdict(overrides))
    return (*map(file_on_disk, paths.values()), folder / FILE)


def ignored_files(folder: Path, used: Iterable[Path]) -> list[str]:
    """The names of the CSV files and archives of a folder that are not used, in order."""
    on_disk = map(file_on_disk, used)
    names = {path.name for path in on_disk if path.parent.resolve() == folder.resolve()}
    tables = (path.name for path in folder.iterdir() if _is_table(path.name))
    return sorted(name for name in tables if name not in names)


def _files_in(folder: Path) -> list[Path]:
    """What is in the folder, in order.

    Raises:
        PipelineError: the user may not list or enter it.
    """
    try:
        os.stat(f"{folder}/.")  # without this, its files would seem to be missing
        return sorted(folder.iterdir())
    except OSError as error:
        raise PipelineError(
            f"the folder cannot be read: {error.strerror}",
            where=folder,
            remedy="Check the permissions of the folder.",
        ) from None


def _locate(folder: Path, file: Path | str) -> str:
    """A file relative to the folder; an absolute path if it is relative to the current one."""
    here, in_folder = (os.path.exists(file_on_disk(path)) for path in (Path(file), folder / file))
    elsewhere = here and not in_folder
    return str(Path(file).absolute() if elsewhere else file)


def _archived_files(files: Iterable[Path]) -> list[Path]:
    """The CSV files in the archives among these files, as `digits.zip/train.csv`.

    Raises:
        PipelineError: an archive is damaged.
    """
    archives = [path for path in files if path.suffix.lower() == ".zip" and path.is_file()]
    inside = [archive / name for archive in archives for name in file_names(archive)]
    return [path for path in inside if path.suffix.lower() == ".csv"]


def _tables(files: Iterable[Path], archived: Sequence[Path]) -> list[Path]:
    """All CSV files, those in archives included."""
    archives = {file_on_disk(path) for path in archived}
    return [path for path in files if _is_table(path.name) and path not in archives] + [*archived]


def _find(folder: Path, files: Iterable[Path], role: str) -> Path | None:
    """The file with a name of that role, else the only one whose name ends with one.

    Raises:
        PipelineError: several names end with one, or several archives hold one.
    """
    wanted = _file_names(role)
    patterns = [re.escape(name) for name in wanted]
    if role != "sample":
        patterns.append(f"{PREFIX}({'|'.join(patterns)})")
    matches = ([p for p in files if re.fullmatch(q, p.name.lower())] for q in patterns)
    found = next((some for some in matches if some), [])
    if len(found) > 1:
        raise PipelineError(
            f"{len(found)} files may be the {_in_words(role)} file: "
            + ", ".join(str(path.relative_to(folder)) for path in found[:5])
            + ", ..." * (len(found) > 5),
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


def _no_folder(folder: Path) -> PipelineError:
    beside = (path for path in folder.parent.glob("[!.]*/") if suggest(folder.name, [path.name]))
    a_file = folder.exists()
    return PipelineError(
        "not a folder" if a_file else "the folder does not exist",
        where=folder,
        expected=f"a folder with {NAMES['train'][0]} and perhaps {NAMES['test'][0]}",
        remedy=f"Name its folder: {folder.parent}"
        if a_file
        else suggest(str(folder), map(str, beside)) or None,
    )


def _no_training_file(folder: Path) -> PipelineError:
    present = sorted(path.name for path in folder.iterdir())
    return PipelineError(
        f"no training file among {', '.join(present[:10])}"
        if present
        else "no training file: the folder is empty",
        where=folder,
        expected=f"{' or '.join(NAMES['train'])}, perhaps with a prefix such as mnist_ and with "
        f"{' or '.join(ENDINGS[1:])}; or a single CSV",
        remedy=f'Rename the file, or name it with --train, or in {folder / FILE}: train = "..."',
    )


def choose_metric(overrides: Overrides, header: Sequence[str]) -> Metric:
    """The metric of a competition: as given, else log loss for probabilities, else accuracy.

    Args:
        header: of the sample; empty if there is none.
    """
    inferred = LOG_LOSS if asks_for_probabilities(header) else DEFAULT_METRIC
    return METRICS[overrides.metric or inferred.name]


def find_metric(folder: Path) -> Metric | None:
    """The metric of the competition in a folder, without reading its rows; None if its files
    cannot be found or read.

    Raises:
        PipelineError: competition.toml is not valid.
    """
    load_overrides(folder, {})
    try:
        paths, overrides = find_files(folder, {})
        header: Sequence[str] = ()
        if "sample" in paths:
            header = open_source(paths["sample"], header=True, keep_numbers=True).header or ()
    except PipelineError:
        return None
    return choose_metric(overrides, header)


def explain_metric(folder: Path, overrides: Overrides, sample: Sample | None) -> str:
    """Where the metric was learned from."""
    if overrides.metric:
        in_file = load_overrides(folder, {}).metric == overrides.metric
        return f"set in {FILE}" if in_file else "given as an argument"
    if sample is None:
        return f"assumed; {FILE} can set another"
    if asks_for_probabilities(sample.header):
        return f"{sample.path.name} asks for probabilities for each class"
    return f"assumed, as {sample.path.name} asks for classes; {FILE} can set another"
