"""SIGKILL at every write point of a submission: it is sent once, and the ledger is right.

The server and the package are as in tests/submission/test_kaggle.py.
"""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from finished_runs import finish
from write_points import Fault, Outcome, every, run_pipeline

import pipeline as pp
from pipeline.competition.competition import Competition
from pipeline.submission.ledger import read_entries

sys.path.append(str(Path(__file__).parents[1] / "submission"))
from kaggle_server import TOKEN, Server, serving

pytestmark = pytest.mark.faults


def test_a_submission_to_kaggle_that_is_killed_anywhere_is_sent_once(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("kagglesdk", reason="the package kaggle is not installed")
    monkeypatch.chdir(tmp_path)
    points = _send(tiny_folder, tmp_path / "whole", None)
    assert len(points) > 10
    for number in every(points):
        _send(tiny_folder, tmp_path / str(number), Fault(number))


def test_a_submission_to_a_hosted_competition_that_is_killed_anywhere_counts_once(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    competition = pp.load(tiny_folder)
    points = _participate(competition, tmp_path / "whole", None)
    assert len(points) > 6
    for number in every(points):
        _participate(competition, tmp_path / str(number), Fault(number))


def _participate(competition: Competition, place: Path, fault: Fault | None) -> tuple[str, ...]:
    """Has a submission scored, once more after a kill; returns the write points."""
    participants = pp.host(competition, output=place / "ours", hidden=0.5, public=0.5, seed=0)
    ids = (participants / "test.csv").read_text().splitlines()[1:]
    rows = "".join(f"{line.split(',')[0]},0\n" for line in ids)
    (place / "x.csv").write_text(f"Id,Category\n{rows}")
    words = ["submit", participants, "--file", "x.csv", "--local", "ours", "--team", "us"]
    change = f"import os; os.chdir({str(place)!r})"

    def run(fault: Fault | None) -> Outcome:
        return run_pipeline(*words, under=place, fault=fault, before=change)

    outcome = run(fault)
    if fault:
        assert outcome.status == -9
        outcome = run(None)
        assert outcome.status == 0 or "the same file was sent" in outcome.stderr
    assert pp.hosted_leaderboard(place / "ours")["submissions"].tolist() == [1]
    entries = read_entries(place / "submissions" / "ours-hosted" / "ledger.json")
    scored = [entry.public for entry in entries if entry.status == "complete"]
    assert scored == pp.hosted_leaderboard(place / "ours")["public_score"].tolist()
    assert {entry.status for entry in entries} <= {"complete", "not received"}
    return outcome.points


def _send(tiny_folder: Path, place: Path, fault: Fault | None) -> tuple[str, ...]:
    """Sends a submission, once more after a kill; returns the write points."""
    folder = Path(shutil.copytree(tiny_folder, place / "data" / "tiny"))
    sample = "".join(f"{row},0\n" for row in range(12))
    (folder / "sample_submission.csv").write_text(f"Id,Category\n{sample}")
    competition = pp.load(folder)
    test = np.eye(3, dtype=np.float32)[np.arange(12) % 3]
    finish(competition, place / "runs" / "tiny" / "one", 3.0, draw=1, test=test)
    labels = {str(row): str(row % 3) for row in range(12)}
    with serving(Server(labels)) as server:
        run = _command(place, server)
        outcome = run(fault)
        if fault:
            assert outcome.status == -9
            outcome = run(None)
            if outcome.status == 2:  # the first command was killed when all was done
                assert "the same file was sent" in outcome.stderr
        assert len(server.submissions) == 1, outcome.stderr
    entries = read_entries(place / "submissions" / "tiny" / "ledger.json")
    assert [entry.public for entry in entries if entry.status == "complete"] == [1.0]
    assert {entry.status for entry in entries} <= {"complete", "not received"}
    return outcome.points


def _command(place: Path, server: Server) -> Callable[[Fault | None], Outcome]:
    address = (
        "import os, kagglesdk.kaggle_env as places\n"
        f"os.chdir({str(place)!r})\n"
        f"places._env_to_endpoint[places.KaggleEnv.LOCAL] = {server.url!r}\n"
    )
    words = ["submit", "data/tiny", "--kaggle", "tiny-digits", "-m", "a try", "--yes"]

    def run(fault: Fault | None) -> Outcome:
        return run_pipeline(
            *words,
            under=place / "submissions",
            fault=fault,
            before=address,
            KAGGLE_API_ENVIRONMENT="LOCALHOST",
            KAGGLE_API_TOKEN=TOKEN,
            HOME=place,
            no_proxy="127.0.0.1",
        )

    return run
