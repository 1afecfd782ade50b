"""What a budget makes of the runs of single folds, without training."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.arrays import Rows
from pipeline.competition.folds import Fold, rows_fingerprint
from pipeline.evaluation.ensemble import combine
from pipeline.evaluation.selection import select_greedily
from pipeline.networks.published import Published
from pipeline.planning.combining import Combination, choose_better, combine_folds, runs_of_folds
from pipeline.runs.folder import Validation, write_run
from pipeline.runs.metrics import score
from pipeline.runs.record import Data, FoldRecord, Identity, RunRecord
from pipeline.runs.run import Run, load_run

LABELS = np.arange(60) % 2


def part(
    folder: Path, kind: str, number: int, of_label: Any, rows: Rows | None = None, end: str = ""
) -> Run:
    """A written run of one of three folds that gives each label this probability."""
    rows = np.arange(20 * (number - 1), 20 * number) if rows is None else rows
    labels = LABELS[rows]
    probabilities = np.where(np.eye(2)[labels] == 1, of_label, 1 - of_label).astype(np.float32)
    record = RunRecord(
        identity=Identity(kind, {"epochs": 5, "pace": [1.0]}, number, "data", "fold"),
        data=Data("digits", "data", ("0", "1"), (8, 8, 1), False, 0, 16, "uint8", 60, len(rows)),
        fold=FoldRecord(f"{number}of3", rows_fingerprint(rows), 40, len(rows), number),
        scores=score(probabilities, labels),
        parameters=100,
        fit_seconds=1.0,
        predict_images_per_second=1000.0,
        created="2026-11-21T07:35:23+00:00",
        published=Published(100, 0.97, shape=(8, 8, 1), classes=("0", "1")),
    )
    path = folder / f"{kind}-fold={number}of3{end}"
    with write_run(path) as writer:
        writer.record(record)
        writer.probabilities(Validation(rows, labels, probabilities), probabilities)
    return load_run(path)


def test_the_lower_loss_on_common_rows_is_better(tmp_path: Path) -> None:
    """A run that is good on easier rows, which the other does not predict, is not."""
    good, bad = part(tmp_path, "good", 2, 0.8), part(tmp_path, "bad", 2, 0.7)
    assert choose_better(bad, [good]).name == good.name
    assert choose_better(good, [bad]).name == good.name
    easy = part(tmp_path, "easy", 1, 0.99)
    assert choose_better(bad, [easy]).name == bad.name
    (both,) = combine_folds([easy, part(tmp_path, "easy", 2, 0.6)], tmp_path, "ensemble", LABELS)
    assert both.scores.loss < bad.scores.loss
    assert choose_better(bad, [both]).name == bad.name
    assert choose_better(both, [bad]).name == bad.name


@pytest.mark.parametrize(("of_label", "better"), [(0.69, "two"), (0.66, "one")])
def test_the_mean_over_more_folds_may_have_a_slightly_higher_loss(
    of_label: float, better: str, tmp_path: Path
) -> None:
    (one,) = combine_folds([part(tmp_path, "one", 1, 0.7)], tmp_path, "ensemble", LABELS)
    parts = [part(tmp_path, "two", number, of_label) for number in (1, 2)]
    (two,) = combine_folds(parts, tmp_path, "ensemble", LABELS)
    assert choose_better(one, [two]).record.recipe == better
    assert choose_better(two, [one]).record.recipe == better


@pytest.mark.parametrize(
    ("best", "others", "joined"), [(0.99, 0.51, 1), (0.99, 0.6, 3), (0.6, 0.51, 3)]
)
def test_networks_that_predict_like_a_guess_are_left_out(
    best: float, others: float, joined: int, tmp_path: Path
) -> None:
    """Unless the best network of the kind is not much better."""
    runs = [part(tmp_path, "net", 1, others), part(tmp_path, "net", 2, best)]
    runs.append(part(tmp_path, "net", 3, others))
    (mean,) = combine_folds(runs, tmp_path, "ensemble", LABELS)
    assert mean.record.fold.joined == joined


@pytest.mark.parametrize(("of_label", "better"), [(0.695, "mean"), (0.6, "one-fold=1of3")])
def test_more_models_are_preferred_to_a_loss_that_is_hardly_lower(
    of_label: float, better: str, tmp_path: Path
) -> None:
    one, other = part(tmp_path, "one", 1, 0.7), part(tmp_path, "other", 1, of_label)
    mean = combine(tmp_path, "mean", [one, other], np.arange(60), "mean", False, lambda _: None)
    assert choose_better(one, [mean]).name == better


def test_runs_of_other_folds_do_not_count(tmp_path: Path) -> None:
    rows = np.arange(60)
    folds = [Fold(np.delete(rows, part), rows[part], f"{number}of3", (), number)
             for number, part in enumerate((rows[:20], rows[20:40], rows[40:]), 1)]  # fmt: skip
    same, other = part(tmp_path, "a", 2, 0.8), part(tmp_path, "b", 2, 0.8, rows[15:35])
    assert [run.name for run in runs_of_folds([same, other], folds)] == [same.name]


def test_an_ensemble_scores_no_row_with_the_label_of_a_copy(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows, groups = np.arange(40), np.arange(60) % 20
    runs = [part(tmp_path, name, 1, random.uniform(0.3, 0.9, (40, 1)), rows) for name in "abc"]
    made = combine(tmp_path, "ensemble", runs, groups, "greedy", False, lambda _: None)
    probabilities = [run.validation.probabilities for run in runs]
    apart, together = (
        select_greedily(probabilities, LABELS[rows], some).probabilities
        for some in (None, groups[rows])
    )
    assert (apart != together).any()
    np.testing.assert_array_equal(made.validation.probabilities, together)


def test_the_folds_of_each_seed_are_joined_apart_under_the_name_of_their_cross_validation(
    tmp_path: Path,
) -> None:
    first = [part(tmp_path, "dense", number, 0.8) for number in (1, 2, 3)]
    (before,) = combine_folds(first, tmp_path, "ensemble", np.arange(60))
    other = [part(tmp_path, "dense", number, 0.7, end="-seed=1") for number in (1, 2, 3)]
    joined = combine_folds([*first, *other], tmp_path, "ensemble", np.arange(60))
    assert [run.name for run in joined] == ["dense-folds=3", "dense-seed=1-folds=3", "ensemble"]
    assert all(run.validation.rows.tolist() == list(range(60)) for run in joined)
    assert joined[0].record == before.record


def test_a_result_that_is_worse_than_the_one_before_is_not_taken(tmp_path: Path) -> None:
    combination = Combination(tmp_path, "ensemble", np.arange(60))
    good = combination.add([part(tmp_path, "good", 1, 0.9)])
    assert good is not None
    assert combination.add([part(tmp_path, "bad", 2, 0.6)]) is None
    assert combination.best == good


def test_a_damaged_combined_run_is_made_again(tmp_path: Path) -> None:
    parts = [part(tmp_path, "kind", number, 0.8) for number in (1, 2, 3)]
    (joined,) = combine_folds(parts, tmp_path, "ensemble", LABELS)
    expected = joined.read().test_probabilities
    (joined.folder / "test.npy").write_bytes(b"damaged")
    (again,) = combine_folds(parts, tmp_path, "ensemble", LABELS)
    np.testing.assert_array_equal(again.read().test_probabilities, expected)
