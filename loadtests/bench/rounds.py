"""Candidates under load beside the engine."""

import json
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from statistics import median
from typing import Any

import uvloop

from loadtests.bench.engine import closed_loop as engine_alone
from loadtests.bench.load import Load, closed_loop, open_loop
from loadtests.client import pack
from loadtests.servers import Server
from rebracket.config import available_cores
from rebracket.inference.predictor import Predictor
from rebracket.schemas import Segment

CLIENTS = (1, 16, 64)
BATCH = 64
SLICE_S, LONG_S = 1.2, 4.0


class Rounds:
    """Candidates under load, each right after the engine alone: a machine's speed drifts within seconds.

    So it is the ratio of such a pair that is noted, beside each side's own figures.
    """

    def __init__(
        self, predictor: Predictor, words: Sequence[str], headers: Mapping[str, str]
    ) -> None:
        self.rows: dict[str, list[dict[str, float]]] = {}
        self._predictor = predictor
        self._segments = [Segment(text=text) for text in words]
        self._single = [pack("/predict", _one(text), headers) for text in words]
        starts = range(0, len(words) - BATCH, BATCH)
        batches = (_many(words[start : start + BATCH]) for start in starts)
        self._batches = [pack("/predict_batch", body, headers) for body in batches]

    def closed(self, servers: Mapping[str, Server]) -> None:
        """All candidates with each number of clients."""
        for clients in CLIENTS:
            for server in servers.values():
                engine = self._engine(f"{clients}", clients)
                load = closed_loop(server.port, self._single, clients=clients, seconds=SLICE_S)
                found, cpu_s = _loaded(server, load)
                self._note(f"{server.name} {clients}", found, cpu_s, found.per_second / engine)

    def half(self, servers: Mapping[str, Server]) -> None:
        """All candidates with half of what they answered to 16 clients."""
        for server in servers.values():
            rate = median(row["per_second"] for row in self.rows[f"{server.name} 16"]) / 2
            load = open_loop(server.port, self._single, per_second=rate, seconds=LONG_S)
            self._note(f"{server.name} half", *_loaded(server, load), 0.0)

    def batches(self, servers: Iterable[Server]) -> None:
        """One client that sends batches; predictions are counted."""
        for server in servers:
            engine = self._engine("16", 16)
            load = closed_loop(server.port, self._batches, clients=1, seconds=LONG_S)
            found, cpu_s = _loaded(server, load)
            found = replace(found, per_second=found.per_second * BATCH)
            self._note(f"{server.name} batch", found, cpu_s, found.per_second / engine)

    def _engine(self, load: str, threads: int) -> float:
        threads = min(threads, available_cores())
        found, cpu_s = engine_alone(
            self._predictor, self._segments, threads=threads, seconds=SLICE_S
        )
        self._note(f"engine {load}", found, cpu_s, 1.0)
        return found.per_second

    def _note(self, name: str, found: Load, cpu_s: float, of_engine: float) -> None:
        cpu_ms = 1000 * cpu_s / max(1, found.requests)
        row = {**asdict(found), "cpu_ms": cpu_ms, "of_engine": of_engine}
        self.rows.setdefault(name, []).append(row)


def _loaded(server: Server, load: Coroutine[Any, Any, Load]) -> tuple[Load, float]:
    """What came of a load, and the processor time that it took the server."""
    before = server.cpu_s()
    found = uvloop.run(load)
    return found, server.cpu_s() - before


def _one(text: str) -> bytes:
    return json.dumps({"text": text}).encode()


def _many(words: Sequence[str]) -> bytes:
    return json.dumps({"segments": [{"text": text} for text in words]}).encode()
