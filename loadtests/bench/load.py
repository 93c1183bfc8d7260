"""Closed loop: each client sends when it has its answer. Open loop: requests come when they come."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter

from loadtests.client import Connection

OK = 200


@dataclass(frozen=True, slots=True)
class Load:
    """What a candidate did under one load."""

    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: int
    requests: int


def summarize(times: Sequence[float], errors: int, elapsed: float) -> Load:
    """Seconds of each answered request → figures."""
    found = times if len(times) > 1 else [*times, *times, 0.0, 0.0]
    cuts = quantiles(found, n=100, method="inclusive")
    return Load(
        per_second=len(times) / elapsed,
        p50_ms=median(found) * 1000,
        p95_ms=cuts[94] * 1000,
        p99_ms=cuts[98] * 1000,
        errors=errors,
        requests=len(times) + errors,
    )


async def closed_loop(
    port: int, requests: Sequence[bytes], *, clients: int, seconds: float
) -> Load:
    """`clients` ask one after the other for so many seconds."""
    times: list[float] = []
    errors = 0
    started = perf_counter()

    async def client(number: int) -> None:
        nonlocal errors
        connection = await Connection.open(port)
        index = number
        while perf_counter() - started < seconds:
            begun = perf_counter()
            status, _ = await connection.send(requests[index % len(requests)])
            if status == OK:
                times.append(perf_counter() - begun)
            else:
                errors += 1
            index += clients
        connection.close()

    await asyncio.gather(*(client(number) for number in range(clients)))
    return summarize(times, errors, perf_counter() - started)


async def open_loop(
    port: int, requests: Sequence[bytes], *, per_second: float, seconds: float
) -> Load:
    """Poisson arrivals; a request that finds no idle connection opens one, one that breaks is an error."""
    rng = random.Random(1)
    idle: list[Connection] = []
    times: list[float] = []
    errors = 0
    calls: list[asyncio.Task[None]] = []

    async def ask(request: bytes) -> None:
        nonlocal errors
        begun = perf_counter()
        connection = _open_one(idle) or await Connection.open(port)
        try:
            status, _ = await connection.send(request)
        except (EOFError, OSError):
            errors += 1
            connection.close()
            return
        if status == OK:
            times.append(perf_counter() - begun)
        else:
            errors += 1
        idle.append(connection)

    started = due = perf_counter()
    while due - started < seconds:
        due += rng.expovariate(per_second)
        await asyncio.sleep(max(0.0, due - perf_counter()))
        calls.append(asyncio.create_task(ask(requests[len(calls) % len(requests)])))
    await asyncio.gather(*calls)
    elapsed = perf_counter() - started
    for connection in idle:
        connection.close()
    return summarize(times, errors, elapsed)


def _open_one(idle: list[Connection]) -> Connection | None:
    """The last one used; servers close those that are idle for long."""
    while idle:
        connection = idle.pop()
        if connection.is_open:
            return connection
        connection.close()
    return None
