"""Serves the drawing page to this computer alone, and answers its drawings.

Another page in the same browser cannot ask: each address has a random token, and requests from
other pages or for other hosts are refused. Nothing is read from the disk on request.
"""

import hmac
import secrets
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from pipeline.competition.competition import Competition
from pipeline.documents import parse_json
from pipeline.drawing.answer import Reader
from pipeline.drawing.page import drawing_page
from pipeline.drawing.strokes import Drawing
from pipeline.drawing.worker import Worker
from pipeline.errors import PipelineError
from pipeline.runs.models import single_runs
from pipeline.runs.run import Run

HOST = "127.0.0.1"
MAX_BODY = 1 << 18  # bytes; some ten thousand points
MAX_READ = 1 << 24  # bytes of a refused request that are read, so that its sender hears why
TIMEOUT = 30  # seconds that a connection may be silent
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the address has the token
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class DrawingServer:
    """A server that runs until it is closed. Also a context manager, which closes it.

    Attributes:
        url: the address of the page, with the token.
        run: the run that reads the drawings.
    """

    def __init__(self, run: Run, competition: Competition, port: int = 0) -> None:
        """Loads the models, predicts once, and starts to listen.

        Raises:
            PipelineError: the run has no model, or the port is in use.
        """
        self.run = run
        single = single_runs(run)[0]
        self._server = _listen(port)
        try:
            self._worker = Worker(Reader(run, competition))
        except BaseException:
            self._server.server_close()
            raise
        self._server.page = drawing_page(run, single).encode()
        self._server.worker = self._worker
        self._closed = threading.Event()
        self.url = f"http://{HOST}:{self._server.server_port}/{self._server.token}/"
        self._worker.start()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait(self) -> None:
        """Returns when the server is closed."""
        while not self._closed.wait(timeout=1):
            pass  # a signal that comes just before a wait is handled only after it

    def close(self) -> None:
        """Stops listening, and ends the current prediction."""
        self._server.closed = True
        self._server.shutdown()
        self._server.server_close()
        self._worker.stop()
        self._closed.set()

    def __enter__(self) -> "DrawingServer":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    closed = False  # connections from before may still be open
    page: bytes
    worker: Worker

    def __init__(self, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.token = secrets.token_urlsafe(24)
        self.hosts = [f"{name}:{self.server_port}" for name in (HOST, "localhost")]

    def server_bind(self) -> None:
        """Binds without asking a name server for the name of this computer."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Shows an error of the program; that a browser left is none."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT
    server_version, sys_version = "pipeline", ""
    wbufsize = -1  # an answer is sent at once
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self._may_ask(""):
            self._reply(200, self.server.page, "text/html; charset=utf-8")

    def do_POST(self) -> None:
        body = self._body()
        if body is None or not self._may_ask("answer"):
            return
        try:
            drawing = parse_json(body, Drawing)
        except ValueError as error:
            self.send_error(400, f"not a drawing: {error}")
            return
        try:
            answer = self.server.worker.ask(drawing).result()
        except Exception as error:
            self.send_error(500, f"{type(error).__name__}: {error}")
            return
        if answer is None:
            self.send_error(409, "a newer drawing took its place")
        else:
            self._reply(200, msgspec.json.encode(answer), "application/json")

    def _may_ask(self, page: str) -> bool:
        """Whether the request is from the page itself, and for `page`; else refuses it."""
        if self.server.closed:
            self.close_connection = True
            return False
        hosts, origins = (self.headers.get_all(name, []) for name in ("Host", "Origin"))
        if len(hosts) != 1 or hosts[0].lower() not in self.server.hosts:
            self.send_error(403, f"another host than {self.server.hosts[0]}")
        elif any(origin != f"http://{hosts[0].lower()}" for origin in origins):
            self.send_error(403, "a request from another page")
        elif not hmac.compare_digest(self.path.encode(), f"/{self.server.token}/{page}".encode()):
            self.send_error(404, "open the address that `pipeline draw` printed")
        elif page and self.headers.get_content_type() != "application/json":
            self.send_error(415, "the content is not application/json")
        else:
            return True
        return False

    def _body(self) -> bytes | None:
        """The content of the request; None, and refused, if it is too large or has no length."""
        text = self.headers.get("Content-Length", "")
        if not (text.isascii() and text.isdecimal() and len(text) < 20):
            self.send_error(411, "the request has no Content-Length")
            return None
        if int(text) > MAX_BODY:
            self._skip(min(int(text), MAX_READ))
            self.send_error(413, f"more than {MAX_BODY >> 10} KB: the drawing is too long")
            return None
        return self.rfile.read(int(text))

    def _skip(self, size: int) -> None:
        while size > 0 and (part := self.rfile.read(min(size, MAX_BODY))):
            size -= len(part)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuses the request, and ends the connection."""
        self.close_connection = True
        content = {"error": message or self.responses.get(code, ("", ""))[0]}
        self._reply(code, msgspec.json.encode(content), "application/json")

    def _reply(self, code: int, content: bytes, kind: str) -> None:
        self.send_response(code)
        own = {"Content-Type": kind, "Content-Length": str(len(content))}
        if self.close_connection:
            own["Connection"] = "close"
        for name, value in (HEADERS | own).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *words: Any) -> None:
        """Says nothing."""


def _listen(port: int) -> _Server:
    try:
        return _Server(port)
    except OSError as error:
        raise PipelineError(
            f"port {port}: {error.strerror}",
            where="--port",
            expected="a port that is free, or 0 for any",
        ) from None
