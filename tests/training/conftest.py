"""Jobs on a tiny competition."""

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.competition.competition import Competition
from pipeline.recipes import find_recipe
from pipeline.training.job import Job, make_job


@pytest.fixture
def job(tiny: Competition) -> Callable[..., Job]:
    """Makes jobs for recipes on the tiny competition, of three epochs."""

    def make(name: str, seed: int = 0, **changes: Any) -> Job:
        return make_job(find_recipe(name), {"epochs": 3, **changes}, seed, tiny.hold_out)

    return make
