"""Starts all candidates, loads them in interleaved rounds, prints ratios to the engine alone."""

import json
from contextlib import ExitStack
from statistics import median

import click

from loadtests.bench.candidates import commands, model_folder
from loadtests.bench.report import plot, show
from loadtests.bench.rounds import Rounds
from loadtests.facts import facts
from loadtests.keys import key
from loadtests.servers import RESULTS, serving
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
        headers = {"X-API-Key": stack.enter_context(key("bench"))}
        rounds = Rounds(Predictor.load(model, "int8"), texts(), headers)
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


if __name__ == "__main__":
    main()
