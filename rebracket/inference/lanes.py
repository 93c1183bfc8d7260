"""What runs units: threads of this process, one unit a run or several padded to a batch."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol, cast

from rebracket.config import Deployment
from rebracket.inference.engine import Scores
from rebracket.inference.fairness import FairQueue
from rebracket.inference.jobs import Unit
from rebracket.monitoring.metrics import BATCH_ITEMS
from rebracket.segment.window import Window

Outcome = Scores | Exception
Done = Callable[[Sequence[Unit], Sequence[Outcome]], None]
"""Is told, on the event loop, what came of a run's units, in their order."""

NEAR = 1.25
"""Windows padded together are at most so many times as long as the shortest of them."""

SPAN = 4
"""Batches' worth of waiting units that are sorted by length together."""


class Runs(Protocol):
    """What lanes of this process take for a job's engine."""

    def run(self, window: Window, /) -> Scores:
        """Score a window, or a batch of them."""


class Lanes(Protocol):
    """Runs units side by side."""

    count: int
    """How many runs may be under way."""

    def next_run(self, queue: FairQueue[Unit]) -> list[Unit]:
        """Take the units of the next run; none where nothing waits."""

    def start(self, units: Sequence[Unit], done: Done) -> None:
        """Begin a run."""

    async def close(self) -> None:
        """Wait for runs under way."""


class ThreadLanes:
    """Each run is one unit on one thread of this process: no padding, no batch-mates.

    As many runs again as there are threads are handed over before they are due, so that a thread
    goes on without waiting for the event loop.
    """

    def __init__(self, threads: int) -> None:
        self.count = 2 * threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="inference")

    def next_run(self, queue: FairQueue[Unit]) -> list[Unit]:
        """One unit."""
        return [queue.take()] if queue else []

    def start(self, units: Sequence[Unit], done: Done) -> None:
        """Hand over to a thread."""
        loop = asyncio.get_running_loop()

        def tell(future: Future[list[Outcome]]) -> None:
            loop.call_soon_threadsafe(done, units, future.result())

        self._pool.submit(run, units).add_done_callback(tell)

    async def close(self) -> None:
        """Wait for the threads."""
        await asyncio.to_thread(self._pool.shutdown)


class BatchLanes(ThreadLanes):
    """Each run is a padded batch of windows of near-equal length, for accelerators.

    Units leave the queue in fair order, `SPAN` batches at a time, and are sorted by length there.
    """

    def __init__(self, threads: int, *, max_batch_size: int) -> None:
        super().__init__(threads)
        self._max_batch_size = max_batch_size
        self._sorted: deque[list[Unit]] = deque()

    def next_run(self, queue: FairQueue[Unit]) -> list[Unit]:
        """At most `max_batch_size` units of one engine."""
        if not self._sorted:
            room = SPAN * self._max_batch_size
            units = [queue.take() for _ in range(min(room, len(queue)))]
            self._sorted.extend(batches(units, self._max_batch_size))
        return self._sorted.popleft() if self._sorted else []


def lanes_of(deployment: Deployment) -> ThreadLanes:
    """The lanes that suit the settings' execution provider, this worker's share of the cores."""
    threads = deployment.engine.runs(deployment.workers)
    if deployment.engine.provider == "cpu":
        return ThreadLanes(threads)
    return BatchLanes(1, max_batch_size=deployment.batching.max_batch_size)


def batches(units: Sequence[Unit], max_batch_size: int) -> Iterator[list[Unit]]:
    """Units by engine and near-equal length."""
    batch: list[Unit] = []
    for unit in sorted(units, key=lambda unit: (id(unit.engine), unit.work)):
        if batch and (
            len(batch) == max_batch_size
            or unit.engine is not batch[0].engine
            or unit.work > NEAR * batch[0].work
        ):
            yield batch
            batch = []
        batch.append(unit)
    if batch:
        yield batch


class NotWanted(Exception):
    """Nobody waits for the answer any more, so it was not computed."""


def run(units: Sequence[Unit]) -> list[Outcome]:
    """What comes of each unit, read together; blocks."""
    wanted = [unit for unit in units if not unit.job.answer.done()]
    if not wanted:
        return [NotWanted() for _ in units]
    BATCH_ITEMS.observe(len(wanted))
    found = dict(zip(wanted, _read(wanted), strict=True))
    return [found.get(unit) or NotWanted() for unit in units]


def _read(units: Sequence[Unit]) -> list[Outcome]:
    """A batch that fails is read again one by one, so that a bad unit fails alone."""
    if len(units) > 1:
        with suppress(Exception):
            return _read_together(units)
    return [_read_alone(unit) for unit in units]


def _read_together(units: Sequence[Unit]) -> list[Outcome]:
    first, *others = (unit.window for unit in units)
    scores = _engine(units[0]).run(first.beside(others))
    assert len(scores.logits) == len(units), "an answer for each, or callers get others' answers"
    return [scores.row(index) for index in range(len(units))]


def _read_alone(unit: Unit) -> Outcome:
    try:
        return _engine(unit).run(unit.window)
    except Exception as error:  # noqa: BLE001 - whatever it was, those who wait are told
        return error


def _engine(unit: Unit) -> Runs:
    return cast("Runs", unit.engine)
