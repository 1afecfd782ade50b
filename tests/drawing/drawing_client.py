"""What asks a drawing server."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

CLASSES = ("<script>boom()</script>", "bar", "corner")  # in the order of the run


@dataclass(frozen=True)
class Client:
    """Sends requests to a server, as a browser on the page would unless told otherwise."""

    url: str

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def send(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """The status, the headers and the content of the reply. Header names have _ for -."""
        connection = http.client.HTTPConnection(self.host, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        return reply.status, dict(reply.headers), content

    def post(self, body: bytes, **headers: str) -> tuple[int, Any]:
        """The status and the JSON of the reply to a drawing."""
        path = urlsplit(self.url).path + "answer"
        kind = {"Content_Type": "application/json", "Origin": f"http://{self.host}"}
        status, _, content = self.send("POST", path, body, **(kind | headers))
        return status, json.loads(content)

    def ask(self, *strokes: list[tuple[float, float]]) -> Any:
        """The answer for a drawing."""
        status, answer = self.post(json.dumps({"strokes": strokes}).encode())
        assert status == 200, answer
        return answer
