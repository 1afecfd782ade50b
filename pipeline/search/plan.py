"""What a time budget trains: kinds of networks, each on folds of the training rows."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from pipeline import config
from pipeline.arrays import Images, Labels
from pipeline.competition.folds import Fold
from pipeline.errors import PipelineError
from pipeline.files import write_text
from pipeline.images.fitting import fit_augmentation
from pipeline.networks.backend import resolve_precision
from pipeline.networks.recipe import FIXED, Recipe
from pipeline.recipes import find_recipe
from pipeline.runs.record import Scores
from pipeline.runs.run import Run
from pipeline.training.job import Job

FOLDS = 5
QUICK = "fast"  # makes the first submission
UPRIGHT = ("deep", "deep-strided")  # kinds that make different errors, the better one first
ANY_ANGLE = ("deep-rotated",)
# Training steps that a network is worth: measured with 9,600 rows (3,000) and 33,600 rows (5,000).
STEPS, ROWS, GROWTH = 5000, 33_600, 0.36
LONGER = 3  # times as many steps still help more than another seed
CLOSING = 8.0  # seconds to explain and write a run


@dataclass(frozen=True)
class Kinds:
    """The recipes of a budget, with random transforms that fit the images.

    Attributes:
        main: recipes that make different errors, the most accurate first.
        quick: the recipe of the first submission.
    """

    main: tuple[Recipe, ...]
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
    return Kinds(tuple(fit(name) for name in names), replace(fit(QUICK), tta_views=1))


def training_steps(rows: int) -> int:
    """How many steps a training on that many rows is worth."""
    return int(STEPS * (rows / ROWS) ** GROWTH)


def count_trainings(worth: float, workers: int, kinds: int) -> int:
    """How many trainings to divide a time among.

    Two longer trainings are better than ten short ones, until there is time for all folds.

    Args:
        worth: how many trainings of `training_steps` the time is enough for.
        workers: how many run in parallel.
        kinds: number of recipes.
    """
    all_folds = FOLDS * kinds
    if worth >= all_folds:
        count = all_folds * max(1, int(worth / (all_folds * LONGER)))
    else:
        count = FOLDS if worth >= FOLDS else int(worth) // workers * workers
    return max(workers, count)


def order_trainings(kinds: Sequence[Recipe], count: int) -> Iterator[tuple[Recipe, int, int]]:
    """The recipe, seed and fold number (from 1) of each training, without end.

    All kinds train on a fold before the next one, so that they can be compared and combined; if
    there is no time for all folds of all kinds, only the first one trains. The others need longer:
    they would not improve its result.
    """
    some = kinds if count >= FOLDS * len(kinds) else kinds[:1]
    for seed in itertools.count():
        for part in range(1, FOLDS + 1):
            for kind in some:
                yield kind, seed, part


def describe_plan(kinds: Kinds, count: int, workers: int, speed: float) -> tuple[str, str]:
    """The speed of this machine, and what it trains, in words."""
    order = itertools.islice(order_trainings(kinds.main, count), count)
    names = [recipe.name for recipe, _, _ in order]
    parts = " and ".join(f"{names.count(name)} of {name}" for name in dict.fromkeys(names))
    augmentation = kinds.main[0].augmentation
    assert augmentation is not None
    return (
        f"This machine trains {names[0]} with {speed:,.0f} images/s.",
        f"Plan: {parts}, each on {FOLDS - 1} of {FOLDS} folds, {workers} at a time. Random "
        f"rotation up to {augmentation.rotation:g} degrees, {augmentation.fill} fill.",
    )


def training_name(recipe: str, tag: str, seed: int, part: int) -> str:
    """The name of a budget's run: "deep-30m-fold=1of5", "deep-30m-seed=1-fold=1of5"."""
    seeded = f"-seed={seed}" if seed else ""
    return f"{recipe}-{tag}{seeded}-fold={part}of{FOLDS}"


@dataclass(frozen=True)
class PlannedTraining:
    """A training that can be repeated.

    Attributes:
        name: name of its run.
        recipe: name of the recipe.
        changes: changed settings of the recipe, with the epochs and their pace.
        part: number of the fold, from 1.
        rows: number of training rows, if only a sample of the fold's was used.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^[^./\\][^/\\]*$")]
    recipe: str
    changes: dict[str, Any]
    seed: int
    part: Annotated[int, msgspec.Meta(ge=1, le=FOLDS)]
    rows: int | None = None

    def job(self, folds: Sequence[Fold], labels: Labels) -> Job:
        """The job that repeats it.

        Raises:
            PipelineError: there is no such recipe or setting.
        """
        recipe = find_recipe(self.recipe).change(**self.changes)
        fold = folds[self.part - 1]
        if self.rows:
            fold = sample_rows(fold, labels, self.rows, self.seed)
        return Job(self.name, recipe, self.seed, fold)


@dataclass(frozen=True)
class Improvement:
    """A result that was better than those before it.

    Attributes:
        seconds: when, since the budget began.
        run: its name.
        scores: on the validation rows of its folds.
    """

    seconds: float
    run: str
    scores: Scores


@dataclass(frozen=True)
class Plan:
    """The trainings of a budget in the order in which they ended; `--plan` repeats them.

    Attributes:
        budget: such as "30m".
        data: fingerprint of the competition.
        workers: how many trainings ran in parallel.
        speed: images per second of a training on the machine.
        improvements: the best results, by time.
    """

    budget: str
    data: str
    workers: int
    speed: float
    trainings: tuple[PlannedTraining, ...]
    improvements: tuple[Improvement, ...] = ()
    version: Literal[1] = 1


def plan_training(run: Run, fold: Fold) -> PlannedTraining:
    """The training of a finished run, to repeat it."""
    record = run.record
    own = config.flatten(find_recipe(record.recipe), without=FIXED)
    missing = object()
    changes = {
        name: value for name, value in record.settings.items() if own.get(name, missing) != value
    }
    rows = record.fold.train_rows if record.fold.train_rows < len(fold.train) else None
    return PlannedTraining(run.name, record.recipe, changes, record.seed, record.fold.part, rows)


def write_plan(path: Path, plan: Plan) -> None:
    write_text(path, msgspec.json.format(msgspec.json.encode(plan), indent=2).decode() + "\n")


def read_plan(path: Path) -> Plan:
    """The plan in a file.

    Raises:
        PipelineError: it cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except OSError as error:
        raise PipelineError(f"it cannot be read: {error.strerror}", where=path) from None
    except msgspec.MsgspecError as error:
        raise PipelineError(
            f"not a plan: {error}", where=path, expected="a plan file, which --budget writes"
        ) from None


def sample_rows(fold: Fold, labels: Labels, rows: int, seed: int) -> Fold:
    """The fold with a random sample of its training rows; itself if it has no more.

    The sample has a row of each class at least.

    Args:
        labels: (n,) class indices of all training rows.
        rows: size of the sample.
    """
    if rows >= len(fold.train):
        return fold
    shuffled = np.random.default_rng(seed).permutation(fold.train)
    _, firsts = np.unique(labels[shuffled], return_index=True)
    others = np.delete(shuffled, firsts)
    chosen = np.concatenate([shuffled[firsts], others])[: max(rows, len(firsts))]
    return replace(fold, train=np.sort(chosen))
