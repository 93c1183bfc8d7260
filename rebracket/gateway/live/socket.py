"""A live stream over WebSocket: `GET /stream`."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from time import monotonic
from urllib.parse import urlsplit

from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from rebracket.config import Streaming
from rebracket.errors import (
    OutOfTurn,
    PayloadTooLarge,
    RequestError,
    TooManyFrames,
    WrongOrigin,
)
from rebracket.gateway import caller, problems
from rebracket.gateway.live import failed
from rebracket.gateway.live.session import Command, Host, Session, arriving
from rebracket.messages import CONTROL, Control, End, Event, Start, dumps
from rebracket.monitoring import trace
from rebracket.segment.live.pcm import RawDecoder, Shape

OK = 1000
FRAMES_A_SECOND = 1000
FRAMES_AT_ONCE = 2000
"""Frames that may come at once; shorter ones than a millisecond cost more than the audio in them."""


class Socket:
    """One client's connection."""

    def __init__(self, websocket: WebSocket, settings: Streaming) -> None:
        self._websocket = websocket
        self._settings = settings
        self._frames = 0
        self._began = monotonic()

    async def start(self) -> Start:
        """The first message.

        Raises:
            RequestError: it is something else, or did not come.
        """
        message = await self._receive()
        if not isinstance(message, Start):
            raise OutOfTurn("The first message is 'start'")
        return message

    async def commands(self) -> AsyncIterator[Command]:
        """What follows, until the audio ends.

        Raises:
            RequestError: a message is not valid, or none came.
            WebSocketDisconnect: the client is gone.
        """
        while not isinstance(message := await self._receive(), End):
            if isinstance(message, Start):
                raise OutOfTurn("The stream has begun: another rate or encoding needs another one")
            yield message

    async def tell(self, event: Event) -> None:
        """Send an event."""
        await self._websocket.send_text(dumps(event))

    async def _receive(self) -> Control | bytes:
        message = await arriving(self._websocket.receive(), self._settings.idle_s)
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        self._count()
        if (data := message.get("bytes")) is not None:
            return bytes(data)
        return _control(message["text"])

    def _count(self) -> None:
        self._frames += 1
        allowed = FRAMES_AT_ONCE + FRAMES_A_SECOND * (monotonic() - self._began)
        if self._frames > allowed:
            raise TooManyFrames(
                f"More than {FRAMES_A_SECOND} frames a second came: put more audio into each"
            )


def _control(text: str) -> Control:
    try:
        return CONTROL.validate_json(text)
    except ValidationError as error:
        raise problems.from_validation(error) from None


async def serve(websocket: WebSocket, host: Host) -> None:
    """Serve one connection, from the handshake on."""
    try:
        _check_origin(websocket, host.origins)
        host.seats.check()
        async with caller.stream_slot():
            await websocket.accept()
            await _talk(websocket, host)
    except RequestError as error:
        if websocket.application_state is not WebSocketState.CONNECTING:
            raise
        await websocket.send_denial_response(problems.respond(error))


async def _talk(websocket: WebSocket, host: Host) -> None:
    """From the first message to the close; a client that is gone or does not read is told nothing."""
    socket, session = Socket(websocket, host.settings), None
    with suppress(WebSocketDisconnect, TimeoutError):
        try:
            start = await socket.start()
            decoder = RawDecoder(start.encoding, Shape(start.sample_rate, start.channels))
            session = Session(host, start, decoder, socket.tell)
            await session.run(socket.commands())
            await websocket.close(OK)
        except WebSocketDisconnect as gone:
            too_big = gone.code == failed.TOO_BIG
            trace.current().outcome = PayloadTooLarge.slug if too_big else "abandoned"
        except Exception as error:  # noqa: BLE001 - whatever it was, it is told
            event = failed.event(failed.known(error), session.resume_at if session else None)
            async with asyncio.timeout(host.settings.stall_s):
                await socket.tell(event)
                await websocket.close(event.code)


def _check_origin(websocket: WebSocket, allowed: Collection[str]) -> None:
    """Pages of other origins can open a WebSocket, whatever CORS says.

    Raises:
        Forbidden: this one's may not.
    """
    origin = websocket.headers.get("origin")
    same = urlsplit(origin).netloc == websocket.headers.get("host") if origin else True
    if not same and origin not in allowed and "*" not in allowed:
        raise WrongOrigin
