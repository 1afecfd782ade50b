"""A run.json that somebody changed, with a correct checksum, is refused or shown: never a crash."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from written_runs import predicting

import pipeline as pp
from pipeline.checksums import sha256
from pipeline.errors import PipelineError

SETTINGS = {
    "early_stopping": 3, "plateau.monitor": "val_loss", "plateau.patience": 2, "tta_views": 1,
    "tta_angles": 1, "epochs": 5,
}  # fmt: skip
VALUES = [
    None, True, -1, 0, 10**30, 2**62, 1e308, "", "x" * 10_000, "\x1b[2J", "../../x", [], {},
    [1] * 999,
]  # fmt: skip


def paths(part: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield before
    items = part.items() if isinstance(part, dict) else enumerate(part[:2])
    for name, value in items:
        yield from (
            paths(value, (*before, name)) if isinstance(value, dict | list) else [(*before, name)]
        )


def put(part: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = part.copy()
    changed[path[0]] = put(part[path[0]], path[1:], value)
    return changed


class Changed:
    """A run, of which one part of the record is changed."""

    def __init__(self, runs: Path) -> None:
        random = np.random.default_rng(0)
        labels = np.repeat([0, 1], 20)
        self.runs, self.folder = runs, runs / "digits" / "one"
        predicting(self.folder, labels, np.where(random.random(40) < 0.9, labels, 1 - labels))
        self.record = json.loads((self.folder / "run.json").read_text())
        self.record["identity"]["settings"] |= SETTINGS
        self.record["training"] = {"epochs": 5, "best_epoch": 4, "image_shape": [8, 8, 1]}

    def leaderboard(self, path: tuple[Any, ...], value: Any) -> Any:
        """The leaderboard with this value in the record."""
        (self.folder / "run.json").write_text(json.dumps(put(self.record, path, value)))
        sums = self.folder / "SHA256SUMS"
        lines = [line for line in sums.read_text().splitlines() if not line.endswith("run.json")]
        lines.append(f"{sha256(self.folder / 'run.json')}  run.json")
        sums.write_text("\n".join(lines) + "\n")
        return pp.leaderboard("digits", runs=self.runs)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Changed:
    return Changed(tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize("name", ["early_stopping", "plateau.patience", "plateau.monitor"])
@pytest.mark.parametrize("value", [[], {}, -1, 10**30])
def test_a_setting_of_another_type_is_refused(changed: Changed, name: str, value: Any) -> None:
    path = ("identity", "settings", name)
    assert len(changed.leaderboard(path, SETTINGS[name])) == 1
    with pytest.raises(PipelineError, match=r"run.json cannot be read"):
        changed.leaderboard(path, value)


@pytest.mark.parametrize("name", ["epochs", "best_epoch"])
def test_a_number_that_no_training_has_is_refused(changed: Changed, name: str) -> None:
    with pytest.raises(PipelineError, match=r"run.json cannot be read"):
        changed.leaderboard(("training", name), 10**30)


@pytest.mark.faults
def test_every_value_in_every_place_is_refused_or_shown(changed: Changed) -> None:
    refused = 0
    for path in paths(changed.record):
        for value in VALUES:
            try:
                changed.leaderboard(path, value)
            except PipelineError:
                refused += 1
    assert refused > 300
