"""Calls that come together go out together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Condition
from time import monotonic

from rebracket.agents.backends import Outcome
from rebracket.schemas import MAX_SEGMENTS, Segment

WINDOWS = 10

Waiting = tuple[Segment, "asyncio.Future[Outcome]"]


class TurnBatches:
    """For coroutines: a batch is what was submitted until a turn of the event loop adds nothing.

    Coroutines that a graph starts together reach here in the same turn, or one turn apart where a
    tracer of theirs had to be awaited; no clock is involved, and a single call waits for two turns.
    """

    def __init__(
        self,
        read: Callable[[Sequence[Segment]], Awaitable[list[Outcome]]],
        *,
        size: int = MAX_SEGMENTS,
    ) -> None:
        self._read = read
        self._size = size
        self._waiting: dict[asyncio.AbstractEventLoop, list[Waiting]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def submit(self, segment: Segment) -> Outcome:
        """What comes of one segment."""
        loop = asyncio.get_running_loop()
        waiting = self._waiting.setdefault(loop, [])
        future: asyncio.Future[Outcome] = loop.create_future()
        waiting.append((segment, future))
        if len(waiting) == 1:
            loop.call_soon(self._settle, loop, 0)
        return await future

    def _settle(self, loop: asyncio.AbstractEventLoop, seen: int) -> None:
        waiting = self._waiting[loop]
        if len(waiting) > seen:
            loop.call_soon(self._settle, loop, len(waiting))
            return
        del self._waiting[loop]
        wanted = [(segment, future) for segment, future in waiting if not future.done()]
        for start in range(0, len(wanted), self._size):
            self._start(loop, wanted[start : start + self._size])

    def _start(self, loop: asyncio.AbstractEventLoop, batch: list[Waiting]) -> None:
        task = loop.create_task(self._send(batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

        def drop(_: "asyncio.Future[Outcome]") -> None:
            if all(future.cancelled() for _, future in batch):
                task.cancel()

        for _, future in batch:
            future.add_done_callback(drop)

    async def _send(self, batch: list[Waiting]) -> None:
        try:
            outcomes = await self._read([segment for segment, _ in batch])
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                if not future.done():
                    future.set_result(outcome)
        except Exception as error:  # noqa: BLE001 - raised to everybody who waits
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
        finally:
            for _, future in batch:
                future.cancel()


@dataclass
class _Batch:
    segments: list[Segment] = field(default_factory=list)
    outcomes: Future[list[Outcome]] = field(default_factory=Future)


class WindowBatches:
    """For threads: a batch is what was submitted until `window_s` seconds add nothing.

    The first one's thread waits, `WINDOWS` windows at most, and reads for all; a full batch goes
    out at once.
    """

    def __init__(
        self,
        read: Callable[[Sequence[Segment]], list[Outcome]],
        *,
        window_s: float,
        size: int = MAX_SEGMENTS,
    ) -> None:
        self._read = read
        self._window_s = window_s
        self._size = size
        self._arrival = Condition()
        self._open: _Batch | None = None

    def submit(self, segment: Segment) -> Outcome:
        """What comes of one segment; blocks."""
        with self._arrival:
            is_first = self._open is None
            batch = self._open = self._open or _Batch()
            place = len(batch.segments)
            batch.segments.append(segment)
            if len(batch.segments) == self._size:
                self._open = None
            self._arrival.notify_all()
        if is_first:
            self._lead(batch)
        return batch.outcomes.result()[place]

    def _lead(self, batch: _Batch) -> None:
        try:
            self._gather(batch)
            batch.outcomes.set_result(self._read(batch.segments))
        except BaseException as error:
            # An interrupt ends one thread; those that wait for it must not hang.
            batch.outcomes.set_exception(error)
            raise

    def _gather(self, batch: _Batch) -> None:
        end = monotonic() + WINDOWS * self._window_s
        with self._arrival:
            try:
                while self._open is batch and monotonic() < end:
                    if not self._arrival.wait(self._window_s):
                        break
            finally:
                if self._open is batch:
                    self._open = None
