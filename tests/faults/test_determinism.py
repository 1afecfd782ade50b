"""The same command gives the same bytes; what differs on another machine is measured."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from figures import Figures
from write_points import ROOT

from pipeline.runs.run import Run, load_run

SECTION = "Determinism"
SAME = ("model.keras", "history.csv", "validation.npy", "test.npy")
MODELS = {"dense": 20, "conv-10-plateau": 5, "fast": 3}  # with their epochs
OTHERS = {
    "one thread instead of two": {"TF_NUM_INTRAOP_THREADS": "1"},
    "without oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "0"},
    "oneDNN limited to AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
}


def train(model: str, runs: Path, **environment: str) -> Run:
    words = ["train", ROOT / "data/digits", "--model", model, "--epochs", MODELS[model]]
    settings = {"TF_NUM_INTRAOP_THREADS": "2"} | environment
    subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, words), "--runs", str(runs)],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        check=True,
    )
    return load_run(runs / "digits" / f"{model}-epochs={MODELS[model]}")


@pytest.mark.faults
@pytest.mark.parametrize("model", MODELS)
def test_five_runs_have_the_same_bytes(model: str, tmp_path: Path, figures: Figures) -> None:
    first, *others = (train(model, tmp_path / str(number)) for number in range(5))
    for other in others:
        assert all(first.checksums[name] == other.checksums[name] for name in SAME)
    figures.add(SECTION, f"{model}: the same bytes", "5 of 5 runs", 5)


@pytest.mark.faults
@pytest.mark.parametrize("condition", OTHERS)
@pytest.mark.parametrize("model", MODELS)
def test_what_other_conditions_change(
    model: str, condition: str, tmp_path: Path, figures: Figures
) -> None:
    one = train(model, tmp_path / "one")
    other = train(model, tmp_path / "other", **OTHERS[condition])
    before, after = one.test_probabilities, other.test_probabilities
    classes = int((before.argmax(axis=1) != after.argmax(axis=1)).sum())
    difference = float(np.abs(before - after).max())
    same = all(one.checksums[name] == other.checksums[name] for name in SAME)
    result = (
        "the same bytes"
        if same
        else f"{classes} other classes; probabilities differ by at most {difference:.2g}"
    )
    figures.add(SECTION, f"{model}: {condition}", result, len(before))
