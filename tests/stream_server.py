"""A small WebSocket server that reads windows as the service does, breaks off where a test tells it to, and remembers what it was sent."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from rebracket.messages import SAMPLE_BYTES
from tests.scripted_server import PREDICTION

WINDOW, HOP = 400, 200
"""Samples."""

QUARTER = WINDOW // 4


@dataclass
class Take:
    """One connection: its handshake, its first message, and the bytes and texts that came after."""

    path: str
    headers: dict[str, str]
    start: dict[str, Any]
    audio: bytearray = field(default_factory=bytearray)
    frames: list[int] = field(default_factory=list)
    said: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def at(self) -> int:
        """The sample of the stream that comes next."""
        width: int = SAMPLE_BYTES[self.start["encoding"]] * self.start["channels"]
        return int(self.start["from_sample"]) + len(self.audio) // width


Behaviour = Callable[["StreamServer", ServerConnection, Take], Awaitable[None]]


@dataclass
class StreamServer:
    """Serves connections by its script in turn, then only well."""

    url: str = ""
    script: deque[Behaviour] = field(default_factory=deque)
    refusals: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    takes: list[Take] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    has_refused: asyncio.Event = field(default_factory=asyncio.Event)

    def will(self, *behaviours: Behaviour) -> None:
        self.script.extend(behaviours)

    def will_refuse(self, status: int, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.refusals.append((status, named))

    async def shake_hands(self, _: ServerConnection, __: Request) -> Response | None:
        if not self.refusals:
            return None
        status, headers = self.refusals.popleft()
        self.refused.append(status)
        self.has_refused.set()
        problem: dict[str, Any] = {"type": "https://rebracket.dev/problems/p"}
        problem |= {"title": f"Title {status}", "status": status, "detail": f"detail {status}"}
        body = json.dumps(problem).encode()
        kinds = {"Content-Type": "application/problem+json", "Content-Length": str(len(body))}
        return Response(status, f"Reason {status}", Headers(kinds | headers), body)

    async def handle(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        headers = {name.lower(): value for name, value in socket.request.headers.items()}
        behave = self.script.popleft() if self.script else well
        with suppress(ConnectionClosed):
            take = Take(socket.request.path, headers, json.loads(await socket.recv()))
            self.takes.append(take)
            try:
                await behave(self, socket, take)
            finally:
                take.closed.set()


async def send(socket: ServerConnection, kind: str, **members: Any) -> None:
    await socket.send(json.dumps({"type": kind, **members}))


async def ready(socket: ServerConnection, take: Take, **members: Any) -> None:
    name = take.headers["x-request-id"]
    said = {"session_id": name, "window_samples": WINDOW, "hop_samples": HOP} | members
    await send(socket, "ready", **said)


async def window(socket: ServerConnection, seq: int, end: int, text: str, **members: Any) -> None:
    """A window, whose segment's id is the words that it was read with."""
    said: dict[str, Any] = {
        "seq": seq,
        "start_sample": seq * HOP,
        "end_sample": end,
        "final": False,
    }
    prediction = PREDICTION | {"segment_id": text}
    said |= {"partial": False, "silent": False, "prediction": prediction, "lag_ms": 1.5}
    await send(socket, "window", **(said | members))


async def windows(socket: ServerConnection, take: Take) -> AsyncIterator[int]:
    """Answer as the service does; yields the number of each window before it is answered."""
    await ready(socket, take)
    first = take.start["from_sample"]
    number, text = -(-first // HOP), take.start["text"]
    begin = read_to = number * HOP
    async for message in socket:
        if isinstance(message, bytes):
            take.audio += message
            take.frames.append(len(message))
            while take.at >= number * HOP + WINDOW:
                yield number
                read_to = number * HOP + WINDOW
                await window(socket, number, read_to, text)
                number += 1
            continue
        said = json.loads(message)
        take.said.append((take.at, said))
        if said["type"] == "text":
            text = said["text"]
        elif said["type"] == "flush":
            await window(socket, number, take.at, text, partial=True)
        else:
            break
    if take.at > read_to and take.at - number * HOP >= QUARTER:
        yield number
        read_to = take.at
        await window(socket, number, read_to, text, final=True)
        number += 1
    count = number - begin // HOP
    await summary(socket, count, max(take.at, begin), read_to)


async def summary(socket: ServerConnection, count: int, samples: int, read_to: int) -> None:
    await send(
        socket,
        "summary",
        windows=count,
        silent_windows=0,
        by_type={"memory": count} if count else {},
        mean_intensity=0.7 if count else None,
        samples=samples,
        read_to=read_to,
    )


async def well(_: StreamServer, socket: ServerConnection, take: Take) -> None:
    """As the service does."""
    async for _number in windows(socket, take):
        pass


async def silent(_: StreamServer, socket: ServerConnection, take: Take) -> None:
    """Takes everything and answers nothing but 'ready'."""
    await ready(socket, take)
    async for message in socket:
        if isinstance(message, bytes):
            take.audio += message


def breaks(number: int, then: Callable[[ServerConnection], Awaitable[None]]) -> Behaviour:
    """Does something before it answers a window, and that was it."""

    async def behave(_: StreamServer, socket: ServerConnection, take: Take) -> None:
        async for answered in windows(socket, take):
            if answered == number:
                await then(socket)
                return
        await then(socket)

    return behave


async def dies(socket: ServerConnection) -> None:
    """The connection is lost."""
    socket.transport.abort()


def closes(code: int, reason: str = "") -> Callable[[ServerConnection], Awaitable[None]]:
    """The connection is closed without an event."""

    async def close(socket: ServerConnection) -> None:
        await socket.close(code, reason)

    return close


def fails(code: int, error: str, **members: Any) -> Callable[[ServerConnection], Awaitable[None]]:
    """The stream ends early, and says why."""

    async def fail(socket: ServerConnection) -> None:
        await send(socket, "error", code=code, error=error, detail="detail", **members)
        await socket.close(code)

    return fail


@asynccontextmanager
async def serving() -> AsyncIterator[StreamServer]:
    """Serve on a free port of this machine."""
    state = StreamServer()
    async with serve(
        state.handle, "127.0.0.1", 0, process_request=state.shake_hands, compression=None
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        state.url = f"http://127.0.0.1:{port}"
        yield state


@contextmanager
def serving_aside() -> Iterator[StreamServer]:
    """Serve in a thread of its own, for clients that have a loop of theirs."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    context = serving()
    state = asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result()
    try:
        yield state
    finally:
        asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
