"""Two instances of one worker behind a real nginx, and what is asked of them meanwhile."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import httpx2
import psutil

from loadtests.servers import processes
from rebracket.client import AsyncClient
from rebracket.errors import CallError
from rebracket.schemas import Segment
from tests import nginx_server
from tests.redis_server import free_port
from tests.system.conftest import Server, serving

TEXT = "A larder so deep that it holds the street it stands in."
PATIENCE_S = 120
CLIENTS, MEASURE_S = 8, 4
MOST = 200
"""Requests under way at most: a machine that got too slow for the load is not what is looked at."""

SETTINGS = {
    "AUTH__ENABLED": "false",
    "RATE_LIMIT__ENABLED": "false",
    "API__NOTICE_S": "4",
    "API__TIMEOUT_S": str(PATIENCE_S),
    "BATCHING__MAX_LATENCY_MS": str(PATIENCE_S * 1000),
}


class Instance:
    """`rebracket serve` on a port of its own, as often as it is started."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        own = {"API__PORT": str(self.port), "MONITORING__STORE": str(folder / f"{self.port}.db")}
        self._settings = SETTINGS | own
        self._running = ExitStack()
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        """The one that runs."""
        assert self._server is not None, "not started"
        return self._server

    def start(self) -> None:
        """Return once it is ready."""
        one = serving("rebracket.cli", "serve", **self._settings)
        self._running.close()
        self._server = self._running.enter_context(one)

    def end(self) -> int:
        """Tell it to end; its exit code."""
        self.server.process.terminate()
        return self.server.process.wait(PATIENCE_S)

    def kill(self) -> None:
        """End all its processes at once."""
        for process in processes(self.server.process.pid):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.server.process.wait(PATIENCE_S)

    def close(self) -> None:
        """Leave nothing behind."""
        self._running.close()


@dataclass(frozen=True)
class Pair:
    """Two instances and the URL of the nginx before them."""

    url: str
    instances: tuple[Instance, Instance]


@contextmanager
def pair(folder: Path) -> Iterator[Pair]:
    """Both ready, and nginx."""
    instances = (Instance(folder), Instance(folder))
    with ExitStack() as stack:
        for one in instances:
            stack.callback(one.close)
            one.start()
        ports = [one.port for one in instances]
        url = stack.enter_context(nginx_server.running(folder, free_port(), ports))
        yield Pair(url, instances)


@dataclass
class Load:
    """Requests at a steady rate, whatever comes back: one with the client and its retries, one without, in turn."""

    url: str
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)

    def failures(self, way: str) -> dict[str, int]:
        """What went wrong how often, by `client` or `plain`."""
        return {what: n for (one, what), n in self.answers.items() if one == way and what != "200"}

    async def run(self, over: asyncio.Event) -> None:
        """Ask at half of what both can do until it is over."""
        limits = httpx2.Limits(max_connections=MOST, max_keepalive_connections=MOST)
        async with (
            AsyncClient(self.url, "none", timeout_s=PATIENCE_S, total_s=PATIENCE_S) as client,
            httpx2.AsyncClient(base_url=self.url, timeout=PATIENCE_S, limits=limits) as plain,
            asyncio.TaskGroup() as tasks,
        ):
            rate = await _capacity(plain) / 2
            began, under_way = monotonic(), set[asyncio.Task[None]]()
            async for number in _ticks(rate, over):
                if len(under_way) < MOST:
                    asking = self._client(client) if number % 2 else self._plain(plain)
                    task = tasks.create_task(asking)
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
            took = monotonic() - began
        print(f"{rate:.0f}/s for {took:.0f} s: {dict(self.answers)}")  # noqa: T201 - the table of who lost how many

    async def _client(self, client: AsyncClient) -> None:
        try:
            await client.predict(Segment(text=TEXT))
        except CallError as error:
            self.answers["client", repr(error)] += 1
        else:
            self.answers["client", "200"] += 1

    async def _plain(self, plain: httpx2.AsyncClient) -> None:
        try:
            answer = await plain.post("/predict", json={"text": TEXT})
        except httpx2.TransportError as error:
            self.answers["plain", repr(error)] += 1
        else:
            self.answers["plain", str(answer.status_code)] += 1


async def _ticks(rate: float, over: asyncio.Event) -> AsyncIterator[int]:
    """Numbers from 0 on at a steady rate."""
    began, number = monotonic(), 0
    while not over.is_set():
        yield number
        number += 1
        await asyncio.sleep(began + number / rate - monotonic())


async def _capacity(plain: httpx2.AsyncClient) -> float:
    """Requests a second, of clients that ask one after the other."""
    end, answered = monotonic() + MEASURE_S, 0

    async def client() -> None:
        nonlocal answered
        while monotonic() < end:
            (await plain.post("/predict", json={"text": TEXT})).raise_for_status()
            answered += 1

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return answered / MEASURE_S
