"""How long a segment takes, and what four at once cost those who ask for predictions meanwhile.

    python -m loadtests.generation

Predictions alone and beside generations take turns on one server, so that a machine's moods hit both alike.
Prints figures, writes `results/generation.json`.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

import click

from loadtests.bench.load import OK, Load, closed_loop, summarize
from loadtests.client import Connection, pack
from loadtests.facts import facts
from loadtests.servers import RESULTS, ours, serving
from rebracket.taxonomy import TYPES
from rebracket.training.corpus import load_part

PORT = 8170
GENERATIONS = 4
"""That go on at once beside predictions."""

JSON: dict[str, str] = {"content-type": "application/json"}


def predictions() -> list[bytes]:
    """Texts of the corpus, as they come."""
    texts = [text.text for text in load_part("part6")][:200]
    return [pack("/predict", json.dumps({"text": text}).encode(), JSON) for text in texts]


def generations(**asked: object) -> list[bytes]:
    """One of each type; no two of the same seed in a row."""
    bodies = ({"type": kind, "seed": seed, **asked} for seed in range(8) for kind in TYPES)
    return [pack("/generate", json.dumps(body).encode(), JSON) for body in bodies]


async def beside(rounds: int, seconds: float) -> list[tuple[Load, Load, Load]]:
    """Each round: predictions alone, predictions beside generations, and these."""
    found = []
    for _ in range(rounds):
        quiet = await closed_loop(PORT, predictions(), clients=1, seconds=seconds)
        busy, written = await asyncio.gather(
            closed_loop(PORT, predictions(), clients=1, seconds=seconds),
            closed_loop(PORT, generations(), clients=GENERATIONS, seconds=seconds),
        )
        found.append((quiet, busy, written))
    return found


async def lone(count: int, **asked: object) -> Load:
    """Segments one after the other."""
    requests = generations(**asked)
    times: list[float] = []
    errors, started = 0, asyncio.get_running_loop().time()
    for index in range(count):
        load = await _once(requests[index % len(requests)])
        times += [load] if load else []
        errors += load is None
    return summarize(times, errors, asyncio.get_running_loop().time() - started)


async def _once(request: bytes) -> float | None:
    """Seconds; None for an error."""
    connection = await Connection.open(PORT)
    begun = asyncio.get_running_loop().time()
    status, _ = await connection.send(request)
    connection.close()
    return asyncio.get_running_loop().time() - begun if status == OK else None


@click.command(epilog="Example: python -m loadtests.generation --rounds 3")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--seconds", default=15.0, show_default=True, help="Of each half of a round.")
@click.option("--count", default=32, show_default=True, help="Segments of each size, alone.")
def main(rounds: int, seconds: float, count: int) -> None:
    """Measure."""
    free = {"AUTH__ENABLED": "false", "RATE_LIMIT__ENABLED": "false"}
    sizes: dict[str, dict[str, object]] = {
        "8 bars, 4 candidates": {},
        "8 bars, 1 candidate": {"candidates": 1},
        "32 bars, 4 candidates": {"bars": 32},
        "text alone": {"return": ["text"]},
    }
    with serving("rebracket", PORT, *ours(PORT, **free)):
        alone = {name: asyncio.run(lone(count, **asked)) for name, asked in sizes.items()}
        found = asyncio.run(beside(rounds, seconds))
    for name, load in alone.items():
        click.echo(
            f"{name:22} p50 {load.p50_ms:7.0f} ms   p95 {load.p95_ms:7.0f} ms   {load.errors} errors"
        )
    ratios = [busy.p95_ms / quiet.p95_ms for quiet, busy, _ in found]
    for quiet, busy, written in found:
        click.echo(
            f"/predict p95 {quiet.p95_ms:5.1f} ms alone, {busy.p95_ms:5.1f} beside {GENERATIONS} "
            f"generations ({written.per_second:.2f} a second, {written.errors + busy.errors} errors)"
        )
    click.echo(
        f"/predict p95 beside generations: {median(ratios):.2f} x alone (median of {rounds})"
    )
    _keep(alone, found)


def _keep(alone: dict[str, Load], found: Sequence[tuple[Load, Load, Load]]) -> None:
    rounds: list[dict[str, Any]] = [
        {"alone": asdict(quiet), "beside": asdict(busy), "generations": asdict(written)}
        for quiet, busy, written in found
    ]
    results = facts() | {
        "lone": {name: asdict(load) for name, load in alone.items()},
        "rounds": rounds,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "generation.json").write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
