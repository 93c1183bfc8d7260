"""`make bench`: the engine alone and the served route, side by side in one run.

Closed loop: each client sends its next text when it has its answer. Rounds are interleaved, so that
the machine's moods hit both alike; figures are ratios to the engine alone.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles

import httpx2
import psutil

from rebracket.config import available_cores, load_settings
from rebracket.gateway.key_store import KeyStore
from rebracket.inference.predictor import Predictor
from rebracket.rates import Rate
from rebracket.registry import resolve
from rebracket.schemas import Segment
from rebracket.training.corpus import load_part

ROUNDS = 3
SECONDS = 4.0
CLIENTS = (1, 16, 64)
PORT = 8123
PLENTY = Rate("1000000000/second")
RESULTS = Path(__file__).parent / "results" / "bench.json"

Call = Callable[[Segment], Awaitable[object]]
Measurement = dict[str, float]


async def closed_loop(call: Call, segments: list[Segment], clients: int) -> Measurement:
    """Requests per second and latencies, in milliseconds, over `SECONDS`."""
    times: list[float] = []
    end = time.perf_counter() + SECONDS

    async def client(number: int) -> None:
        index = number
        while time.perf_counter() < end:
            started = time.perf_counter()
            await call(segments[index % len(segments)])
            times.append((time.perf_counter() - started) * 1000)
            index += clients

    started = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(clients)))
    elapsed = time.perf_counter() - started
    return {
        "per_second": len(times) / elapsed,
        "p50_ms": median(times),
        "p99_ms": quantiles(times, n=100)[98],
    }


def engine_call(predictor: Predictor, pool: ThreadPoolExecutor) -> Call:
    async def call(segment: Segment) -> object:
        return await asyncio.get_running_loop().run_in_executor(pool, predictor.predict, segment)

    return call


def http_call(client: httpx2.AsyncClient) -> Call:
    async def call(segment: Segment) -> object:
        response = await client.post("/predict", json=segment.model_dump(exclude_none=True))
        response.raise_for_status()
        return response

    return call


async def measure(
    predictor: Predictor, segments: list[Segment], key: str
) -> dict[str, Measurement]:
    """Medians over interleaved rounds, by candidate and number of clients."""
    rows: dict[str, list[Measurement]] = {}
    pool = ThreadPoolExecutor(available_cores())
    limits = httpx2.Limits(max_connections=max(CLIENTS))
    base = f"http://127.0.0.1:{PORT}"
    headers = {"X-API-Key": key}
    async with httpx2.AsyncClient(
        base_url=base, limits=limits, timeout=60, headers=headers
    ) as client:
        candidates = {"engine": engine_call(predictor, pool), "service": http_call(client)}
        for _ in range(ROUNDS):
            for clients in CLIENTS:
                for name, call in candidates.items():
                    row = await closed_loop(call, segments, clients)
                    rows.setdefault(f"{name} {clients}", []).append(row)
    pool.shutdown()
    return {
        name: {key: median(row[key] for row in found) for key in found[0]}
        for name, found in rows.items()
    }


def main() -> None:
    """Start a server, measure, print, write `results/bench.json`."""
    segments = [Segment(text=text.text) for part in range(4) for text in load_part(f"part{part}")]
    predictor = Predictor.load(resolve("rebracket-segment:latest"), "int8")
    environment = {**os.environ, "REBRACKET_DEPLOYMENT__API__PORT": str(PORT)}
    command = [sys.executable, "-m", "rebracket.cli", "serve"]
    store = KeyStore.open(load_settings().deployment.auth.store)
    new = store.create("bench", ("predict",), rate=PLENTY, work=PLENTY)
    with subprocess.Popen(command, env=environment) as server:
        try:
            wait_until_ready(server)
            found = asyncio.run(measure(predictor, segments, str(new.key)))
            workers = psutil.Process(server.pid).children(recursive=True)
            memory = max(worker.memory_info().rss for worker in workers) / 2**20
        finally:
            server.terminate()
            store.revoke(new.record.id)
            store.close()
    print(f"{'':12}{'clients':>8}{'per second':>12}{'of engine':>11}{'p50 ms':>9}{'p99 ms':>9}")
    for name, row in found.items():
        candidate, clients = name.split()
        share = row["per_second"] / found[f"engine {clients}"]["per_second"]
        print(
            f"{candidate:12}{clients:>8}{row['per_second']:12.0f}{share:11.2f}"
            f"{row['p50_ms']:9.1f}{row['p99_ms']:9.1f}"
        )
    print(f"worker RSS {memory:.0f} MiB")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"rows": found, "worker_rss_mib": memory}, indent=2))


def wait_until_ready(server: subprocess.Popen[bytes]) -> None:
    """Return once the server answers; fail if it ended."""
    for _ in range(300):
        if server.poll() is not None:
            raise SystemExit("the server ended")
        try:
            if httpx2.get(f"http://127.0.0.1:{PORT}/readyz").status_code == httpx2.codes.OK:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.2)
    raise SystemExit("the server did not get ready")


if __name__ == "__main__":
    main()
