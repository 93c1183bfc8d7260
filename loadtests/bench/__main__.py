"""Starts all candidates, loads them in interleaved rounds, prints ratios to the engine alone."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median

import click

from loadtests.bench.candidates import commands, model_folder
from loadtests.bench.report import plot, show
from loadtests.bench.rounds import Rounds
from loadtests.facts import facts
from loadtests.servers import PLENTY, RESULTS, serving
from rebracket.config import load_settings
from rebracket.gateway.key_store import KeyStore
from rebracket.inference.predictor import Predictor
from rebracket.registry import resolve
from rebracket.training.corpus import load_part

PORT = 8140
ROUNDS, LONG_EVERY = 8, 3
OURS = ("embedded", "service")


def texts() -> list[str]:
    """Corpus texts of 10 to 300 words, in mixed order."""
    found = [text.text for part in range(4) for text in load_part(f"part{part}")]
    return [text for text in found if 10 <= len(text.split()) <= 300]  # noqa: PLR2004 - as said


@click.command(epilog="Example: python -m loadtests.bench --quick")
@click.option("--quick", is_flag=True, help="One short round: to see that it runs.")
@click.option("--only", multiple=True, help="Candidates to run beside the engine; default all.")
def main(quick: bool, only: tuple[str, ...]) -> None:
    """Measure this service beside its peers; write loadtests/results/bench.json and bench.png."""
    model = resolve("rebracket-segment:latest")
    model_folder(model.path)
    with ExitStack() as stack:
        rounds = Rounds(Predictor.load(model, "int8"), texts(), stack.enter_context(_key()))
        servers = {
            name: stack.enter_context(serving(name, *rest))
            for name, rest in commands(PORT).items()
            if not only or name in only
        }
        for number in range(1 if quick else ROUNDS):
            rounds.closed(servers)
            if number % LONG_EVERY == 0:
                rounds.half(servers)
                rounds.batches([servers[name] for name in OURS if name in servers])
        memory = {server.name: server.rss_mib() for server in servers.values()}
    medians = {
        name: {figure: median(row[figure] for row in found) for figure in found[0]}
        for name, found in rounds.rows.items()
    }
    tag = f"{model.name}:{model.version} int8"
    result = {**facts(), "model": tag, "rows": medians, "rss_mib": memory}
    show(medians, memory)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "bench.json").write_text(json.dumps(result, indent=2) + "\n")
    plot(medians, RESULTS / "bench.png")


@contextmanager
def _key() -> Iterator[dict[str, str]]:
    """The header of a key with all that it could need, until the block ends."""
    store = KeyStore.open(load_settings().deployment.auth.store)
    key = store.create("bench", ("predict",), rate=PLENTY, work=PLENTY)
    try:
        yield {"X-API-Key": str(key.key)}
    finally:
        store.revoke(key.record.id)
        store.close()


if __name__ == "__main__":
    main()
