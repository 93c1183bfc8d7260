"""Starts all candidates, loads them in interleaved rounds, prints ratios to the engine alone."""

import json
from contextlib import ExitStack
from dataclasses import asdict
from statistics import median

import click
import uvloop

from loadtests.bench.candidates import commands, model_folder
from loadtests.bench.engine import closed_loop as engine_alone
from loadtests.bench.load import Load, closed_loop, open_loop
from loadtests.bench.report import plot, show
from loadtests.client import pack
from loadtests.facts import facts
from loadtests.servers import PLENTY, RESULTS, Server, serving
from rebracket.config import available_cores, load_settings
from rebracket.gateway.key_store import KeyStore
from rebracket.inference.predictor import Predictor
from rebracket.registry import resolve
from rebracket.schemas import Segment
from rebracket.training.corpus import load_part

PORT = 8140
CLIENTS = (1, 16, 64)
BATCH = 64


def texts() -> list[str]:
    """Corpus texts of 10 to 300 words, in mixed order."""
    found = [text.text for part in range(4) for text in load_part(f"part{part}")]
    return [text for text in found if 10 <= len(text.split()) <= 300]  # noqa: PLR2004 - as said


@click.command(epilog="Example: python -m loadtests.bench --quick")
@click.option("--quick", is_flag=True, help="One short round: to see that it runs.")
@click.option("--only", multiple=True, help="Candidates to run beside the engine; default all.")
def main(quick: bool, only: tuple[str, ...]) -> None:
    """Measure this service beside its peers; write loadtests/results/bench.json and bench.png."""
    rounds, seconds = (1, 1.5) if quick else (3, 4.0)
    model = resolve("rebracket-segment:latest")
    model_folder(model.path)
    predictor = Predictor.load(model, "int8")
    store = KeyStore.open(load_settings().deployment.auth.store)
    key = store.create("bench", ("predict",), rate=PLENTY, work=PLENTY)
    words = texts()
    headers = {"X-API-Key": str(key.key)}
    single = [pack("/predict", json.dumps({"text": text}).encode(), headers) for text in words]
    segments = [Segment(text=text) for text in words]
    with ExitStack() as stack:
        stack.callback(store.close)
        stack.callback(store.revoke, key.record.id)
        servers = {
            name: stack.enter_context(serving(name, *rest))
            for name, rest in commands(PORT).items()
            if not only or name in only
        }
        rows: dict[str, list[dict[str, float]]] = {}

        def note(candidate: str, load: str, found: Load, cpu_s: float) -> None:
            row = {**asdict(found), "cpu_ms": 1000 * cpu_s / max(1, found.requests)}
            rows.setdefault(f"{candidate} {load}", []).append(row)

        for _ in range(rounds):
            for clients in CLIENTS:
                found, cpu = engine_alone(
                    predictor, segments, threads=min(clients, available_cores()), seconds=seconds
                )
                note("engine", f"{clients}", found, cpu)
                for server in servers.values():
                    note(server.name, f"{clients}", *_closed(server, single, clients, seconds))
            for server in servers.values():
                rate = median(row["per_second"] for row in rows[f"{server.name} 16"]) / 2
                before = server.cpu_s()
                half = uvloop.run(open_loop(server.port, single, per_second=rate, seconds=seconds))
                note(server.name, "half", half, server.cpu_s() - before)
            for name in {"embedded", "service"} & servers.keys():
                batches = [
                    pack("/predict_batch", _batch(words[start : start + BATCH]), headers)
                    for start in range(0, len(words) - BATCH, BATCH)
                ]
                note(name, "batch", *_closed(servers[name], batches, 1, 2 * seconds))
        memory = {server.name: server.rss_mib() for server in servers.values()}
    medians = {
        name: {figure: median(row[figure] for row in found) for figure in found[0]}
        for name, found in rows.items()
    }
    result = {
        **facts(),
        "model": f"{model.name}:{model.version} int8",
        "rows": medians,
        "rss_mib": memory,
    }
    show(medians, memory, batch=BATCH)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "bench.json").write_text(json.dumps(result, indent=2) + "\n")
    plot(medians, RESULTS / "bench.png")


def _closed(
    server: Server, requests: list[bytes], clients: int, seconds: float
) -> tuple[Load, float]:
    before = server.cpu_s()
    found = uvloop.run(closed_loop(server.port, requests, clients=clients, seconds=seconds))
    return found, server.cpu_s() - before


def _batch(words: list[str]) -> bytes:
    return json.dumps({"segments": [{"text": text} for text in words]}).encode()


if __name__ == "__main__":
    main()
