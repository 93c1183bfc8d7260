"""Windows of many requests → runs on lanes: bounded, fair, and nothing computed for nobody."""

import asyncio
from collections.abc import Sequence
from time import perf_counter

from rebracket.config import Batching
from rebracket.errors import Unavailable
from rebracket.inference.fairness import FairQueue
from rebracket.inference.jobs import Job, Request, Unit
from rebracket.inference.lanes import Lanes, Outcome
from rebracket.inference.pace import Pace
from rebracket.monitoring.metrics import DROPPED_ITEMS, QUEUE_ITEMS

MEMORY = 0.95
"""Of the measured rate, how much each run leaves standing."""


class Dispatcher:
    """Starts runs while there are lanes for them; lives on one event loop.

    Lanes never wait for a batch to fill: an idle one takes what is there at once. A batch forms of
    what waits while all lanes are busy.
    """

    def __init__(self, lanes: Lanes, limits: Batching) -> None:
        self._lanes = lanes
        self._limits = limits
        self._queue: FairQueue[Unit] = FairQueue()
        self._told = 0
        self._running = 0
        self._idle = asyncio.Event()
        self._pace = Pace(MEMORY)
        self._since = perf_counter()
        self._closing = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits for a lane."""
        return not self._queue

    def submit(self, request: Request, jobs: Sequence[Job]) -> None:
        """Queue a request's jobs, all or none.

        Raises:
            Unavailable: with these, more would wait than `max_queue` allows.
        """
        units = [unit for job in jobs for unit in job.units()]
        units.sort(key=lambda unit: -unit.work)  # so that lanes end a batch together
        over = self._queue.work + sum(unit.work for unit in units) - self._limits.max_queue
        # An empty queue takes any request, so that none is too large for ever.
        if self._closing or (self._queue.work and over > 0):
            raise self.overloaded(over)
        for unit in units:
            self._queue.put(request.caller, request, unit, unit.work)
        self._pump()

    def drop(self, request: Request, reason: str) -> None:
        """Forget what has not begun of a request that nobody waits for."""
        dropped = self._queue.discard(request.caller, request)
        if dropped:
            DROPPED_ITEMS.labels(reason=reason).inc(dropped)
            self._tell()

    def overloaded(self, work: int = 0) -> Unavailable:
        """Come again when so much work, or all that waits, will have been done."""
        return Unavailable(
            "The service has too much to do right now",
            retry_after_s=self._pace.retry_after_s(work or self._queue.work),
        )

    def _pump(self) -> None:
        while self._running < self._lanes.count:
            units = self._lanes.next_run(self._queue)
            if not units:
                break
            if not self._running:
                self._since = perf_counter()
            self._running += 1
            for unit in units:
                unit.job.begin()
            self._lanes.start(units, self._done)
        self._tell()

    def _tell(self) -> None:
        """Into the metric, which costs more than the comparison."""
        if len(self._queue) != self._told:
            self._told = len(self._queue)
            QUEUE_ITEMS.set(self._told)

    def _done(self, units: Sequence[Unit], outcomes: Sequence[Outcome]) -> None:
        self._running -= 1
        self._learn(sum(unit.work for unit in units))
        self._pump()
        for unit, outcome in zip(units, outcomes, strict=True):
            if isinstance(outcome, Exception):
                unit.job.fail(outcome)
            else:
                unit.job.finish(unit, outcome)
        if not self._running:
            self._idle.set()

    def _learn(self, work: int) -> None:
        """How much work all lanes together do in a second, while they are busy."""
        now = perf_counter()
        self._pace.learn(work, now - self._since)
        self._since = now

    async def close(self) -> None:
        """Take nothing more; return when all that was taken has been answered."""
        self._closing = True
        while self._running:
            self._idle.clear()
            await self._idle.wait()
        await self._lanes.close()
