"""Public functions that train."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.api.folders import RUNS
from pipeline.api.places import named_run, ranked, run_folder
from pipeline.competition.competition import Competition
from pipeline.competition.folds import Fold, check_fold
from pipeline.errors import PipelineError
from pipeline.runs.listing import list_runs as _list_runs
from pipeline.runs.run import Run

if TYPE_CHECKING:
    from pipeline.networks.recipe import Recipe
    from pipeline.search.budget import Budget
    from pipeline.search.engine import AnyEngine


def train(
    competition: Competition,
    recipe: "str | Recipe",
    *,
    seed: int = 0,
    fold: Fold | None = None,
    folds: int | None = None,
    runs: Path | str = RUNS,
    fresh: bool = False,
    progress: bool = True,
    **changes: Any,
) -> Run:
    """Trains a recipe, or reuses an identical finished run.

    Args:
        recipe: the name of a recipe or ensemble, or a recipe.
        seed: random seed.
        fold: training and validation rows, see `pipeline.competition.folds.Fold`. Default: the
            competition's hold-out.
        folds: number of folds of a cross-validation: trains one model for each, which gives
            out-of-fold probabilities for every training row, and their mean for the test rows.
            Cannot be combined with `fold`.
        runs: folder of all runs.
        fresh: retrain an existing run.
        progress: show the progress.
        changes: changed settings of the recipe: `epochs=5`, `augmentation=None`,
            `**{"augmentation.rotation": 20}`.

    Returns:
        The run; of an ensemble or a cross-validation, the run that combines its members.

    Raises:
        PipelineError: a recipe or setting is unknown, a value is not valid, or the run exists
            with different settings.

    Example:
        >>> import tempfile
        >>> import pipeline as pp
        >>> competition = pp.load("data/digits")
        >>> run = pp.train(competition, "dense", epochs=3, runs=tempfile.mkdtemp(), progress=False)
        >>> run.history.index.tolist()
        [1, 2, 3]
        >>> run.predict(competition.test_pixels[:5]).shape
        (5, 10)
    """
    sweep = {name: [value] for name, value in changes.items()}
    (run,) = train_all(
        competition,
        [recipe],
        sweep=sweep,
        seeds=[seed],
        fold=fold,
        folds=folds,
        runs=runs,
        fresh=fresh,
        progress=progress,
    )
    return run


def train_all(
    competition: Competition,
    recipes: "str | Sequence[str | Recipe] | None" = None,
    *,
    sweep: Mapping[str, Sequence[Any]] | None = None,
    seeds: Sequence[int] = (0,),
    fold: Fold | None = None,
    folds: int | None = None,
    runs: Path | str = RUNS,
    fresh: bool = False,
    engine: "AnyEngine" = "auto",
    progress: bool = True,
) -> list[Run]:
    """Trains each combination of recipes, values of settings, and seeds, in parallel.

    Args:
        recipes: a name, or several names or recipes. Default: "dense" and "fast".
        sweep: the values of each changed setting, such as `{"l2": [1e-6, 1e-4]}`.
        seeds: random seeds.
        fold, folds: as for `train`.
        runs, fresh, progress: as for `train`.
        engine: "inline", "processes", "ray", or "auto"; an `EngineChoice`, which also has the
            number of workers and the address of a Ray cluster; or an `Engine` of
            `pipeline.search.engine`.

    Returns:
        The runs, by recipe, settings, seed.

    Raises:
        PipelineError: as for `train`.
        ExceptionGroup: several trainings failed; all others are finished.
    """
    from pipeline.recipes import DEFAULTS
    from pipeline.runs.fold_file import load_folds
    from pipeline.search.display import Display
    from pipeline.search.execute import execute
    from pipeline.search.grid import make_grid

    if fold is not None and folds is not None:
        raise PipelineError("both fold and folds are given", expected="one of them")
    display = Display(quiet=not progress)
    folder = run_folder(competition, runs)
    if fold:
        check_fold(fold, len(competition.labels))
    parts: tuple[Fold, ...]
    if folds is None:
        parts = (fold or competition.hold_out,)
    else:
        parts = load_folds(competition, folds, folder)
    for note in parts[0].notes:
        display.note(f"Note: {note}.")
    recipes = [recipes] if isinstance(recipes, str) else recipes
    jobs = make_grid(DEFAULTS if recipes is None else recipes, parts, sweep, seeds)
    return execute(jobs, competition, folder, display, fresh, engine)


def train_for(
    competition: Competition,
    budget: "str | float | Budget",
    *,
    runs: Path | str = RUNS,
    on_better: Callable[[Run], object] = lambda _: None,
    engine: "AnyEngine" = "auto",
    progress: bool = True,
) -> Run:
    """Trains for a given time: recipes, folds, epochs and their combination are chosen for it.

    Every network trains on four of five folds of the training rows and is scored on the fifth.
    Repeat the call with more time to continue: finished trainings count.

    Args:
        budget: such as "90s", "30m", "1h30m", or seconds; or a `Budget` that has begun.
        runs: folder of all runs.
        on_better: called with each run that is better than those before; the first one is there
            after a third of the time. What it returns is shown.
        engine: as for `train_all`.
        progress: show the progress.

    Returns:
        The best run. `plan-30m.json` beside it has all trainings, for `train_plan`.

    Raises:
        PipelineError: the budget is no time, or too short.
        Exception: the first one, if all trainings failed.
    """
    from pipeline.planning.spend import spend
    from pipeline.search.budget import Budget
    from pipeline.search.display import Display

    budget = budget if isinstance(budget, Budget) else Budget.start(budget)
    display = Display(quiet=not progress)
    folder = run_folder(competition, runs)
    return spend(budget, competition, folder, display, on_better, engine)


def train_plan(
    competition: Competition,
    plan: Path | str,
    *,
    runs: Path | str = RUNS,
    engine: "AnyEngine" = "auto",
    progress: bool = True,
) -> Run:
    """Repeats the trainings of a budget without a clock, and returns the best run.

    On the same machine, the result is the same, byte for byte.

    Args:
        plan: the file that `train_for` wrote, such as "runs/digits/plan-30m.json".
        engine: as for `train_all`.

    Raises:
        PipelineError: the file is no plan, or of other data.
    """
    from pipeline.planning.repeat import repeat
    from pipeline.search.display import Display

    folder, display = run_folder(competition, runs), Display(quiet=not progress)
    return repeat(Path(plan), competition, folder, display, engine)


def ensemble(
    competition: Competition,
    members: Sequence[Run | str] | None = None,
    *,
    method: str = "greedy",
    name: str = "ensemble",
    runs: Path | str = RUNS,
    fresh: bool = False,
    progress: bool = True,
    on_damage: Callable[[PipelineError], None] | None = None,
) -> Run:
    """Combines finished runs: the mean of their probabilities, with weights that are chosen.

    The score is that of rows whose labels were not used: for each of 5 parts of the validation
    rows, the weights and the temperature are chosen on the 4 others.

    Args:
        members: runs or their names. Default: all runs that are scored out of fold, if there are
            at least two, or else all that are scored on the hold-out.
        method: "greedy": ensemble selection (Caruana et al., 2004), which leaves out runs that
            do not help, and temperature scaling (Guo et al., 2017). "mean": equal weights.
        name: name of the new run. An ensemble of that name is replaced if its members change.
        runs: folder of all runs.
        fresh: make an existing ensemble again.
        progress: say what is reused or replaced.
        on_damage: as for `list_runs`.

    Returns:
        A run, whose `candidates` lists the weights. `submit`, `predict`, `leaderboard` and
        `write_report` take it as any other.

    Raises:
        PipelineError: there is no such run, there are fewer than two, they are damaged or not
            comparable, or another run has the name.

    Example:
        >>> import tempfile
        >>> import pipeline as pp
        >>> competition, runs = pp.load("data/digits"), tempfile.mkdtemp()
        >>> _ = pp.train_all(
        ...     competition, ["dense"], sweep={"epochs": [2, 3]}, runs=runs, progress=False
        ... )
        >>> run = pp.ensemble(competition, method="mean", runs=runs)
        >>> run.candidates["weight"].tolist(), run.predict(competition.test_pixels).shape
        ([1, 1], (360, 10))
    """
    from pipeline.evaluation.ensemble import choose_candidates, combine
    from pipeline.evaluation.leaderboard import check_same_data
    from pipeline.search.display import Display

    folder = run_folder(competition, runs)
    if members is None:
        candidates = choose_candidates(_list_runs(folder, on_damage))
    else:
        names = dict.fromkeys(run.name if isinstance(run, Run) else run for run in members)
        candidates = [named_run(each, folder) for each in names]
    check_same_data(candidates, competition.fingerprint)
    note = Display(quiet=not progress).note
    candidates = ranked(candidates, competition)
    run = combine(folder, name, candidates, competition.groups, method, fresh, note)
    return ranked([run], competition)[0]
