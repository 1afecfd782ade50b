"""`pipeline host`: a local competition with hidden labels and a leaderboard."""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from finished_runs import finish
from sklearn.metrics import accuracy_score, f1_score, log_loss

import pipeline as pp
from pipeline.cli import main
from pipeline.files import lock
from pipeline.hosting.board import check_received, receive
from pipeline.hosting.hosted import HOSTED, LABELS
from pipeline.submission.ledger import add_entry, new_entry, read_entries
from pipeline.submission.write import write_submission

Invoke = Callable[..., Result]
LEDGER = Path("submissions/ours-hosted/ledger.json")
SPLIT = ["--output", "ours", "--hidden", "0.5", "--public", "0.5", "--seed", "1"]


@pytest.fixture(autouse=True)
def place(folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.path.parent)


@pytest.fixture
def invoke() -> Invoke:
    def command(*words: str, status: int = 0) -> Result:
        result = CliRunner().invoke(main, list(words))
        assert result.exit_code == status, result.output
        return result

    return command


@pytest.fixture
def hosted(folder: Any, invoke: Invoke) -> Path:
    """The folder of a hosted competition of 200 digits, half of them hidden."""
    folder.fill(200, words=True)
    result = invoke("host", str(folder.path), *SPLIT)
    assert result.stdout == "ours/ours-hosted\n"
    assert "pipeline submit ours/ours-hosted --local ours --team NAME" in result.stderr
    return Path("ours")


def solution(hosted: Path) -> list[dict[str, str]]:
    with open(hosted / LABELS, newline="") as file:
        return list(csv.DictReader(file))


def write(hosted: Path, name: str, wrong: Callable[[int, dict[str, str]], bool]) -> Path:
    """A submission that is correct but for some rows."""
    lines = ["Id,Category"]
    for number, row in enumerate(solution(hosted)):
        other = "one" if row["Category"] != "one" else "two"
        lines.append(f"{row['Id']},{other if wrong(number, row) else row['Category']}")
    path = Path(name)
    path.write_text("\n".join(lines) + "\n")
    return path


def submit(invoke: Invoke, hosted: Path, file: Path, team: str, status: int = 0) -> Result:
    return invoke(
        "submit", str(hosted / "ours-hosted"), "--file", str(file), "--local", str(hosted),
        "--team", team, status=status,
    )  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [{}, {"words": True, "header": "names", "label": "first"}, {"scale": "0..1.0"},
     {"planes": True}, {"by_label": True}],
    ids=["integers", "words", "fractions", "colours", "sorted"],
)  # fmt: skip
def test_participants_get_the_same_images_without_the_hidden_labels(
    content: dict[str, Any], folder: Any
) -> None:
    folder.fill(200, **content)
    competition = folder.load()
    participants = pp.host(competition, output="ours", hidden=0.4, public=0.5)
    given, rows = pp.load(participants), solution(Path("ours"))
    assert given.test_labels is None
    assert given.schema.shape == competition.schema.shape
    names = [*(given.classes[k] for k in given.labels), *(row["Category"] for row in rows)]
    images = [*map(bytes, given.train_pixels), *map(bytes, given.test_pixels)]
    known = zip(map(bytes, competition.train_pixels), competition.labels, strict=True)
    expected = Counter((image, competition.classes[label]) for image, label in known)
    assert Counter(zip(images, names, strict=True)) == expected
    usage = Counter(row["Usage"] for row in rows)
    assert all(abs(usage[part] - 40) <= 8 for part in ("Public", "Private"))
    of_class = Counter(row["Category"] for row in rows)
    assert all(abs(count - 8) <= 3 for count in of_class.values())
    order = [row["Category"] for row in rows]
    assert order != sorted(order)
    assert {path.name for path in participants.iterdir()} == {
        "train.csv", "test.csv", "sample_submission.csv", "competition.toml"
    }  # fmt: skip


def test_copies_of_an_image_are_hidden_together(folder: Any) -> None:
    folder.fill(100)
    path = folder.path / "train.csv"
    path.write_text(path.read_text() * 2)
    given = pp.load(pp.host(folder.load(), output="ours", hidden=0.4, public=0.5, seed=1))
    assert not set(map(bytes, given.train_pixels)) & set(map(bytes, given.test_pixels))


def test_a_split_cannot_be_repeated_without_its_seed(folder: Any) -> None:
    folder.fill(100)
    competition = folder.load()
    contents = []
    for name, seed in (("a", None), ("b", None), ("c", 7), ("d", 7)):
        pp.host(competition, output=name, seed=seed)
        contents.append((Path(name) / LABELS).read_bytes())
    assert contents[0] != contents[1]
    assert contents[2] == contents[3]


def test_a_run_is_submitted_as_to_any_competition(hosted: Path, invoke: Invoke) -> None:
    competition = pp.load(hosted / "ours-hosted")
    random = np.random.default_rng(0).dirichlet(np.ones(10), len(competition.test_pixels))
    runs = Path("runs/ours-hosted")
    run = finish(competition, runs / "one", 2.0, draw=1, test=random.astype(np.float32))
    result = invoke("submit", "ours/ours-hosted", "--local", "ours", "--team", "us")
    predicted = run.test_probabilities.argmax(axis=1)
    correct = [
        competition.classes[label] == row["Category"]
        for label, row in zip(predicted, solution(hosted), strict=True)
        if row["Usage"] == "Public"
    ]
    assert result.stdout.splitlines()[-1] == f"Public score: {np.mean(correct):.5f}"
    (entry,) = read_entries(LEDGER)
    assert entry.own is not None
    own = (entry.run, entry.own.value, entry.own.scored_on)
    assert own == (run.name, run.scores.accuracy, "hold-out")


def test_private_scores_are_hidden_until_the_host_closes(hosted: Path, invoke: Invoke) -> None:
    luck = write(hosted, "luck.csv", lambda _, row: row["Usage"] == "Private")
    good = write(hosted, "good.csv", lambda number, _: number % 10 == 0)
    submit(invoke, hosted, luck, "lucky")
    submit(invoke, hosted, good, "good")
    before = pp.hosted_leaderboard(hosted)
    assert before["team"].tolist() == ["lucky", "good"]
    assert before["private_score"].isna().all()
    assert "private" not in (hosted / "hosted.json").read_text().replace('"private": null', "")
    (entry, _) = json.loads(invoke("submissions", "ours/ours-hosted", "--format", "json").stdout)
    assert (entry["public_score"], entry["private_score"]) == (1.0, None)
    shown = invoke("host", "ours", "--close").stdout.splitlines()
    assert shown[1].split()[:4] == ["1", "good", *scores(hosted, lambda n, _: n % 10 == 0)]
    assert shown[2].split()[:4] == ["2", "lucky", "0.00000", "1.00000"]
    error = submit(invoke, hosted, write(hosted, "late.csv", lambda n, _: n == 0), "late", 2).stderr
    assert "the competition was closed on" in error
    assert [entry.file for entry in read_entries(LEDGER)] == ["luck.csv", "good.csv"]
    assert pp.submissions("ours-hosted")["private_score"].tolist()[0] == 0
    assert invoke("host", "ours", "--board").stdout.splitlines() == shown


def truth(metric: str, labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The score by scikit-learn."""
    predicted = probabilities.argmax(axis=1)
    if metric == "log_loss":
        return float(log_loss(labels, probabilities, labels=range(10)))
    if metric == "macro_f1":
        return float(f1_score(labels, predicted, average="macro"))
    return float(accuracy_score(labels, predicted))


@pytest.mark.parametrize(
    ("metric", "sample"),
    [("accuracy", True), ("log_loss", True), ("log_loss", False), ("macro_f1", False)],
    ids=["accuracy of probabilities", "log loss", "log loss without a sample", "macro F1"],
)
def test_teams_are_ranked_by_the_metric_of_the_competition(
    metric: str, sample: bool, folder: Any, invoke: Invoke
) -> None:
    folder.fill(200, words=True)
    folder.write("competition.toml", f'metric = "{metric}"\n')
    if sample:
        names = ",".join(f"p_{name}" for name in folder.load().classes)
        rows = "".join(f"{row}{',0.1' * 10}\n" for row in range(12))
        folder.write("sample_submission.csv", f"image,{names}\n{rows}")
    invoke("host", str(folder.path), *SPLIT)
    competition = pp.load("ours/ours-hosted")
    assert competition.metric.name == metric
    rows = solution(Path("ours"))
    labels = np.array([competition.classes.index(row["Category"]) for row in rows])
    expected: dict[str, dict[str, float]] = {"Public": {}, "Private": {}}
    for team, noise in (("bad", 3.0), ("good", 1.0), ("same", 1.0)):
        random = np.random.default_rng(int(noise))
        given = np.eye(10)[labels] + noise * random.random((len(labels), 10))
        given = (given / given.sum(axis=1, keepdims=True)).astype(np.float32)
        write_submission(competition, given, Path(f"{team}.csv"))
        if team == "same":
            Path("same.csv").write_text(Path("same.csv").read_text() + "\n")
        submit(invoke, Path("ours"), Path(f"{team}.csv"), team)
        for part, scores in expected.items():
            some = np.array([row["Usage"] == part for row in rows])
            scores[team] = truth(metric, labels[some], given[some])
    shown = invoke("host", "ours", "--board").stdout.splitlines()
    better = {"log_loss": "log loss: lower"}.get(metric, f"{competition.metric.title}: higher")
    assert shown[-1] == f"Scored by {better} is better."
    before, after = pp.hosted_leaderboard("ours"), pp.close_hosted("ours")
    assert before["team"].tolist() == ["good", "same", "bad"]
    for table, column, part in (
        (before, "public_score", "Public"), (after, "private_score", "Private")
    ):  # fmt: skip
        assert table["rank"].tolist() == [1, 1, 3]
        found = dict(zip(table["team"], table[column], strict=True))
        assert found == pytest.approx(expected[part], rel=1e-5)
    kept = {entry.team: entry.public for entry in read_entries(LEDGER)}
    assert kept == pytest.approx(expected["Public"], rel=1e-5)


def scores(hosted: Path, wrong: Callable[[int, dict[str, str]], bool]) -> list[str]:
    """The private and the public score."""
    correct: dict[str, list[bool]] = {"Private": [], "Public": []}
    for number, row in enumerate(solution(hosted)):
        correct[row["Usage"]].append(not wrong(number, row))
    return [f"{np.mean(values):.5f}" for values in correct.values()]


def test_the_best_public_submission_of_a_team_counts(hosted: Path, invoke: Invoke) -> None:
    for divisor, team in ((2, "us"), (5, "us"), (3, "us"), (5, "them")):
        name = f"{team}{divisor}.csv"
        file = write(hosted, name, lambda number, _, by=divisor: number % by == 0)
        if team == "them":
            file.write_text(file.read_text() + "\n")  # another file with the same predictions
        submit(invoke, hosted, file, team)
    table = pp.hosted_leaderboard(hosted)
    assert table["rank"].tolist() == [1, 1]
    assert dict(zip(table["team"], table["submissions"], strict=True)) == {"us": 3, "them": 1}


def test_the_same_file_is_not_sent_twice(hosted: Path, invoke: Invoke) -> None:
    file = write(hosted, "x.csv", lambda number, _: number == 0)
    submit(invoke, hosted, file, "us")
    assert "the same file was sent" in submit(invoke, hosted, file, "us", status=2).stderr
    assert pp.hosted_leaderboard(hosted)["submissions"].tolist() == [1]


def test_a_competition_that_is_made_again_does_not_change_earlier_entries(
    hosted: Path, invoke: Invoke, folder: Any
) -> None:
    submit(invoke, hosted, write(hosted, "x.csv", lambda number, _: number % 2 == 0), "us")
    (before,) = read_entries(LEDGER)
    shutil.rmtree(hosted)
    invoke("host", str(folder.path), *SPLIT)
    submit(invoke, hosted, write(hosted, "y.csv", lambda number, _: number == 0), "them")
    first, second = read_entries(LEDGER)
    assert (first, second.ref) == (before, before.ref)
    invoke("submissions", "ours-hosted")
    assert read_entries(LEDGER)[0] == before


def test_the_ledger_tells_teams_apart(hosted: Path, invoke: Invoke) -> None:
    file = write(hosted, "x.csv", lambda number, _: number == 0)
    for team in ("us", "them"):
        submit(invoke, hosted, file, team)
    _, header, *rows = invoke("submissions", "ours-hosted").stdout.splitlines()[:4]
    assert [line.split()[0] for line in (header, *rows)] == ["team", "us", "them"]
    listed = json.loads(invoke("submissions", "ours-hosted", "--format", "json").stdout)
    assert [entry["team"] for entry in listed] == ["us", "them"]
    assert ",team," in invoke("submissions", "ours-hosted", "--format", "csv").stdout


def test_of_two_commands_at_once_one_sends_the_file(hosted: Path) -> None:
    write(hosted, "x.csv", lambda number, _: number == 0)
    words = ["submit", "ours/ours-hosted", "--file", "x.csv", "--local", "ours", "--team", "us"]
    environment = {**os.environ, "PYTHONPATH": str(Path(pp.__file__).parents[1])}

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", *words], env=environment, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip

    def in_ledger(count: int) -> bool:
        return len(read_entries(LEDGER)) >= count

    with lock(hosted / HOSTED, wait=True):  # the board accepts nothing meanwhile
        one = start()
        while not in_ledger(1):
            assert one.poll() is None
            time.sleep(0.05)
        two = start()
        while two.poll() is None and not in_ledger(2):
            time.sleep(0.05)
    errors = [process.communicate()[1] for process in (one, two)]
    assert (one.returncode, two.returncode) == (0, 2), errors
    assert "another process is sending a file" in errors[1]
    assert pp.hosted_leaderboard(hosted)["submissions"].tolist() == [1]


@pytest.mark.parametrize("arrived", [True, False])
def test_after_a_kill_the_board_knows_what_arrived(
    arrived: bool, hosted: Path, invoke: Invoke
) -> None:
    file = write(hosted, "x.csv", lambda number, _: number == 0)
    entry = new_entry(str(hosted.resolve()), False, file, "", None)
    add_entry(LEDGER, replace(entry, team="us"))
    if arrived:
        receive(hosted, check_received(hosted, file, "us"))
    submit(invoke, hosted, file, "us")
    assert pp.hosted_leaderboard(hosted)["submissions"].tolist() == [1]
    statuses = [entry.status for entry in read_entries(LEDGER)]
    assert statuses == ["complete"] if arrived else ["not received", "complete"]


def test_what_cannot_be_right_is_refused(hosted: Path, invoke: Invoke, folder: Any) -> None:
    file = write(hosted, "x.csv", lambda number, _: number == 0)
    assert "the team '\\x1b'" in submit(invoke, hosted, file, "\x1b", status=2).stderr
    labels = (hosted / LABELS).read_text()
    (hosted / LABELS).write_text(labels.replace("Public", "Private"))
    error = submit(invoke, hosted, file, "us", status=2).stderr
    assert "the labels are missing or were changed" in error
    assert not LEDGER.exists()
    again = invoke("host", str(folder.path), "--output", "ours", status=2).stderr
    assert "ours: it exists" in again
    assert "not a hosted competition" in invoke("host", ".", "--close", status=2).stderr
    few = invoke("host", str(folder.path), "--hidden", "0.001", "--output", "few", status=2)
    assert "0 would be hidden" in few.stderr
    assert not Path("few").exists()
    (hosted / LABELS).write_text(labels)
    submit(invoke, hosted, file, "us")
    shutil.rmtree(hosted)
    assert "Not up to date" in invoke("submissions", "ours-hosted").stderr
