"""The public functions of the package. Each command calls one of them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.competition.competition import Competition
from pipeline.competition.folds import Fold, groups_of_equal_rows
from pipeline.errors import PipelineError, suggest
from pipeline.installation import SUBMISSIONS
from pipeline.runs.folder import RECORD, is_run
from pipeline.runs.record import Scores
from pipeline.runs.run import Run, find_run, load_run
from pipeline.runs.run import list_runs as _list_runs

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.networks.recipe import Recipe
    from pipeline.search.catalogue import RecipeDescription
    from pipeline.search.engine import Engine

RUNS = Path("runs")
"""Default folder of runs, with one subfolder for each competition."""


def load(folder: Path | str, **overrides: Any) -> Competition:
    """Reads a competition: a folder with a training CSV, and usually a test CSV.

    Args:
        folder: the competition's folder.
        overrides: schema overrides, such as `label="digit"`, `shape=(28, 28)`; see `Overrides`.

    Returns:
        Its pixels (n, pixels), labels, classes and schema.

    Raises:
        PipelineError: a file is missing, has faults, or cannot be understood.

    Example:
        >>> import pipeline as pp
        >>> competition = pp.load("data/digits")
        >>> competition.train_pixels.shape, competition.classes[:3]
        ((1437, 64), ('0', '1', '2'))
    """
    return Competition.load(folder, **overrides)


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
        fold: training and validation rows. Default: the competition's hold-out.
        folds: number of folds of a cross-validation: trains one model for each, which gives
            out-of-fold probabilities for every training row, and their mean for the test rows.
        runs: folder of all runs.
        fresh: retrain an existing run.
        progress: show the progress.
        changes: changed settings of the recipe: `epochs=5`, `augmentation=None`,
            `**{"augmentation.rotation": 20}`.

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
    recipes: "Sequence[str | Recipe] | None" = None,
    *,
    sweep: Mapping[str, Sequence[Any]] | None = None,
    seeds: Sequence[int] = (0,),
    fold: Fold | None = None,
    folds: int | None = None,
    runs: Path | str = RUNS,
    fresh: bool = False,
    engine: "str | Engine" = "auto",
    progress: bool = True,
) -> list[Run]:
    """Trains each combination of recipes, values of settings, and seeds, in parallel.

    Args:
        recipes: names or recipes. Default: "dense" and "fast".
        sweep: the values of each changed setting, such as `{"l2": [1e-6, 1e-4]}`.
        seeds: random seeds.
        fold, folds: as for `train`.
        engine: "inline", "processes", or "auto"; or an `Engine` of `pipeline.search.engine`.

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

    display = Display(quiet=not progress)
    folder = _folder(competition, runs)
    parts = load_folds(competition, folds, folder) if folds else (fold or competition.hold_out,)
    for note in parts[0].notes:
        display.note(f"Note: {note}.")
    recipes = DEFAULTS if recipes is None else recipes
    jobs = make_grid(recipes, parts, sweep, seeds)
    return execute(jobs, competition, folder, display, fresh, engine)


def list_runs(
    competition: Competition | Path | str,
    *,
    runs: Path | str = RUNS,
    on_damage: Callable[[PipelineError], None] | None = None,
) -> list[Run]:
    """The finished runs of a competition, by name.

    Args:
        competition: a competition, its folder or its name.
        on_damage: called for each damaged run, which is skipped; without it the error is raised.
    """
    return _list_runs(_folder(competition, runs), on_damage)


def leaderboard(
    competition: Competition | Path | str,
    *,
    runs: Path | str = RUNS,
    on_damage: Callable[[PipelineError], None] | None = None,
) -> "pd.DataFrame":
    """All runs of a competition, ranked by accuracy on the same validation rows.

    Runs of a cross-validation come first, ranked on all training rows, out of fold.

    Args:
        competition: a competition, its folder or its name.
        on_damage: as for `list_runs`.

    Returns:
        rank, worst_rank, run, scored_on, accuracy with its 95 % interval low and high (in 0..1),
        n, loss, parameters, epochs, best_epoch, fit_seconds, predict_images_per_second. Runs
        that an exact paired test cannot tell apart share a rank: the true one is in
        rank..worst_rank. `attrs["caution"]` says what was selected on the validation rows.

    Raises:
        PipelineError: there are no runs, or they are not comparable.
    """
    from pipeline.runs.leaderboard import leaderboard as table

    return table(_some_runs(_folder(competition, runs), on_damage))


def write_report(competition: Competition, *, runs: Path | str = RUNS) -> Path:
    """Writes HTML pages about all runs of a competition; returns the path of the first one.

    Raises:
        PipelineError: there are no runs, or they are damaged, not comparable, or trained on
            different data.
    """
    from pipeline.report.report import write_pages
    from pipeline.runs.leaderboard import check_same_data, comparable

    folder = _folder(competition, runs)
    found = _some_runs(folder)
    check_same_data(found, competition.fingerprint)
    for run in found:
        run.verify()
    return write_pages(competition, comparable(found), folder)


def predict(
    run: Run | Path | str,
    files: Path | str | Sequence[Path | str],
    *,
    invert: bool = False,
    delimiter: str | None = None,
    header: bool | None = None,
    runs: Path | str = RUNS,
) -> "pd.DataFrame":
    """Predicts the classes of the rows of CSV files, of images, and of folders of images.

    Args:
        run: a run, its folder, or its folder's path within `runs`, such as "digits/fast".
        files: a file or folder, or several. A CSV has the columns of the run's training or test
            file, or only the pixels, with values in the competition's range. Images are PNG or
            JPEG of any size, grey or colour; white becomes the upper end of the range, black and
            transparent parts the lower end.
        invert: invert the images (dark digits on white).
        delimiter, header: of the CSV files, see `Overrides`; inferred if not given.
        runs: folder of all runs.

    Returns:
        A row for each image, in the order of the files (images of a folder by name): id (as
        written in the file, else the row number from 0; the file name of an image), class,
        float32 probabilities with a column for each class, and label if a file has labels. With
        several files, the first column is the file. The probabilities of a class with one of
        these names, such as "label", are in the column "class_label". `attrs["copies"]` says of
        each CSV how many rows with a known label repeat the image of another such row.

    Raises:
        PipelineError: there is no such run, it is damaged, or a file cannot be used, with its
            line and column where there is one.

    Example:
        >>> import tempfile
        >>> import pipeline as pp
        >>> competition = pp.load("data/digits")
        >>> run = pp.train(competition, "dense", epochs=3, runs=tempfile.mkdtemp(), progress=False)
        >>> table = pp.predict(run, "data/digits/test_data.csv")
        >>> table.columns[:4].tolist(), len(table)
        (['id', 'class', '0', '1'], 360)
    """
    from pipeline.prediction.predict_files import predict_files

    paths = [files] if isinstance(files, (str, Path)) else files
    run = run if isinstance(run, Run) else _open_run(run, Path(runs))
    return predict_files(
        run, [Path(path) for path in paths], invert=invert, delimiter=delimiter, header=header
    )


def submit(
    competition: Competition,
    run: Run | str | None = None,
    *,
    output: Path | str | None = None,
    runs: Path | str = RUNS,
    progress: bool = True,
) -> Path:
    """Writes a submission file, and validates it; returns its path.

    Args:
        run: a run or its name. Default: the best run. Trains if there are no runs.
        output: the file. Default: `submissions/<competition>/<run>.csv`.

    Raises:
        PipelineError: there is no test file or no such run, or the run is damaged or was trained
            on different data.
    """
    from pipeline.runs.leaderboard import check_same_data, choose_best
    from pipeline.submission.format import submission_format
    from pipeline.submission.write import write_submission

    submission_format(competition)  # what makes a submission impossible is said before training
    folder = _folder(competition, runs)
    if not isinstance(run, Run):
        found = _list_runs(folder) or train_all(competition, runs=runs, progress=progress)
        run = find_run(found, run, folder) if run else choose_best(found)
    check_same_data([run], competition.fingerprint)
    path = Path(output or SUBMISSIONS / competition.name / f"{run.name}.csv")
    write_submission(competition, run.test_probabilities, path)
    return path


def score_test(competition: Competition, run: Run | str, *, runs: Path | str = RUNS) -> Scores:
    """Scores a run on the labelled test rows (`test_label`).

    No run, epoch or setting is chosen by these rows, so that the score of the run that was chosen
    on the validation rows is unbiased. Choosing among runs by this score would change that.

    Args:
        run: a run or its name.

    Raises:
        PipelineError: the test rows have no labels, there is no such run, or it is damaged or was
            trained on different data.
    """
    from pipeline.runs.leaderboard import check_same_data
    from pipeline.runs.metrics import score

    if competition.test_labels is None:
        raise PipelineError(
            "the test rows have no labels",
            where=competition.folder,
            remedy="If the test file has a label column, name it with --test-label.",
        )
    folder = _folder(competition, runs)
    run = run if isinstance(run, Run) else find_run(_list_runs(folder), run, folder)
    check_same_data([run], competition.fingerprint)
    copies = groups_of_equal_rows(competition.test_pixels)[1]
    return score(run.test_probabilities, competition.test_labels, copies)


def best_run(competition: Competition | Path | str, *, runs: Path | str = RUNS) -> Run:
    """The run that `submit` uses: the most accurate one, on the rows that all runs are scored on.

    Raises:
        PipelineError: there are no runs, or they are not comparable.
    """
    from pipeline.runs.leaderboard import choose_best

    return choose_best(_some_runs(_folder(competition, runs)))


def check(competition: Competition, file: Path | str) -> int:
    """Checks that a grader would accept a submission file; returns its number of rows.

    Raises:
        PipelineError: it would not, with every fault in `details`.
    """
    from pipeline.submission.check import check_file
    from pipeline.submission.format import submission_format

    expected = submission_format(competition)
    check_file(expected, Path(file))
    return len(expected.ids)


def models(
    competition: Competition | Path | str | None = None, *, runs: Path | str = RUNS
) -> "pd.DataFrame":
    """Every recipe: parameters, input, epochs, published scores, origin.

    Args:
        competition: competition whose best runs are added, or its name.
    """
    from pipeline.search.catalogue import catalogue

    return catalogue(_list_runs(_folder(competition, runs)) if competition else ())


def describe(recipe: str) -> "RecipeDescription":
    """A recipe in detail: its layers, settings, published score and origin.

    Args:
        recipe: name of a recipe or ensemble.

    Raises:
        PipelineError: there is no such recipe.

    Example:
        >>> import pipeline as pp
        >>> pp.describe("dense").layers["output"].tolist()
        ['28x28x1', '784', '64', '10']
        >>> pp.describe("fast").min_steps
        1000
    """
    from pipeline.search.catalogue import describe as describe_recipe

    return describe_recipe(recipe)


def doctor(*, runs: Path | str = RUNS) -> "pd.DataFrame":
    """Checks the installation: versions, Keras, processor, memory, and the folders written to.

    Args:
        runs: folder of all runs.

    Returns:
        name, status ("ok", "warning" or "broken"), found, and remedy.
    """
    import pandas as pd

    from pipeline.installation import check_installation

    return pd.DataFrame(check_installation(Path(runs)))


def _folder(competition: Competition | Path | str, runs: Path | str) -> Path:
    if isinstance(competition, Competition):
        return Path(runs) / competition.name
    return Path(runs) / Path(competition).resolve().name


def _some_runs(folder: Path, on_damage: Callable[[PipelineError], None] | None = None) -> list[Run]:
    """The runs of the folder. Raises if there are none."""
    found = _list_runs(folder, on_damage)
    if not found:
        others = [] if folder.exists() else [path.name for path in folder.parent.glob("[!.]*")]
        raise PipelineError(
            "no finished runs",
            where=folder,
            remedy=suggest(folder.name, others) or "Train some with `pipeline train`.",
        )
    return found


def _open_run(name: Path | str, runs: Path) -> Run:
    """The run in that folder, or in that folder within `runs`."""
    for folder in (Path(name), runs / name):
        if is_run(folder):
            return load_run(folder)
    known = [str(path.parent) for path in sorted(runs.glob(f"*/[!.]*/{RECORD}"))]
    raise PipelineError(
        "not the folder of a run" if Path(name).exists() else "there is no such run",
        where=name,
        expected=f"one of {', '.join(known)}" if known else "the folder of a finished run",
        remedy=suggest(str(name), known) or None,
    )
