"""Which networks a time budget trains, how many of them, and in which order."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.arrays import Images, Labels
from pipeline.images.fitting import fit_augmentation
from pipeline.networks.backend import resolve_precision
from pipeline.networks.recipe import Recipe
from pipeline.planning.speed import Speed
from pipeline.recipes import find_recipe

FOLDS = 5
QUICK = "fast"  # makes the first submission
UPRIGHT = ("deep", "deep-strided")  # kinds that make different errors, the better one first
ANY_ANGLE = ("deep-rotated",)
SHORT = "best"
# With less than this share of its training steps, a deep network is less accurate than SHORT after
# the same time. Errors on 8,402 rows of Digit Recognizer, after four or five minutes on a core:
# `deep` 42, `best` 30, `fast` 36 (one seed; `best` and `fast` were chosen on these rows).
LITTLE = 0.25
# Useful number of training steps: 3,000 measured with 9,600 rows, and 5,000 with 33,600 rows.
STEPS, ROWS, GROWTH = 5000, 33_600, 0.36
BUSY = 0.8  # of its full speed; a slower machine is busy with other work
LONGER = 3  # times as many steps; up to this, they help more than another seed


@dataclass(frozen=True)
class Kinds:
    """The recipes of a budget, with random transforms that fit the images.

    Attributes:
        main: recipes that make different errors, the most accurate first.
        short: the recipe to train instead if there is little time.
        quick: the recipe of the first submission.
    """

    main: tuple[Recipe, ...]
    short: Recipe
    quick: Recipe


def choose_kinds(images: Images, labels: Labels) -> Kinds:
    """The recipes for the images (n, height, width, channels) and labels of the training rows."""
    upright = find_recipe(QUICK).augmentation
    assert upright is not None
    fitted = fit_augmentation(upright, images, labels)
    any_angle = fitted.rotation > upright.rotation

    def fit(name: str) -> Recipe:
        recipe = find_recipe(name)
        assert recipe.augmentation is not None
        augmentation = replace(recipe.augmentation, fill=fitted.fill)
        recipe = replace(recipe, precision=resolve_precision(recipe.precision))
        if any_angle:
            augmentation = replace(augmentation, rotation=fitted.rotation)
            recipe = replace(recipe, tta_views=1, tta_angles=5)
        return replace(recipe, augmentation=augmentation)

    names = ANY_ANGLE if any_angle else UPRIGHT
    main = tuple(fit(name) for name in names)
    return Kinds(main, short=fit(SHORT), quick=replace(fit(QUICK), tta_views=1))


def training_steps(rows: int) -> int:
    """The useful number of training steps for a number of rows."""
    return int(STEPS * (rows / ROWS) ** GROWTH)


def divide(worth: float, workers: int, kinds: Sequence[Recipe]) -> tuple[Sequence[Recipe], int]:
    """The recipes to train, and the number of trainings that share the time.

    Two longer trainings are better than ten short ones, until there is time for all folds. If there
    is no time for all folds of all recipes, only the first recipe is trained. The others need more
    time, and would not improve its result.

    Args:
        worth: number of trainings of `training_steps` that fit into the time.
        workers: number of parallel trainings.
        kinds: the recipes, the most accurate first.
    """
    all_folds = FOLDS * len(kinds)
    if worth >= all_folds:
        return kinds, max(workers, all_folds * max(1, int(worth / (all_folds * LONGER))))
    count = FOLDS if worth >= FOLDS else int(worth) // workers * workers
    return kinds[:1], max(workers, count)


def order_trainings(kinds: Sequence[Recipe]) -> Iterator[tuple[Recipe, int, int]]:
    """The recipe, seed and fold number (from 1) of each training; an infinite iterator.

    All recipes train on a fold before the next one, so that they can be compared and combined.
    """
    for seed in itertools.count():
        for part in range(1, FOLDS + 1):
            for kind in kinds:
                yield kind, seed, part


def describe_plan(
    kinds: Sequence[Recipe], count: int, workers: int, speed: Speed
) -> tuple[str, str]:
    """The speed of this machine, and the plan, as texts."""
    order = itertools.islice(order_trainings(kinds), count)
    names = [recipe.name for recipe, _, _ in order]
    parts = " and ".join(f"{names.count(name)} of {name}" for name in dict.fromkeys(names))
    augmentation = kinds[0].augmentation
    assert augmentation is not None
    busy = speed.now < BUSY * speed.alone
    beside = f", {speed.now:,.0f} now, because of other work" if busy else ""
    return (
        f"This machine trains {names[0]} with {speed.alone:,.0f} images/s{beside}.",
        f"Plan: {parts}, each on {FOLDS - 1} of {FOLDS} folds, {workers} at a time. Random "
        f"rotation up to {augmentation.rotation:g} degrees, {augmentation.fill} fill.",
    )


def kind_name(recipe: str, budget: str, seed: int) -> str:
    """The start of the names of a budget's runs: "deep-30m", or "deep-30m-seed=1"."""
    return f"{recipe}-{budget}" + (f"-seed={seed}" if seed else "")


def training_name(kind: str, part: int) -> str:
    """The name of a run: "deep-30m-fold=1of5"."""
    return f"{kind}-fold={part}of{FOLDS}"
