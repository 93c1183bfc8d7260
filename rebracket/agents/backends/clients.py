"""Clients of one service, wherever an agent's tools are called from."""

import asyncio
from typing import Any

from rebracket.client import AsyncClient, Client


class Clients:
    """One client for threads and one for each event loop, whose connections are its own.

    Takes what `rebracket.client.Client` takes, transport aside, and raises what it raises.
    """

    def __init__(
        self, base_url: str | None = None, api_key: str | None = None, **options: Any
    ) -> None:
        self.blocking = Client(base_url, api_key, **options)
        self._arguments = (base_url, api_key)
        self._options = options
        self._by_loop: dict[asyncio.AbstractEventLoop, AsyncClient] = {}

    def awaiting(self) -> AsyncClient:
        """The running loop's."""
        loop = asyncio.get_running_loop()
        if loop not in self._by_loop:
            # What ended with its loop can't be closed any more; let go of it, sockets close with it.
            for ended in [known for known in self._by_loop if known.is_closed()]:
                del self._by_loop[ended]
            self._by_loop[loop] = AsyncClient(*self._arguments, **self._options)
        return self._by_loop[loop]

    def close(self) -> None:
        """Close the threads' connections."""
        self.blocking.close()

    async def aclose(self) -> None:
        """Close the threads' connections and the running loop's."""
        self.close()
        client = self._by_loop.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()
