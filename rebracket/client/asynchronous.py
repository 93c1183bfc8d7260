"""The client that awaits."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from types import TracebackType
from typing import Self, TypeVar

import httpx2
from pydantic import BaseModel

from rebracket.client import asks
from rebracket.client.address import Address
from rebracket.client.answers import read, translated
from rebracket.client.asks import Ask
from rebracket.client.retries import ONCE, Attempts, Retries
from rebracket.client.streaming import Heard, Line, Stream
from rebracket.client.synchronous import CONNECT_S
from rebracket.conditioning import Conditioning, GeneratedSegment
from rebracket.errors import CallError, TimedOut
from rebracket.messages import Encoding, Flush, NewWords, Start
from rebracket.schemas import Health, ModelList, Prediction, PredictionBatch, Segment

A = TypeVar("A", bound=BaseModel)

PATIENT = Retries(attempts=20)
"""Of a stream, whose worker may have to start again: it has `total_s` seconds after each answer."""


class AsyncClient:
    """`rebracket.client.Client` for asyncio; its connections belong to the loop of its first call."""

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout_s: float = 30.0,
        total_s: float = 60.0,
        retries: Retries | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        address = Address.find(base_url, api_key)
        self._timeout_s, self._total_s = timeout_s, total_s
        self._retries = retries or Retries()
        self._line = Line(address, timeout_s, total_s, retries or PATIENT)
        self._http = httpx2.AsyncClient(
            base_url=address.url, headers=address.headers, transport=transport
        )

    async def predict(self, segment: Segment, *, request_id: str | None = None) -> Prediction:
        """Read one segment."""
        return await self._call(asks.predict(segment), request_id)

    async def predict_batch(
        self, segments: Iterable[Segment], *, request_id: str | None = None
    ) -> PredictionBatch:
        """Read 1 to 256 segments in one request; answers come in the same order.

        Raises:
            pydantic.ValidationError: there are none, or too many.
        """
        return await self._call(asks.predict_batch(segments), request_id)

    async def generate(
        self, asked: Conditioning, *, request_id: str | None = None
    ) -> GeneratedSegment:
        """Write a segment that the service reads as what is asked for."""
        return await self._call(asks.generate(asked), request_id)

    async def health(self, *, request_id: str | None = None) -> Health:
        """How the service is now: asked once, whatever the retries."""
        return await self._call(asks.HEALTH, request_id, ONCE)

    async def models(self, *, request_id: str | None = None) -> ModelList:
        """Which models answer."""
        return await self._call(asks.MODELS, request_id)

    def stream(  # noqa: PLR0913 - what a stream may say of itself
        self,
        audio: AsyncIterable[bytes | Flush | NewWords],
        *,
        encoding: Encoding,
        sample_rate: int,
        channels: int = 1,
        window_s: float | None = None,
        overlap: float | None = None,
        text: str = "",
        request_id: str | None = None,
    ) -> AsyncGenerator[Heard, None]:
        """Read live audio, window by window: `Ready`, each `WindowRead` in order, and `Summary`.

        A connection that breaks off, or that a busy or restarting service ends, is opened again as
        `retries` say, counted anew after each window; what was not answered is sent again, so no
        window is lost and none comes twice. So that this is possible up to a minute of audio is kept;
        where that is full, because the service or whoever takes the windows is slower than the
        source, the source is waited for.

        Args:
            audio: PCM in pieces of any size; between them `Flush()` asks what the window under way
                is so far (it comes with `partial`), `NewWords(text=…)` says with which words the
                windows that end from here on are read.
            encoding: of the samples, little-endian, channels interleaved.
            sample_rate: in Hz, 8 000 to 96 000.
            channels: 1 or 2.
            window_s: seconds of a window, 1 to 30; default: the service's.
            overlap: share of a window that the next one has in common with it, up to 0.95; default:
                the service's.
            text: words that windows are read with.
            request_id: under which the service logs the stream.

        Raises:
            pydantic.ValidationError: an argument is not valid.
        """
        start = Start(
            encoding=encoding,
            sample_rate=sample_rate,
            channels=channels,
            window_s=window_s,
            overlap=overlap,
            text=text,
        )
        return Stream(self._line, start, audio, request_id or asks.new_request_id()).events()

    async def _call(self, ask: Ask[A], request_id: str | None, retries: Retries | None = None) -> A:
        request_id = request_id or asks.new_request_id()
        attempts = Attempts(retries or self._retries, self._total_s)
        while True:
            try:
                return await self._attempt(ask, request_id, attempts.left_s)
            except CallError as error:
                wait = attempts.wait_s(error)
            await asyncio.sleep(wait)

    async def _attempt(self, ask: Ask[A], request_id: str, left_s: float) -> A:
        limit = min(self._timeout_s, left_s)
        timeout = httpx2.Timeout(limit, connect=min(CONNECT_S, limit))
        try:
            # httpx2 times each read, so a body that drips would never time out.
            async with asyncio.timeout(limit):
                with translated(request_id):
                    response = await self._http.request(
                        ask.method,
                        ask.path,
                        content=ask.content,
                        files=ask.files or None,
                        headers=ask.headers(request_id),
                        timeout=timeout,
                    )
        except TimeoutError:
            raise TimedOut("no answer in time", request_id=request_id) from None
        return read(ask, response, response.content, request_id)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
