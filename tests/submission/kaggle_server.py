"""A server that speaks Kaggle's protocol, and scores submissions on labels that it holds.

The paths and fields are those that the package kaggle 2.2.5 uses: every call is a POST of JSON to
/api/v1/<service>/<Method>; an upload is a PUT to an address that the server gives.
"""

import csv
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMPETITIONS = "competitions.CompetitionApiService"
DATE = "Sun, 29 Nov 2026 12:00:00 GMT"
TOKEN = "KGAT_a-secret-that-nothing-may-show"


@dataclass
class Server:
    """What the server holds, what it was asked, and how it misbehaves.

    Attributes:
        labels: the class of each id; the first half is the public part.
        refuse: by method, the status and the text of a refusal.
        cut: methods after which the connection is closed without an answer; what is asked for is
            done before.
        lose: methods at which the connection is closed before anything is done.
        hang: methods that are answered after `released` is set.
        polls: how often a submission is pending before it is scored.
    """

    labels: dict[str, str] = field(default_factory=dict)
    slug: str = "tiny-digits"
    archive: bytes = b""
    left: int = 5
    refuse: dict[str, tuple[int, str]] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    lose: set[str] = field(default_factory=set)
    hang: set[str] = field(default_factory=set)
    released: threading.Event = field(default_factory=threading.Event)
    polls: int = 0
    error: str = ""
    closed: bool = False
    asked: list[str] = field(default_factory=list)
    submissions: list[dict[str, Any]] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def pack(self, **files: bytes) -> None:
        """The files that it sends as a zip, by name with _ for the dot."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name.replace("_csv", ".csv"), content)
        self.archive = buffer.getvalue()

    def answer(self, method: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status and the JSON of an answer."""
        if method in self.refuse:
            status, text = self.refuse[method]
            return status, {"code": status, "message": text}
        if method == "IntrospectToken":
            return 200, {"active": body["token"] == TOKEN, "username": "me"}
        if body.get("competitionName", self.slug) != self.slug:
            return 404, {"code": 404, "message": "Not found"}
        return 200, getattr(self, f"_{method}")(body)

    def _ListCompetitions(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        found = [self.slug] if body.get("search", "") in self.slug else []
        return {"competitions": [{"ref": f"https://www.kaggle.com/{slug}"} for slug in found]}

    def _GetSubmissionLimits(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        used = len(self.submissions)
        return {"numToday": used, "numTotal": used, "numAllowedNow": self.left}

    def _StartSubmissionUpload(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        token = f"blob-{len(self.names)}"
        self.names[token] = body["fileName"]
        return {"token": token, "createUrl": f"{self.url}/upload/{token}?signature=s3cret"}

    def _CreateSubmission(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        token = body["blobFileTokens"]
        ref = 1001 + len(self.submissions)
        self.left -= 1
        self.submissions.append(
            {
                "ref": ref,
                "date": "2026-11-29T12:00:00.000Z",
                "fileName": self.names[token],
                "description": body.get("submissionDescription", ""),
                "status": "PENDING",
                "polls": self.polls,
                "content": self.blobs[token],
            }
        )
        return {"message": "Successfully submitted", "ref": ref}

    def _ListSubmissions(self, body: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        for one in self.submissions:
            if one["status"] == "PENDING" and one["polls"] <= 0:
                self._score(one)
            one["polls"] -= 1
        hidden = {"polls", "content"} | (set() if self.closed else {"privateScore"})
        return {
            "submissions": [
                {name: value for name, value in one.items() if name not in hidden}
                for one in reversed(self.submissions)
            ]
        }

    def _score(self, one: dict[str, Any]) -> None:
        if self.error:
            one |= {"status": "ERROR", "errorDescription": self.error}
            return
        rows = dict(list(csv.reader(io.StringIO(one["content"].decode())))[1:])
        correct = [rows[id] == label for id, label in self.labels.items()]
        half = len(correct) // 2
        public, private = correct[:half], correct[half:]
        one |= {
            "status": "COMPLETE",
            "publicScore": f"{sum(public) / len(public):.5f}",
            "privateScore": f"{sum(private) / len(private):.5f}",
        }


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """In the block, the server answers on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
            method = self.path.rsplit("/", 1)[-1]
            server.asked.append(method)
            if method in server.lose:
                self.close_connection = True
                return
            known = body.get("competitionName") == server.slug and method not in server.refuse
            if method == "DownloadDataFiles" and known:
                self.send_response(302)
                self.send_header("Location", f"{server.url}/files/archive.zip?signature=s3cret")
                self.end_headers()
                return
            if f"Bearer {TOKEN}" != self.headers["Authorization"] and method != "IntrospectToken":
                status, answer = 401, {"code": 401, "message": "Unauthenticated"}
            else:
                status, answer = server.answer(method, body)
            if method in server.hang:
                server.released.wait(30)
            if method in server.cut or method in server.hang:
                self.close_connection = True
                return
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_PUT(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            server.asked.append("PUT")
            if "PUT" in server.refuse:
                self.send_error(server.refuse["PUT"][0])
                return
            server.blobs[self.path.split("/")[-1].split("?")[0]] = content
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/zip")
            self.send_header("Last-Modified", DATE)
            self.send_header("Content-Length", str(len(server.archive)))
            self.end_headers()
            self.wfile.write(server.archive)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        http.shutdown()
        http.server_close()
        thread.join()
