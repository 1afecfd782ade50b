"""A training session: which runs are asked for, which of them are there, and which to make."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from pipeline.data.competition import Competition
from pipeline.data.settings import Settings
from pipeline.errors import PipelineError
from pipeline.models import committees, find_recipe
from pipeline.models.backend import uses_accelerator
from pipeline.models.changes import change
from pipeline.models.recipe import CommitteeRecipe, with_defaults
from pipeline.runs.committee import make_committee
from pipeline.runs.leaderboard import refuse_mixed
from pipeline.runs.run import RECORD, Run, list_runs, load_run
from pipeline.training.engine import run_all
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
    folder: Path
    fresh: bool = False

    def runs(self, name: str, sweep: Sequence[Changes], seeds: Sequence[int]) -> list[Run]:
        """The runs of a recipe or committee with these changes and seeds; those that are not
        there are made."""
        committee = committees().get(name)
        if committee is None:
            orders = [Order(name, *asked) for asked in itertools.product(sweep, seeds)]
            return self.train(orders)
        asked = list(itertools.product(sweep, seeds))
        teams = [_members(committee, *some) for some in asked]
        self.train(list({order.name: order for team in teams for order in team}.values()))
        return [
            self._committee(committee, *some, team) for some, team in zip(asked, teams, strict=True)
        ]

    def train(self, orders: Sequence["Order"]) -> list[Run]:
        """Makes the runs that are not there, side by side where there are several."""
        missing = [order for order in orders if not self._finished(order.name, order.settings())]
        work = partial(_train, self.competition.folder, self.competition.settings, self.folder)
        run_all(work, missing, uses_accelerator())
        return [load_run(self.folder / order.name) for order in orders]

    def _committee(
        self, recipe: CommitteeRecipe, changes: Changes, seed: int, members: Sequence["Order"]
    ) -> Run:
        settings = {
            "name": recipe.name,
            "member": recipe.member,
            "size": recipe.size,
            "settings": change(find_recipe(recipe.member), changes).settings(),
        }
        folder = self.folder / run_name(recipe.name, changes, seed)
        if self._finished(folder.name, settings):
            return load_run(folder)
        published = asdict(recipe.published) if recipe.published else None
        facts: dict[str, Any] = {"recipe": settings, "seed": seed, "published": published}
        return make_committee(folder, [load_run(self.folder / m.name) for m in members], facts)

    def _finished(self, name: str, settings: dict[str, Any]) -> bool:
        if self.fresh or not (self.folder / name / RECORD).exists():
            return False
        run = load_run(self.folder / name)
        if with_defaults(run.record["recipe"]) != settings:
            raise PipelineError(
                f"{run.folder} was trained with other settings of its recipe than this one has "
                "now. Train it again with --fresh, or move the folder away."
            )
        click.echo(f"{run.name}: finished before, reused", err=True)
        return True


@dataclass(frozen=True)
class Order:
    """A run that is asked for: a recipe, what is changed in it, and a seed."""

    recipe: str
    changes: Changes
    seed: int

    @property
    def name(self) -> str:
        return run_name(self.recipe, self.changes, self.seed)

    def settings(self) -> dict[str, Any]:
        return change(find_recipe(self.recipe), self.changes).settings()


def _members(committee: CommitteeRecipe, changes: Changes, seed: int) -> list[Order]:
    return [Order(committee.member, changes, seed + i) for i in range(committee.size)]


def _train(data: Path, settings: Settings, runs: Path, order: Order) -> None:
    """Makes one run, perhaps in a process of its own, which maps the same data into memory."""
    competition = Competition.load(data, **asdict(settings))
    recipe = change(find_recipe(order.recipe), order.changes)
    train(Plan(competition, competition.split(), recipe, order.seed), runs / order.name)


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
    split = competition.split()
    wanted = {run_name(*asked) for asked in itertools.product(names, sweep, seeds)}
    others = [run for run in list_runs(folder) if not (fresh and run.name in wanted)]
    refuse_mixed(others, (competition.fingerprint, split.fingerprint))
    for note in split.notes:
        click.echo(f"Note: {note}.", err=True)
    session = Session(competition, folder, fresh)
    return [run for name in names for run in session.runs(name, sweep, seeds)]


def run_name(recipe: str, changes: Changes, seed: int) -> str:
    """The run's folder: the recipe, and what differs from it."""
    short = {name: Path(text).stem if "/" in text else text for name, text in changes.items()}
    parts = [f"{name}={text}" for name, text in sorted(short.items())]
    return "-".join([recipe, *parts, *([f"seed={seed}"] if seed else [])])
