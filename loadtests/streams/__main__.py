"""Starts servers, streams to them, prints what was found, writes `results/streams.json`."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import click

from loadtests.bench.load import Load
from loadtests.facts import facts
from loadtests.servers import RESULTS
from loadtests.streams import report
from loadtests.streams.measure import Result, Target, alone, measure
from loadtests.streams.plan import Plan
from loadtests.streams.search import highest
from loadtests.streams.targets import targets

OBJECTIVE_MS = 150.0
SAMPLE_S = 2.0
SOAK_SAMPLE_S = 10.0
MINUTE_S = 60


class Numbers(click.ParamType[list[int]]):
    """`1,16,48`."""

    name = "numbers"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[int]:
        """Whole numbers over 0."""
        parts = value.split(",")
        if not all(part.isdecimal() and int(part) for part in parts):
            self.fail("expected numbers of streams like 1,16,48", param, ctx)
        return [int(part) for part in parts]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    streams: list[int]
    seconds: float
    frame_ms: int
    overlap: float
    together: bool
    search: bool
    soak: float | None
    naive: bool
    predict: bool

    def plan(self) -> Plan:
        """What is played."""
        seconds = self.soak * MINUTE_S if self.soak else self.seconds
        return Plan(
            self.streams[0],
            seconds,
            frame_ms=self.frame_ms,
            overlap=self.overlap,
            together=self.together,
        )


@click.command(epilog="Example: python -m loadtests.streams --streams 1,16,48 --naive")
@click.option("--streams", type=Numbers(), default="16", show_default=True, help="At once.")
@click.option("--seconds", default=30.0, show_default=True, help="Counted, after the warm-up.")
@click.option("--frame-ms", default=50, show_default=True, help="Audio that is sent at once.")
@click.option("--overlap", default=0.5, show_default=True, help="Of windows of 4 s.")
@click.option("--together", is_flag=True, help="All windows end at once.")
@click.option(
    "--search", is_flag=True, help=f"From there on, the most with a p95 of {OBJECTIVE_MS:.0f} ms."
)
@click.option("--soak", type=float, metavar="MINUTES", help="Count every window, watch memory.")
@click.option("--naive", is_flag=True, help="Beside a server that one writes at first.")
@click.option("--predict", is_flag=True, help="Somebody asks for predictions meanwhile.")
def main(**given: Any) -> None:
    """How long answers to live streams take, and what they cost."""
    options = Options(**given)
    if len(options.streams) > 1 and (options.soak or options.search):
        raise click.UsageError("--soak and --search take one number of streams")
    if options.soak and options.search:
        raise click.UsageError("--soak does not search")
    plan = options.plan()
    results: list[Result] = []

    def run(target: Target, number: int) -> Result:
        """Measure, and say so at once."""
        sample_s = SOAK_SAMPLE_S if options.soak else SAMPLE_S
        result = measure(
            target, replace(plan, streams=number), sample_s=sample_s, ask=options.predict
        )
        results.append(result)
        click.echo("\n       ".join([report.line(result), *report.remarks(result)]))
        return result

    with targets(naive=options.naive) as servers:
        quiet = alone(servers, options.seconds) if options.predict else {}
        click.echo(report.HEAD)
        carried = most(servers, options.streams[0], run) if options.search else {}
        if not options.search:
            in_turn(servers, options.streams, run)
    said = [f"{name} carries {number} streams" for name, number in carried.items()]
    said += report.comparisons(results) if options.naive and not options.search else []
    said += [report.soaked(result) for result in results if options.soak]
    click.echo("\n".join([*said, *report.beside(results, quiet)]))
    keep(plan, results, quiet, carried)


Run = Callable[[Target, int], Result]


def in_turn(servers: Sequence[Target], streams: Sequence[int], run: Run) -> None:
    """Every number of streams to every server, each time the other one first."""
    for turn, number in enumerate(streams):
        for target in servers if turn % 2 == 0 else reversed(servers):
            run(target, number)


def most(servers: Sequence[Target], first: int, run: Run) -> dict[str, int]:
    """The most streams that each server carries; `first` is tried first."""

    def holds(target: Target, number: int) -> bool:
        found = run(target, number).figures
        return found.well and found.p95 <= OBJECTIVE_MS

    return {target.name: highest(partial(holds, target), first=first) for target in servers}


def keep(
    plan: Plan, results: Sequence[Result], quiet: Mapping[str, Load], carried: Mapping[str, int]
) -> None:
    """Write everything that was found."""
    rows: list[dict[str, Any]] = [
        asdict(item) | {"cpu_ms": item.cpu_ms, "others_cores": item.others_cores}
        for item in results
    ]
    found = facts() | {
        "plan": asdict(plan),
        "rows": rows,
        "alone": {name: asdict(load) for name, load in quiet.items()},
        "carried": dict(carried),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "streams.json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
