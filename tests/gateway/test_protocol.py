"""Connections to a real server whose bounds are tight."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from rebracket.config import Deployment, Settings
from rebracket.gateway import protocol
from rebracket.gateway.problems import MEDIA_TYPE

PATIENCE_S = 60
Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers without reading; `/echo` reads first, `/flood` answers more than anyone reads."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/echo":
        while (await receive()).get("more_body"):
            pass
    size = 50_000_000 if scope["path"] == "/flood" else 2
    headers = [(b"content-length", str(size).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"o" * size})


@asynccontextmanager
async def serving(monkeypatch: pytest.MonkeyPatch, **api: Any) -> AsyncIterator[Connect]:
    settings = Settings(deployment=Deployment.model_validate({"api": api}))
    monkeypatch.setattr(protocol, "settings", lambda: settings)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, http=protocol.BoundedProtocol, lifespan="off", log_config=None, ws="none"
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve([listener]))
    yield lambda: asyncio.open_connection(*listener.getsockname())
    server.should_exit = True
    await running


def problem(answer: bytes) -> dict[str, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    found: dict[str, Any] = json.loads(body)
    assert f"content-type: {MEDIA_TYPE}".encode() in head
    assert b"connection: close" in head
    assert f"x-request-id: {found['request_id']}".encode() in head.lower()
    assert head.startswith(f"HTTP/1.1 {found['status']} ".encode())
    return found


def exchange(monkeypatch: pytest.MonkeyPatch, *parts: bytes, **api: Any) -> bytes:
    """What a server answers until it closes the connection."""

    async def run() -> bytes:
        async with serving(monkeypatch, **api) as connect:
            reader, writer = await connect()
            for part in parts:
                writer.write(part)
                await writer.drain()
            answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
            writer.close()
            return answer

    return asyncio.run(run())


GET = b"GET / HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity, x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
    ],
)
def test_what_is_not_http_or_may_be_read_two_ways_is_a_400(
    monkeypatch: pytest.MonkeyPatch, request_: bytes
) -> None:
    assert problem(exchange(monkeypatch, request_))["status"] == 400


@pytest.mark.parametrize(
    "parts",
    [
        (GET + b"X: " + b"a" * 5000 + b"\r\n\r\n",),
        (GET + b"X: ", b"a" * 3000, b"a" * 3000),
        (b"GET /" + b"a" * 5000,),
        (GET + b"".join(b"X-%d: a\r\n" % number for number in range(120)) + b"\r\n",),
    ],
)
def test_a_header_that_is_too_large_is_a_431(
    monkeypatch: pytest.MonkeyPatch, parts: tuple[bytes, ...]
) -> None:
    assert problem(exchange(monkeypatch, *parts, max_header_bytes=4096))["status"] == 431


@pytest.mark.parametrize("begun", [b"G", GET, GET + b"X: a", b"\r\n"])
def test_a_header_that_does_not_end_is_a_408(monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    assert problem(exchange(monkeypatch, begun, header_timeout_s=0.1))["status"] == 408


def test_a_connection_that_says_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert exchange(monkeypatch, header_timeout_s=0.1) == b""


def test_a_second_header_has_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = exchange(monkeypatch, GET + b"\r\n" + GET, header_timeout_s=0.1)
    first, _, second = answer.partition(b"oo")
    assert first.startswith(b"HTTP/1.1 200")
    assert problem(second)["status"] == 408


def test_a_body_that_is_read_by_nobody_does_not_hold_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "LINGER_S", 0.05)
    unfinished = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc"
    assert exchange(monkeypatch, unfinished).startswith(b"HTTP/1.1 200")


def test_a_body_that_ends_leaves_the_connection_open(monkeypatch: pytest.MonkeyPatch) -> None:
    post = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    last = GET + b"Connection: close\r\n\r\n"
    assert exchange(monkeypatch, post, last).count(b"HTTP/1.1 200") == 2


def test_a_client_that_does_not_read_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    dropped, lost = asyncio.Event(), protocol.BoundedProtocol.connection_lost

    def note(self: protocol.BoundedProtocol, exc: Exception | None) -> None:
        lost(self, exc)
        dropped.set()

    monkeypatch.setattr(protocol.BoundedProtocol, "connection_lost", note)

    async def run() -> int:
        async with serving(monkeypatch, timeout_s=0.1) as connect:
            reader, writer = await connect()
            writer.write(b"GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.wait_for(dropped.wait(), PATIENCE_S)
            writer.transport.resume_reading()  # type: ignore[attr-defined]
            try:
                return len(await reader.read())
            except ConnectionResetError:
                return 0
            finally:
                writer.close()

    assert asyncio.run(run()) < 50_000_000


def test_one_connection_too_many_is_a_503(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> bytes:
        async with serving(monkeypatch, max_connections=2) as connect:
            held = [await connect() for _ in range(2)]
            for reader, writer in held:
                writer.write(GET + b"\r\n")
                await reader.readuntil(b"oo")
            reader, writer = await connect()
            answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
            for _, other in [*held, (reader, writer)]:
                other.close()
            return answer

    found = asyncio.run(run())
    assert problem(found)["status"] == 503
    assert b"retry-after: 2" in found.lower()
