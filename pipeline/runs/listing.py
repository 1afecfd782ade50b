"""The runs of a competition: all of them, one by its name, one by its identity."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.errors import PipelineError, suggest
from pipeline.runs.folder import UnreadableRunError, is_run
from pipeline.runs.record import Identity
from pipeline.runs.run import Run, load_run


def find_equal(folder: Path, identity: Identity) -> Run | None:
    """The run in a folder, if it has this identity and no file is damaged.

    Raises:
        UnreadableRunError: a file cannot be read, but may not be damaged.
    """
    try:
        run = load_run(folder) if is_run(folder) else None
        if run is None or run.record.identity != identity:
            return None
        run.verify()
    except UnreadableRunError:
        raise
    except PipelineError:  # its caller makes it again
        return None
    return run


def list_runs(
    folder: Path,
    on_damage: Callable[[PipelineError], None] | None = None,
    whole: bool = False,
) -> list[Run]:
    """The finished runs of a competition, by name.

    Args:
        folder: `runs/<competition>`.
        on_damage: called for each damaged run, which is skipped; without it the error is raised.
        whole: whether all files are verified, not only those that are read now.

    Raises:
        PipelineError: the folder cannot be read; without `on_damage`, a run is damaged.
    """
    runs = []
    for path in _entries(folder):
        if not is_run(path):
            continue
        try:
            run = load_run(path)
            if whole:
                run.verify()
            runs.append(run)
        except PipelineError as error:
            if on_damage is None:
                raise
            on_damage(error)
    return runs


def _entries(folder: Path) -> list[Path]:
    """What is in the folder, by name; nothing if it does not exist."""
    try:
        return sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise PipelineError(
            f"the folder cannot be read: {error.strerror}",
            where=folder,
            remedy="Check its permissions.",
        ) from None


def find_run(runs: Sequence[Run], name: str, folder: Path) -> Run:
    """The run of that name.

    Raises:
        PipelineError: there is no such run.
    """
    names = [run.name for run in runs]
    if name not in names:
        raise PipelineError(
            f"there is no run {name!r}",
            where=folder,
            expected=f"one of {', '.join(names)}" if names else "a finished run",
            remedy=suggest(name, names) or (None if names else "Train it with `pipeline train`."),
        )
    return runs[names.index(name)]
