"""A training session: which runs are asked for, which of them are there, and which to make."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from pipeline.competition.competition import Competition
from pipeline.competition.overrides import Settings
from pipeline.errors import PipelineError
from pipeline.networks.backend import uses_accelerator
from pipeline.networks.changes import change
from pipeline.networks.recipe import EnsembleRecipe, with_defaults
from pipeline.recipes import ensembles, find_recipe
from pipeline.runs.ensemble import make_ensemble
from pipeline.runs.leaderboard import check_mixed
from pipeline.runs.run import RECORD, Run, list_runs, load_run
from pipeline.search.engine import run_all
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
        asked = list(itertools.product(sweep, seeds))
        teams = [requests(name, *some) for some in asked]
        runs = self.train([request for team in teams for request in team])
        committee = ensembles().get(name)
        if committee is None:
            return runs
        return [
            self._committee(committee, *some, team) for some, team in zip(asked, teams, strict=True)
        ]

    def train(self, asked: Sequence["Request"]) -> list[Run]:
        """Makes the runs that are not there, side by side where there are several."""
        once = {request.name: request for request in asked}.values()
        missing = [
            request for request in once if not self._finished(request.name, request.settings())
        ]
        work = partial(_train, self.competition.folder, self.competition.settings, self.folder)
        run_all(work, missing, uses_accelerator())
        return [load_run(self.folder / request.name) for request in once]

    def _committee(
        self, recipe: EnsembleRecipe, changes: Changes, seed: int, members: Sequence["Request"]
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
        return make_ensemble(folder, [load_run(self.folder / m.name) for m in members], facts)

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
class Request:
    """A run that is asked for: a recipe, what is changed in it, and a seed."""

    recipe: str
    changes: Changes
    seed: int

    @property
    def name(self) -> str:
        return run_name(self.recipe, self.changes, self.seed)

    def settings(self) -> dict[str, Any]:
        return change(find_recipe(self.recipe), self.changes).settings()


def requests(name: str, changes: Changes, seed: int) -> list[Request]:
    """A recipe's run, or those of a committee's members."""
    committee = ensembles().get(name)
    if committee is None:
        return [Request(name, changes, seed)]
    return [Request(committee.member, changes, seed + place) for place in range(committee.size)]


def _train(data: Path, settings: Settings, runs: Path, request: Request) -> None:
    """Makes one run, perhaps in a process of its own, which maps the same data into memory."""
    competition = Competition.load(data, **asdict(settings))
    recipe = change(find_recipe(request.recipe), request.changes)
    train(Plan(competition, competition.split(), recipe, request.seed), runs / request.name)


def train_all(
    competition: Competition,
    folder: Path,
    names: Sequence[str],
    changes: Mapping[str, Sequence[str]],
    seeds: Sequence[int] = (0,),
    fresh: bool = False,
) -> list[Run]:
    """Trains recipes and ensembles by name on the competition's split; reuses finished runs.

    Args:
        folder: the competition's runs.
        changes: recipe settings as text, see `change`; of several values, each is trained.
        seeds: each is trained.
        fresh: train again what is finished.

    Raises:
        PipelineError: a recipe or setting is unknown, two runs would have one name, or the folder
            holds runs of other data.
    """
    sweep = [
        dict(zip(changes, values, strict=True)) for values in itertools.product(*changes.values())
    ]
    names = list(dict.fromkeys(names))
    asked = list(itertools.product(names, sweep, seeds))
    wanted = {run_name(*some) for some in asked}
    wanted |= _names([request for some in asked for request in requests(*some)])
    split = competition.split()
    others = [run for run in list_runs(folder) if not (fresh and run.name in wanted)]
    check_mixed(others, (competition.fingerprint, split.fingerprint))
    for note in split.notes:
        click.echo(f"Note: {note}.", err=True)
    session = Session(competition, folder, fresh)
    return [run for name in names for run in session.runs(name, sweep, seeds)]


def _names(asked: Sequence[Request]) -> set[str]:
    """The runs' names: every mistake in what is asked for is found here, before the first epoch."""
    found: dict[str, dict[str, Any]] = {}
    for request in asked:
        settings = request.settings()
        if found.setdefault(request.name, settings) != settings:
            raise PipelineError(
                f"Two runs of other settings would be called {request.name}, as files are known "
                "there by their last part alone. Rename one of the files."
            )
    return set(found)


def run_name(recipe: str, changes: Changes, seed: int) -> str:
    """The run's folder: the recipe, and what differs from it."""
    short = {name: Path(text).stem if "/" in text else text for name, text in changes.items()}
    parts = [f"{name}={text}" for name, text in sorted(short.items())]
    return "-".join([recipe, *parts, *([f"seed={seed}"] if seed else [])])
