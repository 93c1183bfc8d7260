"""The client that blocks."""

import time
from collections.abc import Iterable
from types import TracebackType
from typing import Self, TypeVar

import httpx2
from pydantic import BaseModel

from rebracket.client import asks
from rebracket.client.address import Address
from rebracket.client.answers import read, translated
from rebracket.client.asks import Ask
from rebracket.client.retries import ONCE, Attempts, Retries
from rebracket.conditioning import Conditioning, GeneratedSegment
from rebracket.errors import CallError, TimedOut
from rebracket.schemas import Health, ModelList, Prediction, PredictionBatch, Segment

A = TypeVar("A", bound=BaseModel)

CONNECT_S = 5.0


class Client:
    """Calls the service over connections that it keeps; share one between threads, close it at last.

    Args:
        base_url: where the service is; default: `REBRACKET_URL`.
        api_key: opens it; default: `REBRACKET_API_KEY`.
        timeout_s: seconds that one attempt may take.
        total_s: seconds that a call may take, with all attempts and the waits between them.
        retries: how often and after which waits busy services and lost connections are tried again.
        transport: what carries the requests, in the place of the network.

    Raises:
        ConfigError: no URL, or one that can't be called.

    Every method raises CallError, and takes an id under which the service logs the call.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout_s: float = 30.0,
        total_s: float = 60.0,
        retries: Retries = Retries(),  # noqa: B008 - frozen
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        address = Address.find(base_url, api_key)
        self._timeout_s, self._total_s, self._retries = timeout_s, total_s, retries
        self._http = httpx2.Client(
            base_url=address.url, headers=address.headers, transport=transport
        )

    def predict(self, segment: Segment, *, request_id: str | None = None) -> Prediction:
        """Read one segment."""
        return self._call(asks.predict(segment), request_id)

    def predict_batch(
        self, segments: Iterable[Segment], *, request_id: str | None = None
    ) -> PredictionBatch:
        """Read 1 to 256 segments in one request; answers come in the same order.

        Raises:
            pydantic.ValidationError: there are none, or too many.
        """
        return self._call(asks.predict_batch(segments), request_id)

    def generate(self, asked: Conditioning, *, request_id: str | None = None) -> GeneratedSegment:
        """Write a segment that the service reads as what is asked for."""
        return self._call(asks.generate(asked), request_id)

    def health(self, *, request_id: str | None = None) -> Health:
        """How the service is now: asked once, whatever the retries."""
        return self._call(asks.HEALTH, request_id, ONCE)

    def models(self, *, request_id: str | None = None) -> ModelList:
        """Which models answer."""
        return self._call(asks.MODELS, request_id)

    def _call(self, ask: Ask[A], request_id: str | None, retries: Retries | None = None) -> A:
        request_id = request_id or asks.new_request_id()
        attempts = Attempts(retries or self._retries, self._total_s)
        while True:
            try:
                return self._attempt(ask, request_id, attempts.left_s)
            except CallError as error:
                wait = attempts.wait_s(error)
            time.sleep(wait)

    def _attempt(self, ask: Ask[A], request_id: str, left_s: float) -> A:
        limit = min(self._timeout_s, left_s)
        deadline = time.monotonic() + limit
        timeout = httpx2.Timeout(limit, connect=min(CONNECT_S, limit))
        sent = self._http.stream(
            ask.method,
            ask.path,
            content=ask.content,
            files=ask.files or None,
            headers=ask.headers(request_id),
            timeout=timeout,
        )
        body = b""
        with translated(request_id), sent as response:
            for chunk in response.iter_bytes():
                # httpx2 times each read, so a body that drips would never time out.
                if time.monotonic() > deadline:
                    raise TimedOut("the answer came too slowly", request_id=request_id)
                body += chunk
        return read(ask, response, body, request_id)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
