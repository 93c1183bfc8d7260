"""A small real HTTP server that answers as a test tells it to, and remembers what it was asked."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

PREDICTION: dict[str, Any] = {
    "segment_id": None,
    "type": "memory",
    "intensity": 0.7,
    "confidence": 0.8,
    "probabilities": {
        "spatial": 0.12,
        "temporal": 0.02,
        "causal": 0.01,
        "perceptual": 0.01,
        "memory": 0.8,
        "ontological": 0.02,
        "narrative": 0.01,
        "identity": 0.01,
    },
    "modalities": ["text"],
    "model": {"name": "rebracket-segment", "version": "1.0.0", "variant": "default"},
    "metadata": None,
    "latency_ms": 3.1,
}


@dataclass
class Asked:
    """One request that came in, and the peer's port: one port, one connection.

    The body is what its JSON says, or bytes.
    """

    path: str
    headers: dict[str, str]
    body: Any
    port: int


@dataclass
class Scripted:
    """Gives the answers of its script in turn, then only good ones."""

    url: str = ""
    script: deque["Behaviour"] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    arrived: Event = field(default_factory=Event)
    released: Event = field(default_factory=Event)

    def will(self, *behaviours: "Behaviour") -> None:
        self.script.extend(behaviours)


class Handler(BaseHTTPRequestHandler):
    """Serves one connection."""

    protocol_version = "HTTP/1.1"
    state: Scripted

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        is_json = headers.get("content-type") == "application/json"
        body = json.loads(content) if is_json else content
        self.state.asked.append(Asked(self.path, headers, body, self.client_address[1]))
        behave = self.state.script.popleft() if self.state.script else well
        self.state.arrived.set()
        behave(self)

    def send(self, status: int, body: Any, kind: str = "application/json", **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Request-ID", self.headers.get("x-request-id", "unasked"))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Tests read what was asked, not a log."""


Behaviour = Callable[[Handler], None]


def well(handler: Handler) -> None:
    """As the service does."""
    if handler.path == "/predict_batch":
        count = len(handler.state.asked[-1].body["segments"])
        handler.send(200, {"predictions": [PREDICTION] * count, "errors": 0})
    else:
        handler.send(200, PREDICTION)


def says(status: int, body: Any, kind: str = "application/json", **headers: str) -> Behaviour:
    return lambda handler: handler.send(status, body, kind, **headers)


def problem(status: int, *errors: dict[str, Any], **headers: str) -> Behaviour:
    """An error answer as the service writes them."""
    members: dict[str, Any] = {"type": f"https://rebracket.dev/problems/{status}"}
    members |= {"title": f"Title {status}", "status": status, "detail": f"detail {status}"}
    members |= {"request_id": "r-1"} | ({"errors": list(errors)} if errors else {})
    return says(status, members, "application/problem+json", **headers)


def hang(handler: Handler) -> None:
    """Answers nothing until the test lets go."""
    handler.state.released.wait()
    handler.close_connection = True


def drip(handler: Handler) -> None:
    """Sends one byte after the other, each soon enough, until the test lets go."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    try:
        while not handler.state.released.wait(0.02):
            handler.wfile.write(b" ")
    except OSError:
        pass
    handler.close_connection = True


def die_half_way(handler: Handler) -> None:
    """Closes the connection in the middle of a good answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"type": ')
    handler.close_connection = True


@contextmanager
def scripted() -> Iterator[Scripted]:
    """Serve on a free port of this machine."""
    state = Scripted()
    handler = type("ScriptedHandler", (Handler,), {"state": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield state
        finally:
            state.released.set()
            server.shutdown()
            thread.join()
