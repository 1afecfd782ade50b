"""`pipeline draw`: a real server, and requests as a browser and others send them."""

import base64
import html
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from drawing_client import Client
from finished_runs import finish

import pipeline as pp
from pipeline.drawing.strokes import Drawing
from pipeline.drawing.worker import Worker

L = [(0.3, 0.2), (0.3, 0.8), (0.7, 0.8)]


def pixels(picture: dict[str, Any]) -> np.ndarray:
    """(height, width, channels) of 0..255."""
    shape = (picture["height"], picture["width"], picture["channels"])
    return np.frombuffer(base64.b64decode(picture["levels"]), np.uint8).reshape(shape)


def test_the_probabilities_are_those_of_the_pixels_that_the_page_shows(client, drawn) -> None:
    answer = client.ask(L)
    seen = pixels(answer["seen"])
    assert seen.shape == drawn.competition.schema.shape
    (expected,) = drawn.single.predict(seen[None])
    np.testing.assert_allclose(answer["probabilities"], expected, rtol=1e-5)
    assert answer["between"] == np.argsort(-expected, kind="stable")[:2].tolist()


def test_an_ensemble_answers_with_the_mean_of_its_members(drawn) -> None:
    with pp.draw(drawn.competition, drawn.ensemble.name, runs=drawn.runs) as server:
        answer = Client(server.url).ask(L)
    expected = drawn.ensemble.predict(pixels(answer["seen"])[None])[0]
    np.testing.assert_allclose(answer["probabilities"], expected, rtol=1e-5)
    assert pixels(answer["saliency"]).max() > 0


def test_the_neighbours_are_training_images_with_their_labels(client, drawn) -> None:
    competition = drawn.competition
    answer = client.ask(L)
    while not answer["complete"]:
        answer = client.ask(L)
    assert answer["compared"] == len(competition.labels)
    assert len({each["row"] for each in answer["neighbours"]}) == 8
    for each in answer["neighbours"]:
        image = competition.train_pixels[each["row"]].reshape(competition.schema.shape)
        np.testing.assert_array_equal(pixels(each["picture"]), image)
        assert each["label"] == competition.labels[each["row"]]


def test_where_and_how_large_one_draws_does_not_matter(client) -> None:
    small = [(0.5 + x / 3, 0.1 + y / 3) for x, y in L]
    large, moved = (pixels(client.ask(stroke)["seen"]).astype(int) for stroke in (L, small))
    assert np.abs(large - moved).max() <= 2
    assert large.max() == 255


@pytest.mark.parametrize("strokes", [[[(0.5, 0.5)]], [[(0, 0), (1, 1)], [(1, 0), (0, 1)]]])
def test_dots_and_drawings_up_to_the_edge_are_answered(strokes, client) -> None:
    answer = client.ask(*strokes)
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert pixels(answer["seen"]).max() > 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"strokes": []}',
        b'{"strokes": [[]]}',
        b'{"strokes": [[[0.5]]]}',
        b'{"strokes": [[[0.5, 1.5]]]}',
        b'{"strokes": [[[0.5, NaN]]]}',
        b'{"strokes": [[["0.5", 0.5]]]}',
        b'{"strokes": ' + b"[" * 100_000,
        b"\xff",
    ],
    ids=lambda body: repr(body[:30]),
)
def test_what_is_not_a_drawing_is_refused(body: bytes, client) -> None:
    status, reply = client.post(body)
    assert status == 400
    assert reply["error"].startswith("not a drawing")
    client.ask(L)


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ({"Host": "evil.example"}, 403, "another host"),
        ({"Host": "127.0.0.1:1"}, 403, "another host"),
        ({"Origin": "http://evil.example"}, 403, "another page"),
        ({"Origin": "null"}, 403, "another page"),
        ({"Content_Type": "text/plain"}, 415, "application/json"),
    ],
    ids=str,
)
def test_requests_from_elsewhere_are_refused(headers, status, said, client) -> None:
    found, reply = client.post(b"{}", **headers)
    assert (found, said in reply["error"]) == (status, True)


def test_a_page_of_another_host_gets_nothing(client) -> None:
    path = urlsplit(client.url).path
    assert client.send("GET", path)[0] == 200
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        assert client.send("GET", path, **headers)[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/wrong/",
        "/wrong/answer",
        "{token}",
        "{token}/x",
        "{token}/../",
        "{token}//",
        "/%C3%A9/",
    ],
)
def test_only_the_page_is_served_and_only_with_the_token(path: str, client) -> None:
    token = urlsplit(client.url).path.rstrip("/")
    path = path.format(token=token)
    kind = {"Content_Type": "application/json"}
    assert client.send("GET", path)[0] == 404
    assert client.send("POST", path, b"{}", **kind)[0] == 404


def test_other_methods_are_refused(client) -> None:
    for method in ("PUT", "OPTIONS", "HEAD"):
        assert client.send(method, urlsplit(client.url).path)[0] == 501


@pytest.mark.parametrize(
    ("size", "status"), [(1 << 20, 413), (1 << 40, 413), (-1, 411), ("x", 411), ("9" * 30, 411)]
)
def test_the_size_of_a_request_is_limited(size, status: int, client) -> None:
    body = b"x" * min(1 << 20, size if isinstance(size, int) and size > 0 else 0)
    path = urlsplit(client.url).path + "answer"
    with socket.create_connection(client.host.split(":"), timeout=60) as raw:
        head = f"POST {path} HTTP/1.1\r\nHost: {client.host}\r\nContent-Length: {size}\r\n\r\n"
        raw.sendall(head.encode() + body)
        raw.shutdown(socket.SHUT_WR)
        assert raw.makefile("rb").readline().split()[1] == str(status).encode()
    client.ask(L)


def test_the_server_listens_on_this_computer_alone(client) -> None:
    port = int(client.host.split(":")[1])
    assert client.host.startswith("127.0.0.1:")
    with socket.socket() as other, pytest.raises(OSError, match=r"refused|assign"):
        other.connect(("127.0.0.2", port))


def test_the_page_is_whole_and_names_are_escaped(client) -> None:
    _, headers, content = client.send("GET", urlsplit(client.url).path)
    page = content.decode()
    assert "&lt;script&gt;boom()&lt;/script&gt;" in page
    assert "<script>boom()" not in page
    assert not any(word in page for word in ("http://", "https://", "src="))
    assert "connect-src 'self';" in html.unescape(page)
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Frame-Options"] == "DENY"


def test_a_newer_drawing_takes_the_place_of_one_that_waits() -> None:
    class Slow:
        """Reads when it is told to."""

        def __init__(self) -> None:
            self.started, self.go_on = threading.Event(), threading.Event()
            self.neighbours, self.complete = self, True

        def extend(self) -> None:
            """There is nothing to compare."""

        def read(self, drawing: Drawing) -> int:
            self.started.set()
            assert self.go_on.wait(60)
            if len(drawing.strokes) == 3:
                raise MemoryError
            return len(drawing.strokes)

    reader = Slow()
    worker = Worker(reader)  # type: ignore[arg-type]
    worker.start()
    first = worker.ask(Drawing([L]))
    assert reader.started.wait(60)
    second, third = worker.ask(Drawing([L] * 2)), worker.ask(Drawing([L] * 4))
    assert second.result(60) is None
    reader.go_on.set()
    assert (first.result(60), third.result(60)) == (1, 4)
    with pytest.raises(MemoryError):
        worker.ask(Drawing([L] * 3)).result(60)
    assert worker.ask(Drawing([L] * 5)).result(60) == 5
    worker.stop()
    assert not worker.is_alive()
    assert worker.ask(Drawing([L])).result(60) is None


def test_runs_without_a_model_are_refused_or_passed_over(drawn, tmp_path: Path) -> None:
    competition = drawn.competition
    runs = tmp_path / competition.name
    finish(competition, runs / "empty", 9, draw=0)
    finish(competition, runs / "both", 9, draw=0, members=["empty"])
    for name in ("empty", "both"):
        with pytest.raises(pp.PipelineError) as error:
            pp.draw(competition, name, runs=tmp_path)
        assert error.value.exit_code == 2
    skipped: list[pp.PipelineError] = []
    with pytest.raises(pp.PipelineError, match="no run has a model"):
        pp.draw(competition, runs=tmp_path, on_damage=skipped.append)
    assert len(skipped) == 2
    (runs / "dense").symlink_to(drawn.single.folder)
    with pp.draw(competition, runs=tmp_path) as server:
        assert server.run.name == "dense"


def test_runs_of_other_data_are_refused(drawn, folder) -> None:
    folder.fill()
    with pytest.raises(pp.PipelineError, match="different data"):
        pp.draw(folder.load(), drawn.single)


def test_the_command_serves_until_ctrl_c(drawn, tmp_path: Path) -> None:
    words = ["draw", str(drawn.competition.folder), "--run", drawn.single.name]
    words += ["--runs", str(drawn.runs)]
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{opened}"\n')
    browser.chmod(0o755)
    command = [sys.executable, "-m", "pipeline", *words]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"BROWSER": str(browser)}, cwd=Path(pp.__file__).parent.parent,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored behind `&`
    )  # fmt: skip
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url, process.communicate()
    client = Client(url)
    assert len(client.ask(L)["probabilities"]) == 3
    port = int(client.host.split(":")[1])
    with pytest.raises(pp.PipelineError, match="in use") as error:
        pp.draw(drawn.competition, drawn.single, port=port)
    assert error.value.where == "--port"
    process.send_signal(signal.SIGINT)
    try:
        rest, progress = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, rest) == (0, "")
    assert progress.splitlines()[-1] == "Ended."
    assert opened.read_text().strip() == client.url
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        other.connect(("127.0.0.1", port))
