"""Where runs are, and which."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.api.folders import DATA
from pipeline.competition.competition import Competition
from pipeline.competition.folder import find_metric, used_files
from pipeline.competition.overrides import Overrides
from pipeline.errors import PipelineError, suggest
from pipeline.files import check_replaceable
from pipeline.metrics.metric import DEFAULT_METRIC
from pipeline.runs.folder import RECORD, is_run
from pipeline.runs.listing import find_run
from pipeline.runs.listing import list_runs as _list_runs
from pipeline.runs.ranking import metric_of, ranked_by
from pipeline.runs.run import Run, load_run


def run_folder(competition: Competition | Path | str, runs: Path | str) -> Path:
    """The folder of a competition, its folder or its name, in the folder of runs (or others)."""
    if isinstance(competition, Competition):
        return Path(runs) / competition.name
    return Path(runs) / Path(competition).resolve().name


def some_runs(
    folder: Path,
    on_damage: Callable[[PipelineError], None] | None = None,
    whole: bool = False,
) -> list[Run]:
    """The runs of the folder, see `list_runs`. Raises if there are none."""
    found = _list_runs(folder, on_damage, whole)
    if not found:
        others = [] if folder.exists() else [path.name for path in folder.parent.glob("[!.]*")]
        raise PipelineError(
            "no finished runs",
            where=folder,
            remedy=suggest(folder.name, others) or "Train some with `pipeline train`.",
        )
    return found


def check_output(output: Path, inputs: Iterable[Path]) -> None:
    """Checks that a file can be written, and that no input and no file of a run is lost by it.

    Raises:
        PipelineError: one would be, or it cannot be written.
    """
    remedy = "Name another file with --output."
    inputs = list(inputs)
    for folder in {path.parent for path in inputs}:
        with suppress(PipelineError):  # it is not the folder of a competition
            inputs += used_files(folder, Overrides())
    if is_run(output.parent):
        raise PipelineError("it is in the folder of a run", where=output, remedy=remedy)
    for path in inputs:
        if output.exists() and path.exists() and output.samefile(path):
            raise PipelineError("it would replace a file that is read", where=output, remedy=remedy)
    check_replaceable(output)


def ranked(runs: Sequence[Run], competition: Competition | Path | str) -> list[Run]:
    """The runs, ranked by the competition's metric.

    Of a competition that is given by its name, the folder is looked for in `data`. If it is not
    there, the newest run has the metric.
    """
    if isinstance(competition, Competition):
        metric = competition.metric
    else:
        newest = max(runs, key=lambda run: run.record.created, default=None)
        places = (folder for folder in (Path(competition), DATA / competition) if folder.is_dir())
        found = next(filter(None, map(find_metric, places)), None)
        metric = found or (metric_of(newest) if newest else DEFAULT_METRIC)
    return [ranked_by(run, metric) for run in runs]


def choose_run(competition: Competition, run: Run | str, runs: Path | str) -> Run:
    """A run, or the competition's run of that name.

    Raises:
        PipelineError: there is no such run, it is damaged, or `run` is neither a run nor a name.
    """
    _check_competition(competition)
    if isinstance(run, Run):
        return run
    if isinstance(run, str):
        return named_run(run, run_folder(competition, runs))
    raise PipelineError(f"{run!r} is not a run", expected="a run, or its name, such as 'fast'")


def best_with_model(
    competition: Competition, runs: Path | str, on_damage: Callable[[PipelineError], None] | None
) -> Run:
    """The best run that has a model.

    Args:
        on_damage: called for each run that is damaged or has no model.
    """
    _check_competition(competition)
    from pipeline.evaluation.leaderboard import choose_best
    from pipeline.runs.models import with_models

    folder = run_folder(competition, runs)
    found = with_models(some_runs(folder, on_damage), on_damage)
    if not found:
        raise PipelineError(
            "no run has a model",
            where=folder,
            expected="a run with model.keras, or an ensemble of such runs",
            remedy="Train one with `pipeline train`.",
        )
    return choose_best(ranked(found, competition))


def _check_competition(competition: object) -> None:
    if not isinstance(competition, Competition):
        raise PipelineError(
            f"{competition!r} is not a competition",
            expected="the result of `pipeline.load`; a run is the second argument",
        )


def named_run(name: str, folder: Path) -> Run:
    """The run of that name in the folder of a competition's runs. Others may be damaged."""
    if Path(name).name == name and is_run(folder / name):
        return load_run(folder / name)
    return find_run(_list_runs(folder, lambda _: None), name, folder)


def open_run(name: Path | str, runs: Path) -> Run:
    """The run in that folder, or in that folder within `runs`."""
    for folder in (Path(name), runs / name):
        if is_run(folder):
            return load_run(folder)
    found = [path.parent for path in sorted(runs.glob(f"*/[!.]*/{RECORD}"))]
    known = [str(folder) for folder in found]
    within = [str(folder.relative_to(runs)) for folder in found]
    same = [path for path in within if Path(path).name == str(name)]
    raise PipelineError(
        "not the folder of a run" if Path(name).exists() else "there is no such run",
        where=name,
        expected=f"one of {', '.join(known)}" if known else "the folder of a finished run",
        remedy=f"Did you mean {same[0]!r}?"
        if same
        else suggest(str(name), [*known, *within]) or None,
    )
