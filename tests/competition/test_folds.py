"""Folds are stratified, reproducible, and never separate equal images."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

import pipeline as pp
from pipeline.competition.folds import (
    SIMILAR,
    Fold,
    check_fold,
    choose_locked,
    given_hold_out,
    groups_of_equal_rows,
    groups_of_similar_rows,
    k_folds,
)
from pipeline.competition.folds import hold_out as hold_out_of_groups
from pipeline.errors import PipelineError
from pipeline.runs.fold_file import load_folds
from pipeline.tuning.trials import scoring_fold


def images(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 16)).astype(np.uint8)


def hold_out(pixels: np.ndarray, labels: np.ndarray, share: float, seed: int) -> Fold:
    return hold_out_of_groups(groups_of_similar_rows(pixels), labels, share, seed)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
@pytest.mark.parametrize("seed", [0, 1])
def test_each_class_validates_with_its_share(share, seed) -> None:
    labels = np.repeat([0, 1, 2], [200, 60, 20])
    fold = hold_out(images(280), labels, share, seed)
    assert np.bincount(labels[fold.validation]).tolist() == [
        round(share * rows) for rows in (200, 60, 20)
    ]
    assert fold.notes == ()


def test_each_row_is_on_one_side_in_the_order_of_the_file() -> None:
    fold = hold_out(images(100), np.arange(100) % 10, 0.2, 0)
    assert sorted([*fold.train, *fold.validation]) == list(range(100))
    for rows in (fold.train, fold.validation):
        assert (np.diff(rows) > 0).all()


def test_the_seed_decides_which_rows_validate() -> None:
    labels = np.arange(100) % 10
    first, again, other = (hold_out(images(100), labels, 0.2, seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.validation, again.validation)
    assert first.fingerprint == again.fingerprint
    assert first.fingerprint != other.fingerprint
    assert not np.array_equal(first.validation, other.validation)


def test_folds_follow_their_seed_and_know_their_number() -> None:
    labels = np.arange(90) % 3
    first, again, other = (k_folds(np.arange(90), labels, 3, seed) for seed in (5, 5, 6))
    assert [(fold.name, fold.part) for fold in first] == [("1of3", 1), ("2of3", 2), ("3of3", 3)]
    assert [fold.digest for fold in first] == [fold.digest for fold in again]
    assert first[0].digest != other[0].digest


def test_the_folds_of_different_images_are_those_of_scikit_learn() -> None:
    labels = np.arange(90) % 4
    splitter = StratifiedKFold(3, shuffle=True, random_state=5)
    for fold, (train, validation) in zip(
        k_folds(np.arange(90), labels, 3, 5), splitter.split(labels, labels), strict=True
    ):
        np.testing.assert_array_equal(fold.train, train)
        np.testing.assert_array_equal(fold.validation, validation)


def test_classes_with_fewer_rows_than_folds_are_told() -> None:
    folds = k_folds(np.arange(17), np.repeat([0, 1, 2, 3], [8, 4, 3, 2]), 4, 0)
    assert folds[0].notes == ("2 classes have fewer than 4 rows",)


FOLD_OF_ROWS = "rows that are missing, repeated, not ascending or not in the training file"


@pytest.mark.parametrize(
    ("train", "validation", "where"),
    [
        ((), (1, 2), "fold.train"),
        ((1, 0), (2, 3), "fold.train"),
        ((-1, 0), (2, 3), "fold.train"),
        ((0, 1), (), "fold.validation"),
        ((0, 1), (2, 2), "fold.validation"),
        ((0, 1), (2, 60), "fold.validation"),
    ],
)
def test_rows_that_are_not_in_the_file_once_are_refused(train, validation, where) -> None:
    fold = Fold(np.array(train, int), np.array(validation, int))
    with pytest.raises(PipelineError) as caught:
        check_fold(fold, 60)
    assert (caught.value.where, caught.value.found) == (where, FOLD_OF_ROWS)
    assert caught.value.expected == "row numbers in 0..59 in ascending order"


def test_rows_that_train_and_validate_are_refused() -> None:
    with pytest.raises(PipelineError) as caught:
        check_fold(Fold(np.arange(40), np.arange(30, 60)), 60)
    assert caught.value.where == "fold"
    assert caught.value.found == "10 validation rows are training rows too"
    assert caught.value.expected == "validation rows that no model trains on"
    check_fold(Fold(np.arange(40), np.arange(40, 60)), 60)
    check_fold(Fold(np.array([0, 59]), np.array([1])), 60)


@pytest.mark.parametrize(
    ("copies", "notes"),
    [
        (0, ()),
        (1, ("1 validation row repeats a training row, which makes the score too good",)),
        (3, ("3 validation rows repeat a training row, which makes the score too good",)),
    ],
)
def test_the_rows_of_a_validation_file_are_the_last_ones(copies, notes) -> None:
    pixels = images(40)
    pixels[30 : 30 + copies] = pixels[:copies]
    fold = given_hold_out(pixels, 10)
    assert (fold.train.tolist(), fold.validation.tolist()) == ([*range(30)], [*range(30, 40)])
    assert (fold.notes, fold.name, fold.part) == (notes, "hold-out", 0)


@pytest.mark.parametrize("seed", range(5))
def test_equal_images_stay_on_one_side(seed) -> None:
    pixels = np.concatenate([images(60), images(60)[:30], images(60)[:30]])
    labels = np.concatenate([np.arange(60) % 3, np.arange(30) % 3, np.arange(30) % 3])
    fold = hold_out(pixels, labels, 0.3, seed)
    train, validation = (
        {row.tobytes() for row in pixels[r]} for r in (fold.train, fold.validation)
    )
    assert not train & validation
    assert len(fold.validation) == 36
    assert fold.notes == ("60 copies or near copies of rows stay in the same set",)


@pytest.mark.parametrize("seed", range(5))
def test_an_image_with_very_many_copies_is_used_for_training(seed) -> None:
    pixels = np.concatenate([images(20), np.repeat(images(1, seed=9), 500, axis=0), images(20, 1)])
    fold = hold_out(pixels, np.repeat([0, 1], [520, 20]), 0.2, seed)
    assert not set(range(20, 520)) & {*fold.validation}
    assert len(fold.validation) == 8


def test_near_copies_stay_together_wherever_rows_are_divided(folder) -> None:
    folder.fill(rows=90, scale="0..255")
    rows = folder.rows("train.csv")
    near = [[str(max(int(cell), 1)) for cell in row[:-1]] + row[-1:] for row in rows[:40]]
    folder.save("train.csv", rows + near)
    competition = folder.load(validation=0.3)
    for _ in range(2):
        assert competition.groups.tolist() == [*range(90), *range(40)]
        competition = folder.load(validation=0.3)
    of_the_trials = scoring_fold(competition)
    for fold in (competition.hold_out, of_the_trials, *load_folds(competition, 3, folder.path)):
        assert len(fold.validation) > 10
        assert not set(fold.train % 90) & set(fold.validation % 90)
    locked = folder.load(holdout=0.3).locked.rows
    assert set(locked % 90) == set(locked[locked < 90])
    assert {row + 90 for row in locked if row < 40} <= set(locked)


@pytest.mark.parametrize("offset", [0, 300, 30_000])
def test_near_copies_are_found_wherever_the_range_of_pixels_is(offset: int) -> None:
    random = np.random.default_rng(0)
    pixels = random.random((60, 144), dtype=np.float32)
    near = pixels + 0.005 * random.random(pixels.shape, dtype=np.float32)
    group = groups_of_similar_rows(np.concatenate([pixels, near]) + np.float32(offset))
    np.testing.assert_array_equal(group, [*range(60), *range(60)])


def different(rows: int, pixels: int, low: int, high: int) -> np.ndarray:
    return np.random.default_rng(0).integers(low, high, (rows, pixels)).astype(np.uint16)


def with_bright_pixel(images: np.ndarray) -> np.ndarray:
    images[0, 0] = 65_535
    return images


def dark_with_points(images: np.ndarray) -> np.ndarray:
    return np.where(images < 8, images + 200, 0)


@pytest.mark.parametrize(
    "pixels",
    [
        with_bright_pixel(different(300, 64, 0, 4000)),
        different(300, 64, 96, 105),
        dark_with_points(different(120, 4096, 0, 4096)),
        with_bright_pixel(different(300, 64, 0, 2)),
    ],
    ids=["a bright pixel", "low contrast", "few bright points", "two values and a bright pixel"],
)
def test_different_images_are_no_near_copies(pixels: np.ndarray) -> None:
    assert len(np.unique(groups_of_similar_rows(pixels))) == len(pixels)


@pytest.mark.parametrize("pixels", [16, 144], ids="{} pixels".format)
@pytest.mark.parametrize("sign", [1, -1])
def test_the_limit_of_near_copies_is_a_share_of_the_spread_of_all_pixels(
    pixels: int, sign: int
) -> None:
    shades = np.random.default_rng(0).normal(3, 2, (40, pixels))
    for factor, groups in ((0.97, 40), (1.03, 80)):
        near = shades + sign * factor * SIMILAR * shades.std()
        both = np.concatenate([shades, near])
        assert len(np.unique(groups_of_similar_rows(both))) == groups


def test_near_copies_of_very_bright_and_very_dark_images_are_found() -> None:
    random = np.random.default_rng(0)
    shades = np.repeat([[0.0], [200.0]], 20, axis=0) + 60 * random.random((40, 64))
    groups = groups_of_similar_rows(np.concatenate([shades, shades + 0.5, shades + 20]))
    assert groups.tolist() == [*range(40), *range(40), *range(40, 80)]


def test_images_whose_halves_are_exchanged_are_no_near_copies() -> None:
    pixels = np.random.default_rng(0).random((50, 128))
    exchanged = np.roll(pixels, 64, axis=1)  # its sums over every 64th pixel are the same
    assert len(np.unique(groups_of_similar_rows(np.concatenate([pixels, exchanged])))) == 100


def test_near_copies_are_found_among_thousands_of_rows() -> None:
    pixels = np.random.default_rng(0).random((1500, 16), dtype=np.float32)
    group = groups_of_similar_rows(np.concatenate([pixels, pixels[::-1] + np.float32(0.001)]))
    assert group.tolist() == [*range(1500), *reversed(range(1500))]


def test_images_with_some_near_copies_each_are_groups_and_not_a_film() -> None:
    pixels = np.random.default_rng(0).random((20, 64)).repeat(30, axis=0)
    near = pixels + 0.001 * np.random.default_rng(1).random(pixels.shape)
    assert len(np.unique(groups_of_similar_rows(near))) == 20


def test_of_very_many_similar_images_only_equal_ones_are_one_group() -> None:
    pixels = np.random.default_rng(0).random((12, 16), dtype=np.float32).repeat(700, axis=0)
    pixels += np.float32(1e-3) * np.random.default_rng(1).random(pixels.shape, dtype=np.float32)
    both = np.concatenate([pixels, pixels[:10]])  # 2.9 million pairs of similar images
    assert groups_of_similar_rows(both).tolist() == [*range(8400), *range(10)]


def test_frames_of_a_film_are_not_one_image() -> None:
    frames = np.linspace(0, 1, 400)[:, None] * np.random.default_rng(0).random((2, 1, 144))
    assert len(np.unique(groups_of_similar_rows(frames.sum(axis=0).astype(np.float32)))) == 400


def test_a_class_whose_images_are_all_in_another_class_too_does_not_validate() -> None:
    pixels = np.concatenate([images(20), images(20), images(20, seed=1)])
    labels = np.repeat([0, 1, 2], 20)
    fold = hold_out(pixels, labels, 0.2, 0)
    assert np.bincount(labels[fold.validation]).tolist() == [4, 4, 4]


def test_fewer_different_images_than_folds_are_refused(folder) -> None:
    folder.fill(rows=4)
    rows = folder.rows("train.csv")
    folder.save("train.csv", rows * 5)
    competition = folder.load()
    with pytest.raises(pp.PipelineError, match="5 folds, but only 4 different images among 20"):
        load_folds(competition, 5, folder.path)


def test_more_folds_than_rows_of_any_class_are_refused(folder) -> None:
    folder.fill(rows=40, header="names")
    folder.replace_column("train.csv", -1, [row % 10 for row in range(40)])
    competition = folder.load()
    assert len(load_folds(competition, 4, folder.path)) == 4
    with pytest.raises(PipelineError) as caught:
        load_folds(competition, 5, folder.path)
    assert caught.value.found == "5 folds, but no class has more than 4 rows"
    assert caught.value.where == folder.path / "train.csv"
    assert caught.value.expected == "at most 4 folds"


@pytest.mark.parametrize(
    "content", ["", "row,fold\n", "row,fold\n1\n", f"row,fold\n{9**30},1\n", "row,fold\nx,1\n"]
)
def test_a_file_of_folds_with_other_content_is_made_again(folder, content: str) -> None:
    folder.fill()
    competition = folder.load()
    folds = load_folds(competition, 3, folder.path)
    (path,) = folder.path.glob("folds-3-*.csv")
    path.write_text(content)
    digest = hashlib.sha256(content.encode()).hexdigest()
    path.with_name(f"{path.name}.sha256").write_text(f"{digest}  {path.name}\n")
    again = load_folds(competition, 3, folder.path)
    assert [fold.digest for fold in again] == [fold.digest for fold in folds]
    assert "has no valid checksum, and is made again" in again[0].notes[-1]
    path.with_name(f"{path.name}.sha256").unlink()
    path.with_name(f"{path.name}.sha256").mkdir()
    with pytest.raises(PipelineError, match="it cannot be written: Is a directory"):
        load_folds(competition, 3, folder.path)


def test_the_hold_out_of_images_without_copies_is_the_same_in_all_versions() -> None:
    digits = pp.load(Path(__file__).parents[2] / "data/digits")
    assert digits.hold_out.fingerprint.startswith("1a79694cb409")


def test_the_locked_rows_of_images_without_copies_are_the_same_in_all_versions() -> None:
    labels = np.arange(40) % 2
    assert choose_locked(images(40), labels, 0.2).tolist() == [0, 7, 17, 20, 21, 24, 32, 33]


def test_equal_images_with_other_labels_stay_on_one_side_too() -> None:
    pixels = np.concatenate([images(40), images(40)])
    labels = np.concatenate([np.arange(40) % 2, (np.arange(40) + 1) % 2])
    fold = hold_out(pixels, labels, 0.5, 0)
    assert set(fold.validation % 40) & set(fold.train % 40) == set()


@pytest.mark.parametrize("seed", range(5))
def test_a_class_with_a_single_image_is_used_for_training(seed) -> None:
    labels = np.array([0] * 20 + [1] * 20 + [2])
    fold = hold_out(images(41), labels, 0.2, seed)
    assert 40 in fold.train
    assert fold.notes == ("1 class has a single image; it is used for training only",)


def test_classes_with_a_single_image_are_counted() -> None:
    fold = hold_out(images(42), np.array([0] + [1] * 20 + [2] * 20 + [3]), 0.2, 0)
    assert fold.notes == ("2 classes have a single image; it is used for training only",)


@pytest.mark.parametrize(
    ("copies", "share", "validating"),
    [
        ([1, 1, 1, 1], 0.1, 1),
        ([2, 2, 2, 2, 2], 0.2, 2),
        ([5, 5], 0.2, 5),
        ([3, 1], 0.2, 1),
        ([10, 10, 2, 2, 2, 2], 0.2, 2),
        ([4, *[1] * 16], 0.2, 4),
        ([12, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1], 0.3, 3),
    ],
)
def test_groups_of_copies_are_never_divided_and_the_share_is_met_without_the_large_ones(
    copies: list[int], share: float, validating: int
) -> None:
    groups = np.repeat(np.arange(len(copies)), copies)
    fold = hold_out_of_groups(groups, np.zeros(len(groups), int), share, 0)
    assert len(fold.validation) == validating
    assert not set(groups[fold.train]) & set(groups[fold.validation])


def test_a_class_of_equal_images_is_used_for_training() -> None:
    pixels = np.concatenate([images(20), np.tile(images(1, seed=9), (5, 1))])
    fold = hold_out(pixels, np.repeat([0, 1], [20, 5]), 0.2, 0)
    assert set(range(20, 25)) <= set(fold.train)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_every_class_of_two_images_has_one_on_each_side(share) -> None:
    labels = np.repeat(np.arange(10), 2)
    fold = hold_out(images(20), labels, share, 0)
    assert sorted(labels[fold.validation]) == list(range(10))
    assert sorted(labels[fold.train]) == list(range(10))


def test_rows_are_numbered_in_order_of_first_appearance() -> None:
    pixels = np.array([[1, 2], [3, 4], [1, 2], [5, 6], [3, 4]], np.float32)
    groups, copies = groups_of_equal_rows(pixels)
    assert groups.tolist() == [0, 1, 0, 2, 1]
    assert copies == 2


def test_minus_zero_is_zero(folder) -> None:
    folder.fill(scale="0..1.0")
    plain = folder.load()
    text = folder.read("train.csv").decode()
    folder.write("train.csv", text.replace(",0.0,", ",-0.0,"))
    assert ",-0.0," in folder.read("train.csv").decode()
    assert folder.load().fingerprint == plain.fingerprint


def test_a_competition_in_which_no_image_can_validate_is_refused(folder) -> None:
    folder.fill(rows=10)
    rows = (folder.path / "train.csv").read_text().splitlines()
    by_label = {row.rsplit(",", 1)[1]: row for row in rows}
    (folder.path / "train.csv").write_text("\n".join(2 * list(by_label.values())) + "\n")
    with pytest.raises(PipelineError, match="no class has two different images"):
        folder.load().hold_out  # noqa: B018
