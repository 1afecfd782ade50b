"""A training session: which runs are asked for, which of them are there, and which to make."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from pipeline.data.competition import Competition
from pipeline.data.splits import Split, hold_out
from pipeline.errors import PipelineError
from pipeline.models import committees, find_recipe
from pipeline.models.changes import change
from pipeline.models.recipe import CommitteeRecipe
from pipeline.runs.committee import make_committee
from pipeline.runs.leaderboard import refuse_mixed
from pipeline.runs.run import RECORD, Run, list_runs, load_run
from pipeline.training.train import Plan, train

Changes = Mapping[str, str]


@dataclass(frozen=True)
class Session:
    """What is common to all runs of one command.

    Attributes:
        folder: the competition's runs.
        fresh: train again what is finished.
    """

    competition: Competition
    split: Split
    folder: Path
    fresh: bool = False

    def run(self, recipe: str, changes: Changes, seed: int) -> Run:
        """The recipe's run with these changes and this seed, made where it is not there."""
        name = run_name(recipe, changes, seed)
        plan = Plan(self.competition, self.split, change(find_recipe(recipe), changes), seed)
        return self._reuse(name, plan.recipe.settings()) or train(plan, self.folder / name)

    def committee(self, recipe: CommitteeRecipe, changes: Changes, seed: int) -> Run:
        """The committee's run; its members are runs of their own, and reused as such."""
        name = run_name(recipe.name, changes, seed)
        members = [self.run(recipe.member, changes, seed + i) for i in range(recipe.size)]
        settings = {
            "name": recipe.name,
            "member": recipe.member,
            "size": recipe.size,
            "settings": change(find_recipe(recipe.member), changes).settings(),
        }
        published = asdict(recipe.published) if recipe.published else None
        facts: dict[str, Any] = {"recipe": settings, "seed": seed, "published": published}
        return self._reuse(name, settings) or make_committee(self.folder / name, members, facts)

    def _reuse(self, name: str, settings: dict[str, Any]) -> Run | None:
        if self.fresh or not (self.folder / name / RECORD).exists():
            return None
        run = load_run(self.folder / name)
        if run.record["recipe"] != settings:
            raise PipelineError(
                f"{run.folder} was trained with other settings of its recipe than this one has "
                "now. Train it again with --fresh, or move the folder away."
            )
        click.echo(f"{run.name}: finished before, reused", err=True)
        return run


def train_all(
    competition: Competition,
    folder: Path,
    names: Sequence[str],
    changes: Mapping[str, Sequence[str]],
    seeds: Sequence[int] = (0,),
    fresh: bool = False,
) -> list[Run]:
    """Trains recipes and committees by name on the competition's split; reuses finished runs.

    Args:
        folder: the competition's runs.
        changes: recipe settings as text, see `change`; of several values, each is trained.
        seeds: each is trained.
        fresh: train again what is finished.

    Raises:
        PipelineError: a recipe or setting is unknown, or the folder holds runs of other data.
    """
    sweep = [
        dict(zip(changes, values, strict=True)) for values in itertools.product(*changes.values())
    ]
    for name, values in itertools.product(names, sweep):  # every mistake before the first epoch
        change(find_recipe(committees()[name].member if name in committees() else name), values)
    settings = competition.settings
    split = hold_out(
        competition.train_pixels, competition.labels, settings.validation, settings.split_seed
    )
    wanted = {run_name(*asked) for asked in itertools.product(names, sweep, seeds)}
    others = [run for run in list_runs(folder) if not (fresh and run.name in wanted)]
    refuse_mixed(others, (competition.fingerprint, split.fingerprint))
    for note in split.notes:
        click.echo(f"Note: {note}.", err=True)
    session = Session(competition, split, folder, fresh)
    return [
        session.committee(committees()[name], values, seed)
        if name in committees()
        else session.run(name, values, seed)
        for name, values, seed in itertools.product(names, sweep, seeds)
    ]


def run_name(recipe: str, changes: Changes, seed: int) -> str:
    """The run's folder: the recipe, and what differs from it."""
    short = {name: Path(text).stem if "/" in text else text for name, text in changes.items()}
    parts = [f"{name}={text}" for name, text in sorted(short.items())]
    return "-".join([recipe, *parts, *([f"seed={seed}"] if seed else [])])
