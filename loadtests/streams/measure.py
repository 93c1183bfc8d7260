"""One plan against one server: lags, and what it cost the server and those who ask it beside."""

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from time import perf_counter, sleep

import psutil

from loadtests.bench.load import Load, open_loop
from loadtests.client import pack
from loadtests.servers import Server
from loadtests.streams.figures import Figures, figures
from loadtests.streams.generator import SOON_S, generator, process
from loadtests.streams.plan import Plan
from loadtests.streams.player import Address

ASKED_PER_SECOND = 5
SHORT = ("a door", "The drawer holds a house.", "She remembers a room that was never there.")


@dataclass(frozen=True, slots=True)
class Target:
    """A server, and the keys of those who stream and of the one who asks for predictions."""

    server: Server
    streams_key: str
    asks_key: str

    @property
    def name(self) -> str:
        """The server's."""
        return self.server.name

    @property
    def address(self) -> Address:
        """Of its streams."""
        url = f"ws://127.0.0.1:{self.server.port}/stream"
        return Address(url, {"X-API-Key": self.streams_key})


@dataclass(frozen=True, slots=True)
class Usage:
    """While counting: cores that the server and the whole machine used, and resident MiB at even times."""

    cores: float
    machine_cores: float
    rss_mib: list[float]


@dataclass(frozen=True, slots=True)
class Result:
    """Of one plan against one server; `asked` is how it answered `/predict` meanwhile."""

    server: str
    streams: int
    figures: Figures
    usage: Usage
    generator_cores: float
    asked: Load | None

    @property
    def cpu_ms(self) -> float:
        """Processor time of the server for one second of one stream, of those that it carried."""
        lost = sum(self.figures.refused.values()) + sum(self.figures.failed.values())
        carried = self.streams - lost
        return 1000 * self.usage.cores / carried if carried else float("nan")

    @property
    def others_cores(self) -> float:
        """What neither the server nor the generator used: a busy machine makes any server lag."""
        return self.usage.machine_cores - self.usage.cores - self.generator_cores


def measure(target: Target, plan: Plan, *, sample_s: float, ask: bool = False) -> Result:
    """Play; blocks until all streams have ended.

    Args:
        target: who is measured.
        plan: what is played.
        sample_s: seconds between two looks at the server's memory.
        ask: whether somebody asks for predictions meanwhile.
    """
    with ExitStack() as stack:
        ready = stack.enter_context(generator(plan))
        asking = stack.enter_context(process()) if ask else None
        if asking:
            asking.submit(sleep, 0).result()
        start = perf_counter() + SOON_S
        plays = ready.play(target.address, start)
        counting = start + plan.settled_s
        asked: Future[Load] | None = None
        if asking:
            asked = asking.submit(
                ask_for_predictions, target.server.port, target.asks_key, counting, plan.seconds
            )
        usage = watch(target.server, counting, plan.seconds, sample_s)
        played = [play.result() for play in plays]
        records = [record for share in played for record in share.records]
        return Result(
            server=target.name,
            streams=plan.streams,
            figures=figures(plan, records),
            usage=usage,
            generator_cores=sum(share.cores for share in played),
            asked=asked.result() if asked else None,
        )


def ask_for_predictions(port: int, key: str, at: float, seconds: float) -> Load:
    """What somebody finds who asks for short texts from `at` on, by `perf_counter`."""
    requests = [
        pack("/predict", json.dumps({"text": text}).encode(), {"X-API-Key": key}) for text in SHORT
    ]
    sleep(max(0.0, at - perf_counter()))
    return asyncio.run(open_loop(port, requests, per_second=ASKED_PER_SECOND, seconds=seconds))


def watch(server: Server, at: float, seconds: float, sample_s: float) -> Usage:
    """What a server uses for so many seconds from `at` on, by `perf_counter`."""
    sleep(max(0.0, at - perf_counter()))
    began, before, busy = perf_counter(), server.cpu_s(), busy_s()
    memory: list[float] = []
    while (left := at + seconds - perf_counter()) > 0:
        sleep(min(sample_s, left))
        memory.append(server.rss_mib())
    passed = perf_counter() - began
    return Usage((server.cpu_s() - before) / passed, (busy_s() - busy) / passed, memory)


def busy_s() -> float:
    """Processor time that the whole machine has used so far."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq + times.steal)


def alone(targets: Sequence[Target], seconds: float) -> dict[str, Load]:
    """How each server answers `/predict` without streams."""
    return {
        target.name: ask_for_predictions(target.server.port, target.asks_key, 0.0, seconds)
        for target in targets
    }
