"""Public functions about finished runs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.api.folders import RUNS, SUBMISSIONS
from pipeline.api.places import (
    check_output,
    choose_run,
    open_run,
    ranked,
    run_folder,
    some_runs,
)
from pipeline.api.training import train_all, train_for
from pipeline.competition.competition import Competition
from pipeline.competition.folder import used_files
from pipeline.competition.folds import groups_of_equal_rows
from pipeline.errors import PipelineError
from pipeline.files import check_replaceable
from pipeline.runs.listing import list_runs as _list_runs
from pipeline.runs.record import Scores
from pipeline.runs.run import Run

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.runs.reveal import Reveal
    from pipeline.search.budget import Budget
    from pipeline.search.engine import AnyEngine


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
    return ranked(_list_runs(run_folder(competition, runs), on_damage), competition)


def leaderboard(
    competition: Competition | Path | str,
    *,
    runs: Path | str = RUNS,
    on_damage: Callable[[PipelineError], None] | None = None,
) -> "pd.DataFrame":
    """All runs of a competition, ranked by its metric on the same validation rows.

    Runs of a cross-validation come first, ranked on all training rows, out of fold.

    Args:
        competition: a competition, its folder or its name.
        on_damage: as for `list_runs`.

    Returns:
        rank, worst_rank, run, scored_on, the metric ("accuracy", in 0..1, "log_loss" or "macro_f1")
        with its 95 % interval low and high, n (the number of different images), accuracy, loss (the
        log loss), parameters, epochs, best_epoch, fit_seconds, predict_images_per_second. Runs that
        a paired test cannot tell apart share a rank: the true one is in rank..worst_rank.
        `attrs["metric"]` is the metric's name. `attrs["estimate"]` has, by its name, the metric of
        the first run (of each ranking) corrected for having been chosen on these rows, see
        `pipeline.evaluation.estimate`. `attrs["caution"]` says it in words, and what else was
        chosen on them.

    Raises:
        PipelineError: there are no runs, or they are not comparable.
    """
    from pipeline.evaluation.leaderboard import leaderboard as table

    return table(ranked(some_runs(run_folder(competition, runs), on_damage), competition))


def best_run(
    competition: Competition | Path | str,
    *,
    runs: Path | str = RUNS,
    on_damage: Callable[[PipelineError], None] | None = None,
) -> Run:
    """The run that `submit` uses: the best by the competition's metric, on the rows that all runs
    are scored on.

    Args:
        on_damage: as for `list_runs`.

    Raises:
        PipelineError: there are no runs, or they are not comparable.
    """
    from pipeline.evaluation.leaderboard import choose_best

    return choose_best(ranked(some_runs(run_folder(competition, runs), on_damage), competition))


def write_report(
    competition: Competition,
    *,
    runs: Path | str = RUNS,
    on_damage: Callable[[PipelineError], None] | None = None,
) -> Path:
    """Writes HTML pages about all runs of a competition; returns the path of the first one.

    Args:
        on_damage: as for `list_runs`.

    Raises:
        PipelineError: there are no runs, or they are damaged, not comparable, or trained on
            different data.
    """
    from pipeline.evaluation.leaderboard import check_same_data, comparable
    from pipeline.report.report import report_lock, write_pages

    folder = run_folder(competition, runs)
    with report_lock(folder):  # the last writer has found all runs of those before
        found = some_runs(folder, on_damage, whole=True)
        check_same_data(found, competition.fingerprint)
        return write_pages(competition, comparable(ranked(found, competition)), folder)


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
            transparent parts the lower end. In a folder, hidden files, subfolders and files that
            are not images by name or content are skipped.
        invert: invert the images (dark digits on white).
        delimiter: of the CSV files: comma, semicolon, tab or pipe. Default: inferred.
        header: whether the CSV files have a header row. Default: inferred.
        runs: folder of all runs.

    Returns:
        A row for each image, in the order of the files (images of a folder by name): id (as
        written in the file, else the row number from 0; the file name of an image), class,
        float32 probabilities with a column for each class, and label if a file has labels. With
        several files, the first column is the file. The probabilities of a class with one of
        these names, such as "label", are in the column "class_label". `attrs["copies"]` has for
        each CSV the number of rows with a known label that repeat the image of another such row.
        `attrs["skipped"]` has for each folder the names that were skipped.

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
    run = run if isinstance(run, Run) else open_run(run, Path(runs))
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
    on_damage: Callable[[PipelineError], None] | None = None,
) -> Path:
    """Writes a submission file, and validates it; returns its path.

    Probabilities are calibrated on the validation rows, and none is 0 or 1.

    Args:
        run: a run or its name. Default: the best run; if there are no runs, "dense" and "fast"
            are trained first.
        output: the file. Default: `submissions/<competition>/<run>.csv`.
        on_damage: as for `list_runs`.

    Raises:
        PipelineError: there is no test file or no such run, the run is damaged or was trained on
            different data, or the output would replace a file of the competition or of a run.
    """
    from pipeline.evaluation.calibration import calibrate
    from pipeline.evaluation.leaderboard import check_same_data, choose_best
    from pipeline.submission.format import submission_format
    from pipeline.submission.write import write_submission

    submission = submission_format(competition)  # what makes one impossible is said first
    if output:
        check_output(Path(output), used_files(competition.folder, competition.overrides))
    if run is None:
        found = _list_runs(run_folder(competition, runs), on_damage)
        if not found:
            check_replaceable(Path(output or SUBMISSIONS / competition.name / "run.csv"))
            found = train_all(competition, runs=runs, progress=progress)
        run = choose_best(ranked(found, competition))
    run = choose_run(competition, run, runs)
    check_same_data([run], competition.fingerprint)
    path = Path(output or SUBMISSIONS / competition.name / f"{run.name}.csv")
    probabilities = run.test_probabilities
    if submission.columns:
        probabilities = calibrate(run)
    write_submission(competition, probabilities, path)
    return path


def submit_for(
    competition: Competition,
    budget: "str | float | Budget",
    *,
    output: Path | str | None = None,
    runs: Path | str = RUNS,
    engine: "AnyEngine" = "auto",
    progress: bool = True,
) -> tuple[Path, Run]:
    """Trains for a given time, see `train_for`, with the best submission so far on the disk.

    The first submission is there after a third of the time, and stays if the call is interrupted.

    Args:
        budget, runs, engine, progress: as for `train_for`.
        output: the file. Default: `submissions/<competition>/best-<budget>.csv`.

    Returns:
        The path of the submission, and the run that it is of.

    Raises:
        PipelineError: there is no test file, or as for `train_for`.
    """
    from pipeline.search.budget import Budget
    from pipeline.submission.format import submission_format

    submission_format(competition)  # what makes a submission impossible is said before training
    budget = budget if isinstance(budget, Budget) else Budget.start(budget)
    path = Path(output or SUBMISSIONS / competition.name / f"best-{budget}.csv")
    check_output(path, used_files(competition.folder, competition.overrides))

    def write(run: Run) -> Path:
        return submit(competition, run, output=path)

    best = train_for(
        competition, budget, runs=runs, on_better=write, engine=engine, progress=progress
    )
    return path, best


def score_test(competition: Competition, run: Run | str, *, runs: Path | str = RUNS) -> Scores:
    """Scores a run on the labelled test rows (`test_label`).

    If the competition's metric is not the accuracy, its value is in `other` of the result.

    No run, epoch or setting is chosen by these rows, so that the score of the run that was chosen
    on the validation rows is unbiased. Choosing among runs by this score would change that.

    Args:
        run: a run or its name.

    Raises:
        PipelineError: the test rows have no labels, there is no such run, or it is damaged or was
            trained on different data.
    """
    from pipeline.evaluation.leaderboard import check_same_data
    from pipeline.runs.metrics import score_by

    if competition.test_labels is None:
        raise PipelineError(
            "the test rows have no labels",
            where=competition.folder,
            remedy="If the test file has a label column, name it with --test-label.",
        )
    run = choose_run(competition, run, runs)
    check_same_data([run], competition.fingerprint)
    copies = groups_of_equal_rows(competition.test_pixels)[1]
    return score_by(competition.metric, run.test_probabilities, competition.test_labels, copies)


def reveal(
    competition: Competition, run: Run | str | None = None, *, runs: Path | str = RUNS
) -> "Reveal":
    """Scores one run on the locked rows (`holdout`), once, as `score_test` does.

    Nothing was trained or chosen on these rows, so that the score is unbiased. The first call
    saves it in reveal.json beside the runs, and every further call returns what is saved: scores
    of several runs would invite choosing.

    Args:
        run: a run or its name. Default: the best run, see `best_run`.

    Returns:
        The name of the run, its scores, and when they were made.

    Raises:
        PipelineError: no rows are locked, there are no runs or no such run, it was trained on
            other data, or another run was revealed before.
    """
    from pipeline.runs.reveal import load_reveal, make_reveal

    folder = run_folder(competition, runs)
    found = load_reveal(competition, folder)
    if found is None:
        if run is None:
            run = best_run(competition, runs=runs)
        run = choose_run(competition, run, runs)
        found = make_reveal(competition, run, folder)
    name = run.name if isinstance(run, Run) else run
    if name and name != found.run:
        raise PipelineError(
            f"the locked rows were revealed for {found.run!r} on {found.created}; scores of "
            "several runs would invite choosing",
            where=folder,
            expected=f"no run, or {found.run!r}",
        )
    return found


def check(
    competition: Competition,
    file: Path | str,
    *,
    on_doubt: Callable[[str], None] | None = None,
) -> int:
    """Checks that a grader would accept a submission file; returns its number of rows.

    Args:
        on_doubt: called with each finding that a grader accepts, but is probably a mistake: a
            class of more than half of the rows, the predictions of another file, another order.

    Raises:
        PipelineError: it would not, with every fault in `details`.
    """
    from pipeline.submission.format import submission_format
    from pipeline.submission.review import review_file

    earlier = sorted((SUBMISSIONS / competition.name).glob("*.csv"))
    for doubt in review_file(competition, Path(file), earlier):
        if on_doubt:
            on_doubt(doubt)
    return len(submission_format(competition).ids)
