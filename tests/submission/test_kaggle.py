"""The loop with Kaggle, through its own package, against a server that speaks its protocol."""

import io
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from finished_runs import finish
from kaggle_server import TOKEN, Server, serving

import pipeline as pp
from pipeline.cli import main
from pipeline.competition.competition import Competition
from pipeline.submission.ledger import change_entry

pytest.importorskip("kagglesdk", reason="the package kaggle is not installed")
Invoke = Callable[..., Result]
LEDGER = Path("submissions/tiny/ledger.json")
LONG_AGO = "2026-01-01T00:00:00+00:00"


@pytest.fixture(scope="module", autouse=True)
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The package with its own setting for a server on this machine.

    It reads these variables when it is imported. With VERBOSE it prints every request, with the
    token.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
        patch.setenv("VERBOSE", "1")
        patch.setenv("no_proxy", "127.0.0.1")
        from kaggle.api.kaggle_api_extended import KaggleApi

        assert KaggleApi.args == ["--local", "--verbose"]
        yield


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    import kagglesdk.kaggle_env as places

    with serving(Server({str(row): str(row % 3) for row in range(12)})) as server:
        # The setting means port 80, which only root may use. The package has none for the port.
        monkeypatch.setitem(places._env_to_endpoint, places.KaggleEnv.LOCAL, server.url)
        yield server


@pytest.fixture
def home(tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with data/tiny, and a home with a token."""
    shutil.copytree(tiny_folder, tmp_path / "data" / "tiny")
    sample = "".join(f"{row},0\n" for row in range(12))
    (tmp_path / "data/tiny/sample_submission.csv").write_text(f"Id,Category\n{sample}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    token = tmp_path / ".kaggle" / "access_token"
    token.parent.mkdir()
    token.write_text(TOKEN)
    token.chmod(0o600)
    return tmp_path


@pytest.fixture
def tiny_competition(home: Path) -> Competition:
    return pp.load("data/tiny")


@pytest.fixture
def run(tiny_competition: Competition) -> Callable[[str, float, int], None]:
    """Makes a run of that skill, of whose test rows so many are predicted correctly."""

    def make(name: str, skill: float, correct: int) -> None:
        predicted = np.arange(12) % 3
        predicted[correct:] = (predicted[correct:] + 1) % 3
        test = np.eye(3, dtype=np.float32)[predicted]
        finish(tiny_competition, Path("runs/tiny") / name, skill, draw=1, test=test)

    return make


@pytest.fixture
def invoke(home: Path) -> Iterator[Invoke]:
    """Runs a command; afterwards no output and no file has the token or a signature."""
    outputs = []

    def command(*words: str, status: int = 0) -> Result:
        result = CliRunner().invoke(main, ["--debug", *words])
        outputs.append(result.output)
        assert result.exit_code == status, result.output
        return result

    yield command
    (home / ".kaggle" / "access_token").unlink()
    content = [path.read_bytes().decode(errors="replace") for path in home.rglob("*")
               if path.is_file()]  # fmt: skip
    for text in (*outputs, *content):
        assert TOKEN not in text
        assert "s3cret" not in text


@pytest.fixture
def submit(invoke: Invoke, run: Callable[..., None]) -> Invoke:
    run("one", 3.0, 10)

    def command(*words: str, status: int = 0) -> Result:
        return invoke("submit", "data/tiny", "--kaggle", "tiny-digits", "-m", "a try",
                      *(words or ("--yes",)), status=status)  # fmt: skip

    return command


def ledger() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(LEDGER.read_text())["entries"]
    return entries


def zipped(*names: str, content: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return buffer.getvalue()


def test_without_a_sample_the_format_is_not_sent_without_a_question(
    server: Server, submit: Invoke
) -> None:
    Path("data/tiny/sample_submission.csv").unlink()
    result = submit("--yes", status=2)
    assert "there is no sample submission, so Id,Category is assumed" in result.stderr
    assert not server.submissions


def test_a_competition_is_fetched_once(server: Server, invoke: Invoke, tiny_folder: Path) -> None:
    files = {name: (tiny_folder / f"{name}.csv").read_bytes() for name in ("train", "test")}
    server.pack(train_csv=files["train"], test_csv=files["test"])
    result = invoke("fetch", "https://www.kaggle.com/competitions/tiny-digits/data")
    folder = Path(result.stdout.splitlines()[-1])
    assert folder == Path("data/tiny-digits")
    assert (folder / "train.csv").read_bytes() == files["train"]
    assert len(pp.load(folder).labels) == 60
    before = list(server.asked)
    invoke("fetch", "tiny-digits")
    assert server.asked == before
    (folder / "competition.toml").write_text('label = "last"\n')
    (folder / "test.csv").write_text("changed")
    error = invoke("fetch", "tiny-digits", status=2).stderr
    assert "files that were not fetched, or were changed since" in error
    assert (folder / "test.csv").read_text() == "changed"
    invoke("fetch", "tiny-digits", "--force")
    assert (folder / "test.csv").read_bytes() == files["test"]
    assert (folder / "competition.toml").exists()
    error = invoke("fetch", "other-digits", "--output", folder, status=2).stderr
    assert "the folder has the files of the competition tiny-digits" in error


def test_a_forced_fetch_keeps_all_other_files(
    server: Server, invoke: Invoke, tiny_folder: Path
) -> None:
    server.pack(train_csv=b"1,2\n")
    folder = Path("disk")
    for name in ("runs/a/dense/SHA256SUMS", "notes.txt", "empty/.keep"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "empty/.keep").unlink()
    for name, target in (("file", "notes.txt"), ("folder", "runs"), ("dangling", "nowhere")):
        (folder / name).symlink_to(target)
    link = Path("data/linked")
    link.symlink_to(folder.absolute())
    for _ in range(2):
        invoke("fetch", "tiny-digits", "--force", "--output", link)
        assert link.is_symlink()
        assert {path.relative_to(folder).as_posix() for path in folder.rglob("*")} == {
            *("runs", "runs/a", "runs/a/dense", "runs/a/dense/SHA256SUMS", "notes.txt", "empty"),
            *("file", "folder", "dangling", "train.csv", "kaggle.txt", "SHA256SUMS"),
        }
        assert (folder / "dangling").readlink() == Path("nowhere")
        assert (folder / "file").readlink() == Path("notes.txt")
        assert (folder / "runs/a/dense/SHA256SUMS").read_text() == "runs/a/dense/SHA256SUMS"
    assert sorted(path.name for path in Path().glob(".disk*")) == []


@pytest.mark.parametrize(
    ("archive", "said"),
    [
        (zipped("../x.csv"), "is not a valid file name"),
        (zipped("/x.csv"), "is not a valid file name"),
        (zipped("x\n.csv"), "is not a valid file name"),
        (zipped("a.csv", "b.csv", content=bytes(40 << 20)), "unpacks to more than 200 times"),
        (zipped("x.csv", content=b"0123456789")[:-30], "damaged or cut short"),
    ],
    ids=["outside", "absolute", "line end", "bomb", "damaged"],
)
def test_a_hostile_archive_is_refused_and_nothing_is_left(
    archive: bytes, said: str, server: Server, invoke: Invoke, home: Path
) -> None:
    server.archive = archive
    assert said in invoke("fetch", "tiny-digits", status=2).stderr
    assert {path.name for path in (home / "data").iterdir()} == {"tiny", ".locks"}
    assert not list(home.glob("x*"))


def test_a_submission_is_sent_once_and_scored(server: Server, submit: Invoke) -> None:
    server.polls = 1
    result = submit("--yes", "--run", "one")
    assert result.stdout.splitlines()[-1] == "Public score: 1.00000"
    assert "Submissions to tiny-digits: 0 used today, 5 left until 0:00 UTC." in result.stderr
    assert "Kaggle has it, as submission 1001" in result.stderr
    sent = server.submissions[0]
    assert sent["content"] == Path("submissions/tiny/one.csv").read_bytes()
    assert (sent["fileName"], sent["description"]) == ("one.csv", "a try")
    (entry,) = ledger()
    assert entry["own"]["value"] == pp.best_run("data/tiny").scores.accuracy
    assert (entry["status"], entry["public"], entry["private"]) == ("complete", 1.0, None)
    error = submit(status=2).stderr
    assert "the same file was sent on" in error
    assert "--again" in error
    assert len(server.submissions) == 1
    submit("--yes", "--again")
    assert len(server.submissions) == len(ledger()) == 2


def test_without_a_terminal_it_must_be_told_to_send(server: Server, submit: Invoke) -> None:
    assert "Add --yes" in submit("--run", "one", status=2).stderr
    assert server.asked == []


@pytest.mark.parametrize(("typed", "status", "sent"), [("y\n", 0, 1), ("n\n", 1, 0)])
def test_at_a_terminal_it_asks(
    typed: str, status: int, sent: int, server: Server, home: Path, run: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    run("one", 3.0, 10)
    keyboard, terminal = os.openpty()
    os.write(keyboard, typed.encode())
    words = ["submit", "data/tiny", "--kaggle", "tiny-digits", "-m", "a try"]
    with open(terminal) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(SystemExit) as end:
            main(words)
    os.close(keyboard)
    assert (end.value.code, len(server.submissions)) == (status, sent)
    assert "5 left until 0:00 UTC.\nSend it?" in capsys.readouterr().err
    assert LEDGER.exists() == bool(sent)


@pytest.mark.parametrize(
    ("method", "status", "exit_status", "said", "recorded"),
    [
        ("CreateSubmission", 400, 2, "Kaggle refuses it: the server says so (400)", True),
        ("IntrospectToken", 401, 2, "Make a token at", False),
        ("ListSubmissions", 403, 2, "https://www.kaggle.com/competitions/tiny-digits/rules", False),
        ("CreateSubmission", 429, 1, "Try again in a few minutes", True),
        ("PUT", 400, 1, "the upload failed", True),
        ("StartSubmissionUpload", 403, 2, "Accept the rules", True),
    ],
)  # fmt: skip
def test_a_refusal_is_one_plain_message(
    method: str, status: int, exit_status: int, said: str, recorded: bool,
    server: Server, submit: Invoke,
) -> None:  # fmt: skip
    server.refuse = {method: (status, "the server says so")}
    error = submit(status=exit_status).stderr
    assert said in error
    assert sum(line.startswith("Error: ") for line in error.splitlines()) == 1
    assert server.submissions == []
    assert [one["status"] for one in ledger()] == ["not received"] if recorded else True
    assert LEDGER.exists() == recorded
    server.refuse = {}
    submit()
    assert len(server.submissions) == 1


def test_a_misspelt_slug_is_corrected(server: Server, invoke: Invoke) -> None:
    error = invoke("fetch", "tiny-digit", status=2).stderr
    assert "Kaggle has no such competition. Did you mean 'tiny-digits'?" in error


def test_a_text_of_the_server_that_repeats_the_token_is_not_shown(
    server: Server, invoke: Invoke
) -> None:
    server.refuse = {"DownloadDataFiles": (403, f"\x1b[31mwrong: {TOKEN}")}
    assert "\\x1b[31mwrong: ... (403)" in invoke("fetch", "tiny-digits", status=2).stderr


def test_an_empty_quota_is_said_before_anything_is_sent(server: Server, submit: Invoke) -> None:
    server.left = 0  # as Kaggle says before the first submission
    assert "none used so far; Kaggle tells the limit after" in submit().stderr
    server.left = 0
    error = submit("--yes", "--again", status=2).stderr
    assert "no submission is left today (1 used today, 0 left until 0:00 UTC)" in error
    assert server.asked.count("StartSubmissionUpload") == 1


def test_a_file_that_cannot_be_scored_is_said_and_recorded(server: Server, submit: Invoke) -> None:
    server.error = "Evaluation Exception"
    error = submit(status=1).stderr
    assert "Kaggle could not score it: Evaluation Exception" in error
    assert [(one["status"], one["error"]) for one in ledger()] == [("error", server.error)]


def test_a_late_score_is_fetched_later(server: Server, submit: Invoke, invoke: Invoke) -> None:
    server.polls = 2
    error = submit("--yes", "--wait", "0.5", status=1).stderr
    assert "no score after 0.5 seconds; Kaggle has the file, as 1001" in error
    assert ledger()[0]["status"] == "pending"
    for _ in range(2):
        shown = invoke("submissions", "data/tiny").stdout
    assert "complete" in shown
    assert ledger()[0]["public"] == 1.0


@pytest.mark.parametrize("misbehave", [
    lambda server: server.cut.add("CreateSubmission"),
    lambda server: server.lose.add("CreateSubmission"),
    lambda server: server.refuse.update(CreateSubmission=(502, "Bad gateway")),
], ids=["answer lost", "request lost", "server failed"])  # fmt: skip
def test_after_a_cut_connection_nothing_is_sent_twice(
    misbehave: Callable[[Server], object], server: Server, submit: Invoke, invoke: Invoke
) -> None:
    submit("--yes", "--message", "an earlier one")
    misbehave(server)
    error = submit("--yes", "--again", status=1).stderr
    assert "it is not known whether the file arrived" in error
    assert [one["status"] for one in ledger()] == ["complete", "unknown"]
    server.cut, server.lose, server.refuse = set(), set(), {}
    change_entry(LEDGER, 1, asked=LONG_AGO)  # Kaggle lists by now what it has received
    arrived = len(server.submissions) == 2
    assert submit("--yes", "--again").stdout.splitlines()[-1] == "Public score: 1.00000"
    assert len(server.submissions) == 2
    expected = ["complete"] * 2 if arrived else ["complete", "not received", "complete"]
    assert [one["status"] for one in ledger()] == expected
    refs = [one["ref"] for one in ledger() if one["status"] == "complete"]
    assert refs == [1001, 1002]


def test_an_older_submission_is_not_taken_for_one_that_was_lost(
    server: Server, submit: Invoke
) -> None:
    """It was sent from elsewhere, with the same name and text."""
    submit()
    LEDGER.unlink()
    server.lose = {"CreateSubmission"}
    submit(status=1)
    server.lose = set()
    change_entry(LEDGER, 0, asked=LONG_AGO)
    submit()
    assert len(server.submissions) == 2
    assert [one["status"] for one in ledger()] == ["not received", "complete"]


def test_a_server_that_is_silent_is_not_waited_for_without_end(
    server: Server, submit: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.submission.kaggle.PATIENCE", 4.0)
    server.hang = {"CreateSubmission"}
    error = submit(status=1).stderr
    assert "no answer from Kaggle within 4 seconds; it is not known whether" in error
    assert submit().stdout.splitlines()[-1] == "Public score: 1.00000"
    assert len(server.submissions) == 1


def test_the_ledger_compares_own_and_public_scores(
    server: Server, submit: Invoke, invoke: Invoke, run: Callable[..., None]
) -> None:
    run("two", 1.0, 5)
    run("three", -1.0, 2)
    for name in ("one", "two", "three"):
        submit("--yes", "--run", name)
    shown = invoke("submissions", "data/tiny").stdout
    assert "Rank correlation (Spearman) of own accuracy and public score: 1.00, n = 3." in shown
    assert "Submissions: 3 used today, 2 left until 0:00 UTC." in shown
    server.closed = True
    table = json.loads(invoke("submissions", "data/tiny", "--format", "json").stdout)
    assert [row["run"] for row in table] == ["one", "two", "three"]
    assert [row["public_score"] for row in table] == [1.0, 0.83333, 0.33333]
    assert [row["private_score"] for row in table] == [0.66667, 0, 0]
    assert table[0]["metric"] == "accuracy"
    assert table[0]["low"] <= table[0]["score"] <= table[0]["high"]


def test_without_a_connection_the_ledger_shows_what_is_stored(
    server: Server, submit: Invoke, invoke: Invoke
) -> None:
    submit()
    server.lose = {"IntrospectToken"}
    result = invoke("submissions", "data/tiny")
    assert "Not up to date: Kaggle: the connection to Kaggle failed or was cut" in result.stderr
    assert "1.00000" in result.stdout
    asked = list(server.asked)
    assert invoke("submissions", "data/tiny", "--offline").stderr == ""
    assert server.asked == asked


def test_a_token_that_others_can_read_is_refused(
    server: Server, invoke: Invoke, home: Path
) -> None:
    token = home / ".kaggle" / "access_token"
    token.chmod(0o640)
    error = invoke("fetch", "tiny-digits", status=2).stderr
    assert "others can read this file" in error
    assert f"chmod 600 {token}" in error
    assert server.asked == []


def test_without_a_token_or_with_a_wrong_one_it_says_how_to_make_one(
    server: Server, invoke: Invoke, home: Path
) -> None:
    token = home / ".kaggle" / "access_token"
    token.write_text("another")
    assert f"{token}: Kaggle does not accept" in invoke("fetch", "tiny-digits", status=2).stderr
    token.write_text("")
    token.rename(token.with_name("elsewhere"))
    error = invoke("fetch", "tiny-digits", status=2).stderr
    assert "no credentials. Make a token at https://www.kaggle.com/settings/api" in error
    token.write_text(TOKEN)


def test_without_the_package_it_says_what_to_install(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kaggle.api.kaggle_api_extended", None)
    error = invoke("fetch", "tiny-digits", status=2).stderr
    assert "the package kaggle is not installed" in error
    assert "pip install kaggle six" in error


def test_a_changed_ledger_is_refused(server: Server, submit: Invoke) -> None:
    submit()
    LEDGER.write_text(LEDGER.read_text().replace("a try", "another"))
    assert "it was changed or damaged" in submit("--yes", "--again", status=2).stderr
    assert len(server.submissions) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--kaggle", "tiny-digits", "--yes"], "--kaggle without a message"),
        (["--kaggle", "../x", "-m", "a", "--yes"], "is not the name of a competition"),
        (["--kaggle", "a", "--local", "b", "-m", "a"], "both --kaggle and --local"),
        (["--file", "x.csv"], "--file without --kaggle or --local"),
        (["--local", "nowhere"], "not a hosted competition"),
    ],
)
def test_mistakes_are_said_before_anything_is_trained(
    words: list[str], said: str, server: Server, invoke: Invoke
) -> None:
    assert said in invoke("submit", "data/tiny", *words, status=2).stderr
    assert server.submissions == []
    assert not Path("runs").exists()


def test_an_invalid_file_is_not_sent(server: Server, submit: Invoke) -> None:
    Path("mine.csv").write_text("Id,Category\n0,1\n")
    error = submit("--yes", "--file", "mine.csv", status=2).stderr
    assert "11 missing ids" in error
    assert server.submissions == []
