"""Plays all streams of a plan, in processes of their own."""

import asyncio
import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from time import perf_counter, process_time

import uvloop

from loadtests.streams.pieces import piece
from loadtests.streams.plan import Plan
from loadtests.streams.player import Address, Clock, Player
from loadtests.streams.record import Record

SHARE = 64
"""Streams that one process plays: under a tenth of a core."""
SOON_S = 0.5


@dataclass(frozen=True, slots=True)
class Played:
    """What one process sent and heard, and the share of a core that it took."""

    records: list[Record]
    cores: float


class Generator:
    """Processes that wait with their pieces made."""

    def __init__(self, plan: Plan, processes: Sequence[ProcessPoolExecutor]) -> None:
        self._plan = plan
        self._processes = processes
        count = len(processes)
        self._shares = [range(first, plan.streams, count) for first in range(count)]

    def prepare(self) -> None:
        """Start the processes and make the pieces."""
        jobs = [
            process.submit(_prepare, self._plan, share)
            for process, share in zip(self._processes, self._shares, strict=True)
        ]
        for job in jobs:
            job.result()

    def play(self, address: Address, start: float) -> list[Future[Played]]:
        """Begin at `start`, by `perf_counter`, which all processes of a machine share."""
        return [
            process.submit(_play, address, self._plan, share, start)
            for process, share in zip(self._processes, self._shares, strict=True)
        ]


@contextmanager
def process() -> Iterator[ProcessPoolExecutor]:
    """A new one, for one job at a time."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        yield executor


@contextmanager
def generator(plan: Plan) -> Iterator[Generator]:
    """Ready to play."""
    with ExitStack() as stack:
        count = -(-plan.streams // SHARE)
        ready = Generator(plan, [stack.enter_context(process()) for _ in range(count)])
        ready.prepare()
        yield ready


def _prepare(plan: Plan, numbers: range) -> None:
    for number in numbers:
        piece(number, plan.rate, plan.frame)
    gc.collect()
    gc.freeze()


def _play(address: Address, plan: Plan, numbers: range, start: float) -> Played:
    clock = Clock()

    async def play() -> list[Record]:
        players = [
            Player(plan, number, piece(number, plan.rate, plan.frame), start, clock)
            for number in numbers
        ]
        return await asyncio.gather(*(player.play(address) for player in players))

    began, cpu = perf_counter(), process_time()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        records = runner.run(play())
    return Played(records, (process_time() - cpu) / (perf_counter() - began))
