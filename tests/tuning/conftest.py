"""A tuning that the tests look at. Tests that continue it do so on a copy."""

from pathlib import Path

import pandas as pd
import pytest

import pipeline as pp

Tuned = tuple[Path, pp.Run, pd.DataFrame]


@pytest.fixture(scope="session")
def tuned(tiny: pp.Competition, tmp_path_factory: pytest.TempPathFactory) -> Tuned:
    """The folder of runs, the run of the best, the trials."""
    runs = tmp_path_factory.mktemp("runs")
    run = pp.tune(tiny, "dense", trials=7, epochs=3, runs=runs, engine="inline", progress=False)
    return runs, run, pp.trials(tiny, "dense", epochs=3, runs=runs)
