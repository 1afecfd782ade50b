"""A time budget: what it trains, what it leaves, and how it is repeated."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from finished_runs import finish

import pipeline as pp
from pipeline.cli import main
from pipeline.images.augmentation import Augmentation, augment
from pipeline.planning.combining import runs_of_folds
from pipeline.planning.kinds import FOLDS, choose_kinds, divide, order_trainings
from pipeline.planning.kinds import training_steps as steps
from pipeline.planning.plan import Plan, plan_training, read_plan, sample_rows, write_plan
from pipeline.planning.speed import Measurement, Speed
from pipeline.planning.spend import Spending
from pipeline.recipes import find_recipe
from pipeline.runs.fold_file import load_folds
from pipeline.search.budget import Budget, parse_duration, short_duration
from pipeline.search.display import Display
from pipeline.search.engine import choose_engine
from pipeline.training.job import Job
from pipeline.training.train import train


@pytest.mark.parametrize(
    ("text", "seconds", "short"),
    [
        ("90s", 90, "1m30s"),
        ("10m", 600, "10m"),
        ("3h", 10800, "3h"),
        ("1h30m", 5400, "1h30m"),
        ("0.5h", 1800, "30m"),
        (45, 45, "45s"),
    ],
)
def test_a_time_is_understood(text: str | float, seconds: float, short: str) -> None:
    assert parse_duration(text) == seconds
    assert short_duration(seconds) == short


@pytest.mark.parametrize("text", ["", "ten", "10", "10x", "-5m", "5s", "m", "nan", float("inf")])
def test_what_is_no_time_is_refused(text: str | float, tmp_path) -> None:
    with pytest.raises(pp.PipelineError, match="budget") as caught:
        parse_duration(text)
    assert "10m" in (caught.value.expected or "")


@pytest.mark.parametrize(
    ("worth", "expected"),
    [(0.3, 2), (1.9, 2), (3.9, 2), (4.9, 4), (5, 5), (9.9, 5), (10, 10), (59, 10), (60, 20)],
)
def test_more_time_makes_longer_trainings_then_more_of_them(worth: float, expected: int) -> None:
    """With two workers and two kinds of networks."""
    kinds = [find_recipe("deep"), find_recipe("deep-strided")]
    trained, count = divide(worth, 2, kinds)
    assert count == expected
    assert trained == (kinds if worth >= 10 else kinds[:1])
    assert divide(worth, 16, kinds)[0] == trained


def test_a_training_on_more_rows_is_longer_but_has_fewer_epochs() -> None:
    assert steps(1_000) < steps(33_600) == 5000
    assert steps(1_000) / 1_000 > steps(33_600) / 33_600


def test_all_kinds_train_on_a_fold_before_the_next() -> None:
    kinds = ("deep", "other")

    order = order_trainings(kinds)  # type: ignore[arg-type]
    many = [next(order) for _ in range(20)]
    assert many[:4] == [("deep", 0, 1), ("other", 0, 1), ("deep", 0, 2), ("other", 0, 2)]
    assert {(kind, seed, part) for kind, seed, part in many} == {
        (kind, seed, part) for kind in kinds for seed in (0, 1) for part in range(1, FOLDS + 1)
    }


@pytest.fixture(scope="module")
def spent(tiny, tmp_path_factory) -> tuple[Path, pp.Run, list[str], bytes]:
    """A budget that is nearly over: its folder, best run, better runs, and submission."""
    folder = tmp_path_factory.mktemp("budget")
    better: list[str] = []

    def on_better(run: pp.Run) -> None:
        better.append(run.name)
        pp.submit(tiny, run, output=folder / "best.csv")

    budget = Budget(seconds=60, began=time.time() - 45)
    run = pp.train_for(tiny, budget, runs=folder, on_better=on_better, progress=False)
    return folder, run, better, (folder / "best.csv").read_bytes()


def test_it_leaves_the_submission_of_the_best_run(spent, tiny) -> None:
    folder, run, better, submission = spent
    assert better[-1] == run.name
    assert pp.check(tiny, folder / "best.csv") == 12
    pp.submit(tiny, run, output=folder / "again.csv")
    assert (folder / "again.csv").read_bytes() == submission


def test_its_rows_are_scored_by_models_that_did_not_train_on_them(spent) -> None:
    _, run, _, _ = spent
    for member in run.members:
        fold = member.record.fold
        assert fold.part
        assert fold.train_rows + fold.validation_rows == 60
    assert len(run.validation.rows) == sum(len(member.validation.rows) for member in run.members)


def test_its_plan_repeats_it_byte_for_byte(spent, tiny, tiny_folder, tmp_path) -> None:
    folder, run, better, _ = spent
    plan = folder / "tiny" / "plan-1m.json"
    words = ["train", str(tiny_folder), "--plan", str(plan), "--runs", str(tmp_path), "--quiet"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    again = pp.list_runs(tiny, runs=tmp_path)
    assert [other.name for other in again] == [
        other.name for other in pp.list_runs(tiny, runs=folder)
    ]
    other = next(other for other in again if other.name == run.name)
    assert other.record.identity == run.record.identity
    np.testing.assert_array_equal(other.test_probabilities, run.test_probabilities)
    improvements = read_plan(plan).improvements
    assert [each.run for each in improvements] == better
    assert improvements[-1].scores == run.scores
    assert 45 < improvements[0].seconds <= improvements[-1].seconds
    assert len(read_plan(plan).trainings) == len([run for run in again if run.record.fold.part])


def test_the_leaderboard_and_submit_use_what_it_left(spent, tiny) -> None:
    folder, run, _, _ = spent
    assert run.name in set(pp.leaderboard(tiny, runs=folder)["run"])
    assert pp.submit(tiny, runs=folder, output=folder / "later.csv").exists()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["train", "--budget", "10m", "--model", "fast"], "--budget with other settings"),
        (["train", "--budget", "10m", "--epochs", "3"], "--budget with other settings"),
        (["train", "--budget", "10m", "--seed", "3"], "--budget with other settings"),
        (["train", "--budget", "10m", "--replicates", "3"], "--budget with other settings"),
        (["train", "--budget", "10m", "--workers", "0"], "--workers"),
        (["train", "--budget", "soon"], "budget 'soon'"),
        (["submit", "--budget", "10m", "--run", "fast"], "both --run and --budget"),
        (["submit", "--budget", "3"], "budget '3'"),
    ],
)
def test_a_mistake_trains_nothing(words, found, tiny_folder, tmp_path) -> None:
    command, *rest = words
    result = CliRunner().invoke(main, [command, str(tiny_folder), *rest, "--runs", str(tmp_path)])
    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert found in result.stderr


def test_runs_of_a_cross_validation_are_not_joined_again(tiny, tmp_path) -> None:
    """Those of other seeds would be joined as one, and replace the run that is there."""
    quiet = {"runs": tmp_path, "progress": False, "engine": "inline"}
    pp.train_all(tiny, "dense", sweep={"epochs": [1]}, seeds=[0, 1], folds=2, **quiet)
    folds = load_folds(tiny, 2, tmp_path / "tiny")
    assert runs_of_folds(pp.list_runs(tiny, runs=tmp_path), folds) == []


def test_a_budget_is_not_spent_beside_runs_of_other_data(tiny, folder, tmp_path) -> None:
    runs = tmp_path / "runs"
    pp.train(tiny, "dense", epochs=1, runs=runs, progress=False)
    folder.fill()
    (runs / "tiny").rename(runs / folder.path.name)
    with pytest.raises(pp.PipelineError, match="different data"):
        pp.submit_for(folder.load(), "10m", runs=runs, progress=False)


@pytest.mark.parametrize("content", ["", "{}", '{"budget": 3}'])
def test_a_file_that_is_no_plan_is_refused(content, tiny_folder, tmp_path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(content)
    words = ["train", str(tiny_folder), "--plan", str(plan), "--runs", str(tmp_path / "runs")]
    result = CliRunner().invoke(main, words)
    assert (result.exit_code, result.stderr.count("not a valid plan")) == (2, 1)


@pytest.fixture
def starting(tiny, tmp_path) -> Spending:
    """A budget that begins."""
    budget = Budget(seconds=600, began=time.time())
    return prepare(budget, tiny, tmp_path / "tiny", Display(quiet=True))


def prepare(budget: Budget, tiny: pp.Competition, folder: Path, display: Display) -> Spending:
    return Spending.prepare(budget, tiny, folder, display, lambda _: None, choose_engine(9))


def speeds(now: float, alone: float | None = None) -> dict[str, Speed]:
    """What a measurement of all recipes gives."""
    return {name: Speed(now, alone or now) for name in ("deep", "best")}


def next_training(starting: Spending, jobs: Iterator[Job | Measurement], speed: float) -> Job:
    """The next training on a machine of that many images per second."""
    for job in jobs:
        if isinstance(job, Job):
            return job
        starting.receive(job, speeds(speed))
    raise AssertionError("no training")


@pytest.mark.parametrize(("batch_size", "rows"), [(8, 8), (100, 48)])
def test_little_time_trains_on_a_sample_that_the_plan_repeats(
    batch_size: int, rows: int, starting, tiny, tmp_path
) -> None:
    """Of at least one batch, or of all rows if there are fewer."""
    starting.speeds = speeds(1.0)  # images per second
    recipe = find_recipe("dense").change(batch_size=batch_size)
    job = starting._job(recipe, seed=0, part=1, seconds=9)
    assert (len(job.fold.train), job.epochs) == (rows, 1)
    assert set(job.fold.train) <= set(starting.folds[0].train)
    run = train(replace(job, deadline=None), tiny, tmp_path)
    again = plan_training(run, starting.folds[0]).job(starting.folds, tiny.labels)
    np.testing.assert_array_equal(again.fold.train, job.fold.train)
    assert again.identity(tiny) == run.record.identity


def test_a_sample_has_rows_of_rare_classes(starting) -> None:
    fold = starting.folds[0]
    labels = np.zeros(60, int)
    labels[fold.train[[3, 30]]] = 1, 2
    for seed in range(5):
        sample = sample_rows(fold, labels, 6, seed).train
        assert len(set(sample)) == 6
        assert set(labels[sample]) == {0, 1, 2}


def test_a_run_that_was_scored_on_other_rows_is_named(tiny, tmp_path, capsys) -> None:
    finish(tiny, tmp_path / "tiny" / "earlier", 2.0, draw=1)
    prepare(Budget(60, time.time()), tiny, tmp_path / "tiny", Display())
    assert "`pipeline submit --run earlier` submits it" in capsys.readouterr().err


def test_a_continued_budget_removes_checkpoints_of_finished_trainings(
    starting, tiny, tmp_path
) -> None:
    """They are left by a kill at the end of a run."""
    run = train(starting._job(find_recipe("dense").change(epochs=1), 0, 1, 60), tiny, tmp_path)
    checkpoints = run.folder.parent / "checkpoints" / run.name
    (checkpoints / "00000001-00000000").mkdir(parents=True)
    prepare(starting.budget, tiny, run.folder.parent, Display(quiet=True))
    assert not checkpoints.exists()


def test_a_continued_budget_measures_before_it_plans(starting, tiny, tmp_path) -> None:
    recipe = find_recipe("dense").change(epochs=1)
    starting.combination.runs.append(train(starting._job(recipe, 0, 1, 60), tiny, tmp_path))
    starting.workers, jobs = 2, starting.jobs()
    asked = [next(jobs), next(jobs)]
    assert all(isinstance(each, Measurement) for each in asked)
    assert len({each.name for each in asked}) == 2
    starting.receive(asked[0], speeds(1000.0))
    assert next(jobs).deadline < starting.budget.end - 300  # not all of the time


def test_trainings_leave_time_to_predict_and_the_first_is_a_third_of_the_budget(starting) -> None:
    jobs, budget = starting.jobs(), starting.budget
    first = next_training(starting, jobs, 10.0)
    assert first.deadline < budget.began + budget.seconds / 3 - 8
    job = next_training(starting, jobs, 10.0)
    predicting = 24 * job.recipe.views / 30  # seconds, 3 times as fast as training
    assert budget.end - job.deadline == pytest.approx(8 + predicting, abs=2)


@pytest.mark.parametrize(("now", "busy"), [(1_900_000.0, False), (10.0, True)])
def test_other_work_during_the_measurement_does_not_make_the_plan_smaller(
    now: float, busy: bool, starting, capsys
) -> None:
    starting.display = Display()
    jobs = starting.jobs()
    starting.receive(next(jobs), speeds(now, alone=2_000_000.0))
    next(jobs), next(jobs)
    shown = capsys.readouterr().err
    assert "This machine trains deep with 2,000,000 images/s" in shown
    assert ("10 now, because of other work" in shown) == busy
    assert "of deep and" in shown  # all kinds, on all folds


@pytest.mark.parametrize(("without", "views"), [(0.9, 5), (0.1, 1)])
def test_tta_that_raises_the_log_loss_is_left_out_of_later_trainings(
    without: float, views: int, starting, tiny, tmp_path
) -> None:
    """`without`: the log loss without TTA, of a training that has 0.5 with it."""
    recipe = find_recipe("dense").change(epochs=1, tta_views=5)
    run = train(starting._job(recipe, 0, 1, 60), tiny, tmp_path)
    scores = replace(run.scores, loss=0.5)
    training = replace(run.record.training, without_tta=replace(scores, loss=without))
    record = replace(run.record, scores=scores, training=training)
    starting.combination.runs.append(replace(run, record=record))
    assert starting._with_tta_that_pays(recipe, 60).tta_views == views


@pytest.mark.parametrize(("speed", "name"), [(1000.0, "deep"), (1.0, "best")])
def test_little_time_trains_a_network_that_learns_faster(speed: float, name: str, starting) -> None:
    jobs = starting.jobs()
    assert next_training(starting, jobs, speed).recipe.name == "fast"
    assert next_training(starting, jobs, speed).recipe.name == name


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_nothing_is_planned_before_the_speed_is_known(workers: int, starting) -> None:
    """All workers have something to do until the first measurement is there."""
    starting.workers, jobs = workers, starting.jobs()
    asked = [next(jobs) for _ in range(workers)]
    measurements = [job for job in asked if isinstance(job, Measurement)]
    assert len(measurements) == max(1, workers - 1)
    starting.receive(measurements[0], speeds(1.0))
    planned = next_training(starting, jobs, 1.0)
    planned = planned if workers > 1 else next_training(starting, jobs, 1.0)
    assert planned.recipe.name == "best"
    assert planned.deadline < starting.budget.end - 8


@pytest.mark.parametrize(
    ("longer", "name"),
    [(0.5, "best-10m-fold=1of5"), (1.0, "best-5m-fold=2of5"), (3.0, "best-10m-fold=1of5")],
)
def test_a_continued_budget_trains_other_folds_unless_it_trains_longer(
    longer: float, name: str, starting, tiny, tmp_path
) -> None:
    """After an earlier budget, on the same folds, with the seconds of a training in this one."""
    seconds, speed = 580, 10.0
    run = finish(tiny, starting.folder / "best-5m-fold=1of5", 2.0, draw=1)
    rows = len(starting.folds[0].train)
    trained = replace(run.record.training, epochs=round(seconds * speed / rows / longer))
    fold = replace(run.record.fold, part=1, train_rows=rows)
    identity = replace(run.record.identity, recipe="best")
    record = replace(run.record, identity=identity, training=trained, fold=fold)
    starting.combination.runs.append(replace(run, record=record))
    starting.workers = 1
    assert next_training(starting, starting.jobs(), speed).name == name


def test_tta_that_takes_too_much_of_the_time_is_left_out(starting) -> None:
    jobs = starting.jobs()
    next_training(starting, jobs, 0.1)
    assert next_training(starting, jobs, 0.1).recipe.tta_views == 1


@pytest.mark.parametrize("angle", [0, 180])
def test_images_at_every_angle_get_a_network_and_views_for_that(angle: int, digits) -> None:
    images = (digits[0][:300, ..., None] * 255).astype(np.uint8)
    images = np.pad(images, ((0, 0), (4, 4), (4, 4), (0, 0)))
    how = Augmentation(rotation=angle, interpolation="linear")
    kinds = choose_kinds(augment(images, how, np.random.default_rng(0)), digits[1][:300])
    rotations = {kind.augmentation.rotation for kind in (*kinds.main, kinds.quick)}
    views = {(kind.tta_views, kind.tta_angles) for kind in kinds.main}
    names = [kind.name for kind in kinds.main]
    if angle:
        assert (names, rotations, views) == (["deep-rotated"], {180}, {(1, 5)})
    else:
        assert (names, max(rotations), views) == (["deep", "deep-strided"], 15, {(5, 1)})


def test_a_plan_of_other_data_is_refused(tiny_folder, tmp_path) -> None:
    write_plan(tmp_path / "plan.json", Plan("1m", "other", 1, 1.0, ()))
    words = ["train", str(tiny_folder), "--plan", str(tmp_path / "plan.json")]
    result = CliRunner().invoke(main, [*words, "--runs", str(tmp_path / "runs")])
    assert (result.exit_code, result.stderr.count("made for other data")) == (2, 1)
