"""Analyses from a running service, over HTTP."""

import asyncio
from collections.abc import Sequence
from typing import Any

from rebracket.agents.backends import Outcome
from rebracket.agents.backends.parcels import Parcels
from rebracket.client import AsyncClient, Client
from rebracket.client.asks import new_request_id
from rebracket.errors import CallError
from rebracket.schemas import Segment


class ServiceBackend:
    """One client for threads and one for each event loop, whose connections are its own.

    Takes what `rebracket.client.Client` takes, transport aside, and raises what it raises.
    """

    def __init__(
        self, base_url: str | None = None, api_key: str | None = None, **options: Any
    ) -> None:
        self._client = Client(base_url, api_key, **options)
        self._arguments = (base_url, api_key)
        self._options = options
        self._async_clients: dict[asyncio.AbstractEventLoop, AsyncClient] = {}

    def read(self, segments: Sequence[Segment]) -> list[Outcome]:
        """Read, and block until all are read."""
        parcels = Parcels(segments)
        while parcels.pending:
            indexes, request_id = parcels.pending.pop(), new_request_id()
            contents = parcels.contents(indexes)
            try:
                batch = self._client.predict_batch(contents, request_id=request_id)
            except CallError as error:
                parcels.failed(indexes, error)
            else:
                parcels.answered(indexes, batch, request_id)
        return parcels.outcomes

    async def aread(self, segments: Sequence[Segment]) -> list[Outcome]:
        """Read without blocking the loop."""
        client = self._async_client()
        parcels = Parcels(segments)
        while parcels.pending:
            indexes, request_id = parcels.pending.pop(), new_request_id()
            contents = parcels.contents(indexes)
            try:
                batch = await client.predict_batch(contents, request_id=request_id)
            except CallError as error:
                parcels.failed(indexes, error)
            else:
                parcels.answered(indexes, batch, request_id)
        return parcels.outcomes

    def _async_client(self) -> AsyncClient:
        loop = asyncio.get_running_loop()
        if loop not in self._async_clients:
            # What ended with its loop can't be closed any more; let go of it, sockets close with it.
            for ended in [known for known in self._async_clients if known.is_closed()]:
                del self._async_clients[ended]
            self._async_clients[loop] = AsyncClient(*self._arguments, **self._options)
        return self._async_clients[loop]

    def close(self) -> None:
        """Close the threads' connections."""
        self._client.close()

    async def aclose(self) -> None:
        """Close the threads' connections and the running loop's."""
        self.close()
        client = self._async_clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()
