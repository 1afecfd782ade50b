"""Runs of single folds -> the best that can be made of them."""

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pipeline.arrays import Rows
from pipeline.competition.folds import Fold
from pipeline.evaluation.ensemble import combine, cross_validate
from pipeline.files import WriteError
from pipeline.networks.recipe import Recipe
from pipeline.planning.kinds import kind_name, training_name
from pipeline.runs.folder import remove_checkpoints, remove_run
from pipeline.runs.listing import find_equal
from pipeline.runs.ranking import loss_of, metric_of, ranked_by
from pipeline.runs.run import Run

# Factors of the log loss up to which the mean of more models is preferred, and that of more folds:
# the mean of five networks has a loss that is 30 % lower than that of one (conv-10-committee).
EQUAL, MORE_FOLDS = 1.02, 1.1
# A network failed if its log loss is above this share of the loss of a guess, and more than this
# many times the lowest loss of its kind.
OF_GUESS, OF_LOWEST = 0.9, 3.0
# The factor up to which two trainings count as equally long. On rotated MNIST, networks of another
# 30 epochs on the same folds brought nothing; on Digit Recognizer, those of 21 after 14 did.
SIMILAR = 1.5


def runs_of_folds(runs: Sequence[Run], folds: Sequence[Fold]) -> list[Run]:
    """The timed trainings that were validated on one of these folds.

    Other runs of single folds belong to a cross-validation, which `train` joins.
    """
    fingerprints = {fold.part: fold.fingerprint for fold in folds}
    return [
        run for run in runs
        if run.record.settings.get("pace")
        and fingerprints.get(run.record.fold.part) == run.record.fold.fingerprint
    ]  # fmt: skip


def reuse_runs(found: Sequence[Run], folds: Sequence[Fold]) -> list[Run]:
    """The trainings of earlier budgets on these folds, in the order in which they were made.

    Removes their checkpoints, if a kill at the end of a run left some.
    """
    runs = sorted(runs_of_folds(found, folds), key=lambda run: run.record.created)
    for run in runs:
        with suppress(WriteError):
            remove_checkpoints(run.folder)
    return runs


def choose_next(
    order: Iterator[tuple[Recipe, int, int]],
    runs: Sequence[Run],
    folder: Path,
    budget: str,
    images: float,
) -> tuple[Recipe, int, int, str]:
    """The next training that is not finished: recipe, seed, fold number, name of its run.

    If an earlier budget trained the recipe for about as long, its other folds are next: to train on
    the same fold again would give nearly the same network.

    Args:
        order: trainings, see `order_trainings`.
        runs: of single folds, which are finished.
        folder: the competition's runs.
        budget: such as "30m".
        images: how many a training takes, with those of all epochs.
    """
    for recipe, seed, part in order:
        own = kind_name(recipe.name, budget, seed)
        name = training_name(_similar_kind(runs, recipe.name, seed, images) or own, part)
        if not (folder / name).exists():
            return recipe, seed, part, name
    raise AssertionError("the order has an end")


def _similar_kind(runs: Sequence[Run], recipe: str, seed: int, images: float) -> str | None:
    """The kind of the trainings of a recipe and seed that took most nearly so many images.

    None if no training has been about as long.
    """
    found: dict[str, float] = {}
    for run in runs:
        record = run.record
        if record.training and (record.recipe, record.seed) == (recipe, seed):
            trained = record.training.epochs * record.fold.train_rows
            found[_kind(run)] = max(trained, images) / max(1.0, min(trained, images))
    kind = min(found, key=found.__getitem__, default="")
    return kind if kind and found[kind] <= SIMILAR else None


def describe_other_rows(runs: Sequence[Run]) -> str | None:
    """Names the best training that was not validated on a fold, if there is one."""
    others = [run for run in runs if run.record.training and not run.record.fold.part]
    if not others:
        return None
    best = min(others, key=lambda run: run.scores.loss).name
    return (
        f"{best} was scored on other rows, and is not compared: `pipeline submit --run {best}` "
        "submits it"
    )


def tta_helps(runs: Sequence[Run], recipe: str) -> bool:
    """Whether TTA does not raise the log loss of these trainings of a recipe."""
    gain = 0.0
    for run in runs:
        training = run.record.training
        if run.record.recipe == recipe and training and training.without_tta:
            gain += run.scores.n * (training.without_tta.loss - run.scores.loss)
    return gain >= 0


def ensemble_name(budget: str) -> str:
    """The name of a budget's ensembles: "ensemble-30m"."""
    return f"ensemble-{budget}"


@dataclass
class Combination:
    """What is made of the trainings of a budget as they end.

    Attributes:
        folder: the competition's runs.
        name: of its ensembles.
        groups: (n,) group numbers of the training rows, equal for copies and near copies.
        runs: of single folds.
        combined: what was made of them.
        best: the best of what was made so far.
    """

    folder: Path
    name: str
    groups: Rows
    runs: list[Run] = field(default_factory=list)
    combined: list[Run] = field(default_factory=list)
    best: Run | None = None

    def add(self, runs: Sequence[Run]) -> Run | None:
        """Combines these runs with those before; returns the best result if it is a new one."""
        self.runs += runs
        earlier, before = self.combined, self.best
        self.combined = combine_folds(self.runs, self.folder, self.name, self.groups)
        best = choose_better(before, self.combined)
        remove_outdated(earlier, self.combined, best)
        if before and before.record == best.record:
            return None
        self.best = best.read()
        return self.best


def combine_folds(runs: Sequence[Run], folder: Path, name: str, groups: Rows) -> list[Run]:
    """Joins the folds of each kind of network, and combines the kinds with the same folds.

    Networks that failed, for example because their time was too short, are left out.

    Args:
        runs: runs of single folds; those of a kind have the same name apart from the fold.
        folder: the competition's runs; the combined ones are written there.
        name: of the ensemble.
        groups: (n,) group numbers of the training rows, equal for copies and near copies.

    Returns:
        The combined runs, and the ensembles. Those of some folds have their number in the name.
    """
    kinds: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: (run.name, run.record.fold.part)):
        kinds.setdefault(_kind(run), []).append(run)
    metric = metric_of(runs[0])  # what was joined before may have been ranked by another
    joined = [
        ranked_by(_join(folder, kind, _without_failed(members)), metric)
        for kind, members in kinds.items()
    ]
    by_rows: dict[str, list[Run]] = {}
    for run in joined:
        by_rows.setdefault(run.record.fold.fingerprint, []).append(run)
    ensembles = [
        combine(folder, name + _some(same[0]), same, groups, "greedy", False, lambda _: None)
        for same in by_rows.values()
        if len(same) > 1
    ]
    return joined + [ranked_by(run, metric) for run in ensembles]


def remove_outdated(earlier: Sequence[Run], candidates: Sequence[Run], best: Run) -> None:
    """Removes combined runs of fewer folds, which newer ones replace.

    Args:
        earlier: combined runs, before the candidates.
        candidates: the newest ones.
        best: the best run, which stays, and its members too.
    """
    kept = {run.name for run in (*candidates, best, *best.members)}
    for run in earlier:
        if run.name not in kept:
            remove_run(run.folder)


def choose_better(best: Run | None, candidates: Sequence[Run]) -> Run:
    """The best run so far, or a candidate that is better, see `_is_better`.

    Args:
        candidates: combined runs. One of the same name replaces its earlier version.
    """
    best = next((run for run in candidates if best and run.name == best.name), best)
    for run in sorted(candidates, key=loss_of):
        if best is None or _is_better(run, best):
            best = run
    assert best is not None
    return best


def _is_better(run: Run, best: Run) -> bool:
    """Whether a run has a lower loss, see `Metric.loss`, on the rows that both predict.

    A mean over more folds may have a loss that is a tenth higher, and a mean of more models on as
    many folds one that is 2 % higher: each row is scored by the models of one fold, while those of
    all folds predict the test rows.
    """
    rows, at, best_at = np.intersect1d(
        run.validation.rows, best.validation.rows, assume_unique=True, return_indices=True
    )
    if not len(rows):
        return False
    labels = run.validation.labels[at]
    loss = metric_of(run).loss(run.validation.probabilities[at], labels)
    best_loss = metric_of(run).loss(best.validation.probabilities[best_at], labels)
    folds, best_folds = run.record.fold.joined, best.record.fold.joined
    if folds != best_folds:
        return loss < best_loss * (MORE_FOLDS if folds > best_folds else 1 / MORE_FOLDS)
    return loss < best_loss * (EQUAL if count_models(run) > count_models(best) else 1.0)


def count_models(run: Run) -> int:
    """How many trained models a run combines, 1 for a training."""
    members = {member.name: member for member in run.members}.values()
    return sum(map(count_models, members)) or 1


def _without_failed(members: Sequence[Run]) -> list[Run]:
    """The runs of a kind, without those that failed, see `OF_GUESS` and `OF_LOWEST`."""
    lowest = min(run.scores.loss for run in members)
    guess = math.log(len(members[0].record.data.classes))
    limit = max(OF_GUESS * guess, OF_LOWEST * lowest)
    return [run for run in members if run.scores.loss <= limit]


def _kind(run: Run) -> str:
    """The name of a run without its fold."""
    return re.sub(r"-fold=\d+of\d+", "", run.name)


def _count(members: Sequence[Run]) -> str:
    """ "5" for all folds, "2of5" for two of them."""
    of = members[0].record.fold.name.partition("of")[2]
    return of if len(members) == int(of) else f"{len(members)}of{of}"


def _some(run: Run) -> str:
    """What the name of an ensemble of such runs ends with: "", or "-2of5" for some folds."""
    count = _count(run.members)
    return f"-{count}" if "of" in count else ""


def _join(folder: Path, kind: str, members: Sequence[Run]) -> Run:
    first = members[0].record.identity
    digests = tuple(run.record.identity.digest for run in members)
    identity = replace(first, fold="", architecture="", weights=None, members=digests)
    path = folder / f"{kind}-folds={_count(members)}"
    return find_equal(path, identity) or cross_validate(path, members, identity)
