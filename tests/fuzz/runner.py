"""Cases are run in child processes, so that one that ends or stops its process is only counted."""

import os
import resource
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from rebracket.errors import TooMuchMusic, Undecodable
from tests.fuzz.damage import damaged
from tests.fuzz.targets import Target

CHUNK = 500
"""Cases for one child process."""

PATIENCE_S = 20
"""How long a case may take."""

MEMORY = 4 * 2**30
"""Bytes of address space that a child may take beyond its parent's: a file that asks for more fails."""

FINE = ("accepted", "refused", "too much")
"""What may become of a file."""


@dataclass
class Report:
    """How often each outcome came, the slowest case, and what went wrong, by case."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, -1)
    wrong: list[tuple[int, str]] = field(default_factory=list)
    printed: str = ""
    """An error that C code or a callback printed and nobody raised."""

    def add(self, case: int, outcome: str, seconds: float) -> None:
        """Count one case."""
        self.outcomes[outcome.partition(":")[0]] += 1
        self.slowest = max(self.slowest, (seconds, case))
        if outcome not in FINE:
            self.wrong.append((case, outcome))

    @property
    def fine(self) -> bool:
        """Whether every file was read or refused."""
        return not self.wrong and not self.printed

    def __str__(self) -> str:
        counts = ", ".join(f"{name} {self.outcomes[name]}" for name in sorted(self.outcomes))
        seconds, case = self.slowest
        return f"{self.outcomes.total()} cases: {counts}; slowest {seconds:.2f} s (case {case})"


def outcome_of(decode: Callable[[bytes], object], data: bytes) -> str:
    """What became of a file: one of `FINE`, or 'failed' and why."""
    try:
        decode(data)
    except Undecodable:
        return "refused"
    except TooMuchMusic:
        return "too much"
    except BaseException as error:  # noqa: BLE001 - any other is what is looked for
        return f"failed: {error!r}"
    return "accepted"


def run(
    target: Target, cases: int, seed: int, advance: Callable[[Report], None] = lambda _: None
) -> Report:
    """All cases, in as many child processes as they need; `advance` is told after each."""
    target.files()  # once, not in each child
    report = Report()
    done = 0
    with tempfile.NamedTemporaryFile() as noise:
        while done < cases:
            here = range(done, min(cases, done - done % CHUNK + CHUNK))
            for case, outcome, seconds in _chunk(target, seed, here, noise.name):
                report.add(case, outcome, seconds)
                done = case + 1
            advance(report)
        printed = Path(noise.name).read_text(errors="replace")
    if "Traceback" in printed:
        report.printed = printed[printed.find("Traceback") :][:2000]
    return report


def _chunk(target: Target, seed: int, cases: range, noise: str) -> Iterator[tuple[int, str, float]]:
    """The outcomes of cases in one child process, up to one that ends it."""
    context = get_context("fork")
    results, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(target, seed, cases, sender, noise))
    process.start()
    sender.close()
    due = cases.start
    try:
        while due < cases.stop and results.poll(PATIENCE_S):
            yield results.recv()
            due += 1
    except EOFError:
        process.join()
        yield due, f"crashed: {process.exitcode}", 0.0
        return
    if due < cases.stop:
        process.kill()
        yield due, "hung", float(PATIENCE_S)
    process.join()


def _child(target: Target, seed: int, cases: range, results: Connection, noise: str) -> None:
    """Run the cases, sending each one's outcome; what C code prints goes to a file."""
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(noise, os.O_WRONLY | os.O_APPEND), 2)
    warnings.simplefilter("error")
    for case in cases:
        data = damaged(target, seed, case)
        start = time.perf_counter()
        outcome = outcome_of(target.decode, data)
        results.send((case, outcome, time.perf_counter() - start))
