"""Analyses from a running service, over HTTP."""

from collections.abc import Sequence
from typing import Any

from rebracket.agents.backends import Outcome
from rebracket.agents.backends.clients import Clients
from rebracket.agents.backends.parcels import Parcels
from rebracket.client.asks import new_request_id
from rebracket.errors import CallError
from rebracket.schemas import Segment


class ServiceBackend:
    """Asks with `Clients`.

    Takes what `rebracket.client.Client` takes, transport aside, and raises what it raises.
    """

    def __init__(
        self, base_url: str | None = None, api_key: str | None = None, **options: Any
    ) -> None:
        self._clients = Clients(base_url, api_key, **options)

    def read(self, segments: Sequence[Segment]) -> list[Outcome]:
        """Read, and block until all are read."""
        parcels = Parcels(segments)
        while parcels.pending:
            indexes, request_id = parcels.pending.pop(), new_request_id()
            contents = parcels.contents(indexes)
            try:
                batch = self._clients.blocking.predict_batch(contents, request_id=request_id)
            except CallError as error:
                parcels.failed(indexes, error)
            else:
                parcels.answered(indexes, batch, request_id)
        return parcels.outcomes

    async def aread(self, segments: Sequence[Segment]) -> list[Outcome]:
        """Read without blocking the loop."""
        client = self._clients.awaiting()
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

    def close(self) -> None:
        """Close the threads' connections."""
        self._clients.close()

    async def aclose(self) -> None:
        """Close the threads' connections and the running loop's."""
        await self._clients.aclose()
