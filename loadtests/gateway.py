"""`python -m loadtests.gateway`: what keys and limits cost a request, and whether refusals tell them apart.

Servers with keys and limits off and on answer one request at a time, in random turns, so that the
machine's moods hit all alike; ratios are of medians, to the server without.
"""

import json
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

import httpx2

from loadtests.keys import PLENTY
from loadtests.servers import RESULTS, ours, serving
from rebracket.gateway.key_store import KeyStore
from rebracket.gateway.keys import Key

REQUESTS = 800
PORT = 8130


def start(stack: ExitStack, port: int, folder: Path, **settings: str) -> httpx2.Client:
    """A client of a new server with these settings."""
    values = {
        "AUTH__STORE": f"sqlite:///{folder}/keys.db",
        "RATE_LIMIT__STORAGE": f"sqlite:///{folder}/limits.db",
        **settings,
    }
    server = stack.enter_context(serving(str(port), port, *ours(port, **values)))
    url = f"http://127.0.0.1:{server.port}"
    return stack.enter_context(httpx2.Client(base_url=url, timeout=60))


def time_ms(client: httpx2.Client, key: str, path: str, status: int) -> float:
    """How long one request takes."""
    body = {"text": "A door inside a drawer."} if path == "/predict" else None
    method = "POST" if body else "GET"
    started = time.perf_counter()
    answer = client.request(method, path, headers={"X-API-Key": key}, json=body)
    elapsed = time.perf_counter() - started
    assert answer.status_code == status, answer.text
    return elapsed * 1000


def summary(values: list[float]) -> dict[str, float]:
    """Milliseconds."""
    cuts = quantiles(values, n=100)
    return {"p10": cuts[9], "p50": median(values), "p90": cuts[89], "p99": cuts[98]}


def main() -> None:
    """Start the servers, measure, print, write `results/gateway.json`."""
    redis = sys.argv[1:2]
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        store = KeyStore.open(f"sqlite:///{folder}/keys.db")
        key = store.create("bench", ("predict",), rate=PLENTY, work=PLENTY).key
        store.close()
        off = {"AUTH__ENABLED": "false", "RATE_LIMIT__ENABLED": "false"}
        servers = {
            "off": start(stack, PORT, folder, **off),
            "keys": start(stack, PORT + 1, folder, RATE_LIMIT__ENABLED="false"),
            "keys, SQLite": start(stack, PORT + 2, folder),
        }
        if redis:
            servers["keys, Redis"] = start(stack, PORT + 3, folder, RATE_LIMIT__STORAGE=redis[0])
        refusals = {
            "wrong secret": str(Key(id=key.id, secret=Key.generate().secret)),
            "unknown id": str(Key.generate()),
        }
        turns = [
            (f"{path} {candidate}", client, str(key), path, 200)
            for path in ("/models", "/predict")
            for candidate, client in servers.items()
        ] + [
            (f"401 {candidate}", servers["keys, SQLite"], wrong, "/models", 401)
            for candidate, wrong in refusals.items()
        ]
        rows: dict[str, list[float]] = {}
        for _ in range(REQUESTS):
            random.shuffle(turns)
            for row, client, sent, path, status in turns:
                rows.setdefault(row, []).append(time_ms(client, sent, path, status))
        rows = dict(sorted(rows.items()))
    found = {row: summary(values) for row, values in rows.items()}
    print(
        f"{'milliseconds':24}{'p10':>8}{'p50':>8}{'p90':>8}{'p99':>8}{'added p50':>11}{'ratio':>7}"
    )
    for row, figures in found.items():
        base = found.get(f"{row.split()[0]} off", found["401 unknown id"])["p50"]
        print(
            f"{row:24}"
            + "".join(f"{value:8.2f}" for value in figures.values())
            + f"{figures['p50'] - base:11.2f}{figures['p50'] / base:7.2f}"
        )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "gateway.json").write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
