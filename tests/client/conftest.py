"""A server with a script, and both clients behind one blocking face."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rebracket.client import AsyncClient, Client
from tests.scripted_server import Scripted, scripted

Call = Callable[..., Any]


@pytest.fixture
def server() -> Iterator[Scripted]:
    with scripted() as server:
        yield server


@pytest.fixture(params=["Client", "AsyncClient"])
def call(request: pytest.FixtureRequest, server: Scripted) -> Call:
    """Calls a method of one of the clients, for the answer or the error."""

    def blocking(method: str, *arguments: Any, **options: Any) -> Any:
        with Client(server.url, "rb_key", **options) as client:
            return getattr(client, method)(*arguments)

    async def awaiting(method: str, *arguments: Any, **options: Any) -> Any:
        async with AsyncClient(server.url, "rb_key", **options) as client:
            return await getattr(client, method)(*arguments)

    if request.param == "Client":
        return blocking
    return lambda *arguments, **options: asyncio.run(awaiting(*arguments, **options))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between attempts, which then take no time."""
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(time, "sleep", waits.append)
    monkeypatch.setattr(asyncio, "sleep", note)
    return waits
