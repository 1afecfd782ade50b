"""The plan of a time budget: its trainings, which can be repeated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from pipeline import config
from pipeline.arrays import Labels
from pipeline.competition.folds import Fold
from pipeline.documents import read_sealed, seal
from pipeline.errors import PipelineError
from pipeline.files import write_text
from pipeline.networks.recipe import FIXED
from pipeline.planning.kinds import FOLDS
from pipeline.recipes import find_recipe
from pipeline.runs.folder import check_run_name
from pipeline.runs.record import Scores, encode
from pipeline.runs.run import Run
from pipeline.training.job import Job


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

    name: str
    recipe: str
    changes: dict[str, Any]
    seed: int
    part: Annotated[int, msgspec.Meta(ge=1, le=FOLDS)]
    rows: int | None = None

    def job(self, folds: Sequence[Fold], labels: Labels) -> Job:
        """The job that repeats it.

        Raises:
            PipelineError: there is no such recipe or setting, or no run can have the name.
        """
        check_run_name(self.name)
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
        speed: images per second of a training, if the machine does nothing else.
        improvements: the best results, by time.
    """

    budget: str
    data: str
    workers: int
    speed: float | None
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
    write_text(path, seal(encode(plan)))


def read_plan(path: Path) -> Plan:
    """The plan in a file.

    Raises:
        PipelineError: it cannot be read, or is damaged.
    """
    try:
        return read_sealed(path, Plan)
    except OSError as error:
        raise PipelineError(f"it cannot be read: {error.strerror}", where=path) from None
    except ValueError as error:
        raise PipelineError(
            f"not a valid plan: {error}",
            where=path,
            expected="a plan file, which --budget writes",
            remedy="Restore it, or use the budget again.",
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
