"""Public functions that tune, and show trials."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.api.folders import RUNS
from pipeline.api.places import run_folder
from pipeline.competition.competition import Competition
from pipeline.runs.run import Run

if TYPE_CHECKING:
    import optuna
    import pandas as pd

    from pipeline.networks.recipe import Recipe
    from pipeline.search.budget import Budget
    from pipeline.search.engine import AnyEngine
    from pipeline.tuning.subject import Subject


def tune(
    competition: Competition,
    recipe: "str | Recipe" = "fast",
    *,
    trials: int | None = None,
    budget: "str | float | Budget | None" = None,
    storage: str | None = None,
    seed: int = 0,
    runs: Path | str = RUNS,
    engine: "AnyEngine" = "auto",
    progress: bool = True,
    **changes: Any,
) -> Run:
    """Searches the space of a recipe, trains with the best settings, and writes a page about it.

    Each trial trains on four fifths of the hold-out's training rows, and is scored on the others by
    the competition's metric with its TTA views, as a run is. If two scores are equal, the trial
    with the lower log loss is better; penalties of layers are not counted. TPE chooses the settings
    of a trial, and Hyperband prunes it early if it is worse than others. The search does not use
    the hold-out's validation rows, so that it does not bias the score of the returned run. Repeat
    the call to continue, also after an interruption or an error.

    Args:
        recipe: the name of a recipe with a search space, or such a recipe.
        trials: number of finished trials, those of earlier calls included: completed and pruned
            ones count, failed and interrupted ones do not. Default: 40, or as many as the budget
            allows.
        budget: time for everything, such as "30m", or seconds; or a `Budget` that has begun.
        storage: URL of an Optuna storage, such as "sqlite:///tuning.db", which several machines
            can share. Default: a journal file beside the runs.
        seed: random seed of the trainings, and of the search. With a storage, the search has no
            seed, so that several machines do not try the same settings.
        runs: folder of all runs.
        engine: as for `train_all`.
        progress: show the progress.
        changes: changed settings of the recipe, which are not searched then: `epochs=5`.

    Returns:
        The run of the best trial's settings: the recipe's name, its changes, and "-tuned". A run
        of an earlier call with other settings is replaced. The page is that of
        `write_tuning_page`.

    Raises:
        PipelineError: the recipe is unknown or has no search space, a value is not valid,
            `trials` is below 1, the storage cannot be opened or has a study of other data, or no
            trial was completed.
        Exception: the first failure, if five trials failed one after another, and none was
            completed. If one was, its settings are trained all the same.

    Example:
        >>> import tempfile
        >>> import pipeline as pp
        >>> competition, runs = pp.load("data/digits"), tempfile.mkdtemp()
        >>> run = pp.tune(
        ...     competition, "dense", trials=2, epochs=1, engine="inline", runs=runs, progress=False
        ... )
        >>> run.name
        'dense-epochs=1-tuned'
        >>> pp.trials(competition, "dense", epochs=1, runs=runs)["state"].tolist()
        ['complete', 'complete']
    """
    from pipeline.search.budget import Budget
    from pipeline.search.display import Display
    from pipeline.tuning.subject import make_subject
    from pipeline.tuning.tune import tune as tune_subject

    if budget is not None and not isinstance(budget, Budget):
        budget = Budget.start(budget)
    run = tune_subject(
        make_subject(recipe, changes, seed),
        competition,
        run_folder(competition, runs),
        Display(quiet=not progress),
        trials,
        budget,
        storage,
        engine,
    )
    write_tuning_page(competition, recipe, storage=storage, seed=seed, runs=runs, **changes)
    return run


def trials(
    competition: Competition | Path | str,
    recipe: "str | Recipe" = "fast",
    *,
    storage: str | None = None,
    seed: int = 0,
    runs: Path | str = RUNS,
    **changes: Any,
) -> "pd.DataFrame":
    """The trials of `tune` with the same arguments, the best first.

    Args:
        competition: the competition, its folder, or its name.

    Returns:
        trial, state ("complete", "pruned", "running", "failed", "interrupted" or "waiting"), score
        (the competition's metric, by default the accuracy in 0..1; a pruned trial has its last
        score), loss, seconds, epochs, and each searched setting. `attrs["metric"]` is the name of
        the metric. For a `Competition`, `attrs["changed"]` lists what has changed since the trials:
        its data, its validation rows or its metric.

    Raises:
        PipelineError: there are no trials.
    """
    from pipeline.tuning.study import changes_since
    from pipeline.tuning.summary import trials_table
    from pipeline.tuning.trials import scoring_fold

    subject, _, study = _find(competition, recipe, storage, seed, runs, changes)
    table = trials_table(study, subject.space)
    if isinstance(competition, Competition):
        data, fold = competition.fingerprint, scoring_fold(competition).digest
        table.attrs["changed"] = changes_since(study, data, fold, competition.metric)
    return table


def write_tuning_page(
    competition: Competition | Path | str,
    recipe: "str | Recipe" = "fast",
    *,
    storage: str | None = None,
    seed: int = 0,
    runs: Path | str = RUNS,
    **changes: Any,
) -> Path:
    """Writes the page of the trials of `tune` with the same arguments.

    It has the scores by trial, by share of the training and by each searched setting, which
    settings matter most, and all trials.

    Returns:
        The path, such as runs/digits/tuning/fast.html.

    Raises:
        PipelineError: there are no trials.
    """
    from pipeline.files import write_text
    from pipeline.report.tuning.page import tuning_page
    from pipeline.runs.folder import tuning_page_path
    from pipeline.tuning.summary import summarize

    subject, folder, study = _find(competition, recipe, storage, seed, runs, changes)
    path = tuning_page_path(folder, subject.name)
    write_text(path, tuning_page(folder.name, subject.name, summarize(study, subject.space)))
    return path


def load_study(
    competition: Competition | Path | str,
    recipe: "str | Recipe" = "fast",
    *,
    storage: str | None = None,
    seed: int = 0,
    runs: Path | str = RUNS,
    **changes: Any,
) -> "optuna.Study":
    """The Optuna study of `tune` with the same arguments, for Optuna's own functions.

    Raises:
        PipelineError: there are no trials.
    """
    return _find(competition, recipe, storage, seed, runs, changes)[2]


def _find(
    competition: Competition | Path | str,
    recipe: "str | Recipe",
    storage: str | None,
    seed: int,
    runs: Path | str,
    changes: Mapping[str, Any],
) -> "tuple[Subject, Path, optuna.Study]":
    """What was tuned, the folder of the competition's runs, and the study."""
    from pipeline.runs.folder import journal_names
    from pipeline.tuning.study import find_study
    from pipeline.tuning.subject import make_subject

    subject, folder = make_subject(recipe, changes, seed), run_folder(competition, runs)
    place = subject.place(folder.name, folder, storage)
    return subject, folder, find_study(place, journal_names(folder))
