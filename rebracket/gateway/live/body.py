"""A live stream as a body: `POST /stream`, answered while it is still being sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from rebracket.config import Streaming
from rebracket.errors import FieldError, InvalidRequest, UnsupportedMedia
from rebracket.gateway import caller, problems
from rebracket.gateway.live import failed
from rebracket.gateway.live.session import Command, Host, Session, arriving
from rebracket.messages import Channels, Encoding, Event, Reading, SampleRate, dumps
from rebracket.segment.live.container import ContainerDecoder
from rebracket.segment.live.pcm import Decoder, RawDecoder, Shape

NDJSON = "application/x-ndjson"
SSE = "text/event-stream"
MOST_TEXT = 1000
"""Characters: percent-encoded, they fit into a request's header."""

PIECE = 4096
"""Bytes that are decoded at once: 64 KiB of FLAC may hold hours of silence."""


class Query(Reading):
    """The query of `POST /stream`: raw PCM says what it is, WAV and FLAC know."""

    text: Annotated[str, StringConstraints(max_length=MOST_TEXT)] = Field(
        "", description="Words that the windows are read with; longer ones go over WebSocket."
    )
    encoding: Encoding | None = None
    sample_rate: SampleRate | None = None
    channels: Channels | None = None

    def decoder(self) -> Decoder:
        """Reads the body."""
        if self.encoding and self.sample_rate:
            return RawDecoder(self.encoding, Shape(self.sample_rate, self.channels or 1))
        return ContainerDecoder()


def read_query(request: Request) -> Query:
    """How a request wants its body to be read.

    Raises:
        InvalidRequest: the query is not valid; `loc` begins with 'query'.
        UnsupportedMedia: the body is compressed.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMedia("Send the audio without a content encoding")
    given = request.query_params
    for name in given:
        if len(given.getlist(name)) > 1:
            raise _invalid(name, "Given twice", "repeated")
    try:
        query = Query.model_validate(dict(given))
    except ValidationError as error:
        found = problems.from_validation(error)
        for field in found.errors:
            field["loc"] = ["query", *field["loc"]]
        raise found from None
    if query.encoding and query.sample_rate is None:
        raise _invalid("sample_rate", "Raw PCM needs it", "missing")
    if (query.sample_rate or query.channels) and not query.encoding:
        raise _invalid("encoding", "Given with a rate or channels, which a file knows", "missing")
    return query


def _invalid(name: str, message: str, kind: str) -> InvalidRequest:
    return InvalidRequest([FieldError(loc=["query", name], msg=message, type=kind)])


class Lines:
    """The answer: an event a line, or server-sent events where the client asks for these."""

    def __init__(self, headers: Headers, send: Send) -> None:
        self._sse = SSE in headers.get("accept", "")
        self._send = send
        self.begun = False

    async def tell(self, event: Event) -> None:
        """Send an event."""
        if not self.begun:
            self.begun = True
            kind = SSE if self._sse else NDJSON
            fields = {"content-type": kind, "cache-control": "no-store", "x-accel-buffering": "no"}
            headers = [(name.encode(), value.encode()) for name, value in fields.items()]
            await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        text = dumps(event)
        line = f"event: {event.type}\ndata: {text}\n\n" if self._sse else f"{text}\n"
        await self._send({"type": "http.response.body", "body": line.encode(), "more_body": True})

    async def end(self) -> None:
        """Nothing follows."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


async def serve(scope: Scope, receive: Receive, send: Send, host: Host) -> None:
    """Answer one request."""
    request = Request(scope, receive)
    lines = Lines(request.headers, send)
    session: Session | None = None
    try:
        query = read_query(request)
        host.seats.check()
        async with caller.stream_slot():
            with closing(query.decoder()) as decoder:
                session = Session(host, query, decoder, lines.tell)
                await session.run(await _commands(request, host.settings))
        await lines.end()
    except ClientDisconnect:
        return
    except Exception as error:  # noqa: BLE001 - whatever it was, it is told
        known = failed.known(error)
        if not lines.begun:
            await problems.respond(known)(scope, receive, send)
            return
        event = failed.event(known, session.resume_at if session else None)
        with suppress(TimeoutError):
            async with asyncio.timeout(host.settings.stall_s):
                await lines.tell(event)
                await lines.end()


async def _commands(request: Request, settings: Streaming) -> AsyncIterator[Command]:
    """The body's pieces, when the first is here.

    An answer that began before would stop a client that waits for "100 Continue".

    Raises:
        SlowRequest: a piece did not come in time.
        ClientDisconnect: the client is gone.
    """
    pieces = request.stream()
    first = await arriving(anext(pieces, None), settings.idle_s)

    async def commands() -> AsyncIterator[Command]:
        piece = first
        while piece is not None:
            for at in range(0, len(piece), PIECE):
                yield piece[at : at + PIECE]
            piece = await arriving(anext(pieces, None), settings.idle_s)

    return commands()
